"""Caches, dispatch by type, tables and registries of functions."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, step_with, there

TWICE = ("x * 2", "x * 5")

DISPATCH = """
from functools import singledispatch

@singledispatch
def clean(x):
    return 0

@clean.register
def _(x: int):
    return x * 2

@clean.register(str)
def _(x):
    return x + "a"
"""


PROBES = [
    # -- caches -------------------------------------------------------------------------------------
    there(
        "a function under lru_cache",
        "rerun",
        "from functools import lru_cache\n\n@lru_cache(maxsize=8)\ndef clean(x):\n    return x * 2",
        TWICE,
    ),
    there(
        "a function under cache",
        "rerun",
        "import functools\n\n@functools.cache\ndef clean(x):\n    return x * 2",
        TWICE,
    ),
    there(
        "the helper of a function under cache",
        "rerun",
        "import functools\ndef twice(x):\n    return x * 2\n\n@functools.cache\ndef clean(x):\n    return twice(x)",
        TWICE,
    ),
    there(
        "the size of an lru_cache",
        "imprecise",
        "from functools import lru_cache\n\n@lru_cache(maxsize=8)\ndef clean(x):\n    return x * 2",
        ("maxsize=8", "maxsize=9"),
        why="a decorator's argument counts, whatever it does",
    ),
    there(
        "a cache is added",
        "imprecise",
        "import functools\n\ndef clean(x):\n    return x * 2",
        ("def clean", "@functools.cache\ndef clean"),
        why="a decorator counts, whatever it does",
    ),
    there(
        "a comment under lru_cache",
        "hit",
        "from functools import lru_cache\n\n@lru_cache(maxsize=8)\ndef clean(x):\n    return x * 2",
        ("    return", "    # twice\n    return"),
    ),
    there(
        "a cache made by a call",
        "rerun",
        "import functools\ndef twice(x):\n    return x * 2\nclean = functools.lru_cache(None)(twice)",
        TWICE,
    ),
    # -- dispatch -----------------------------------------------------------------------------------
    there("singledispatch: the implementation for the type", "rerun", DISPATCH, TWICE),
    there(
        "singledispatch: the fallback", "rerun", DISPATCH, ("return 0", "return 1"), body="return clean(1.5)"
    ),
    there(
        "singledispatch: a new implementation for the type",
        "rerun",
        DISPATCH,
        ("@clean.register(str)", "@clean.register(bool)\ndef _(x):\n    return 7\n\n@clean.register(str)"),
        body="return clean(x > 1)",
    ),
    there("singledispatch: the type of an implementation", "rerun", DISPATCH, ("(x: int)", "(x: bytes)")),
    there(
        "singledispatch: an implementation for another type",
        "imprecise",
        DISPATCH,
        ('x + "a"', 'x + "b"'),
        why="which implementation is taken is decided in the run",
    ),
    Probe(
        "singledispatch: registered in another module",
        "rerun",
        {
            "steps.py": step_with("return clean(x)", "from prep import clean\nimport plugin"),
            "prep.py": "from functools import singledispatch\n@singledispatch\ndef clean(x):\n    return 0\n",
            "plugin.py": "from prep import clean\n@clean.register(int)\ndef _(x):\n    return x * 2\n",
        },
        {"plugin.py": TWICE},
    ),
    there(
        "singledispatchmethod",
        "rerun",
        "from functools import singledispatchmethod\nclass C:\n    @singledispatchmethod\n    def run(self, x):\n        return 0\n    @run.register\n    def _(self, x: int):\n        return x * 2\n\ndef clean(x):\n    return C().run(x)",
        TWICE,
    ),
    there(
        "a dispatch dict",
        "rerun",
        "def twice(x):\n    return x * 2\ndef more(x):\n    return x + 1\nTABLE = {'a': twice, 'b': more}\n\ndef clean(x):\n    return TABLE['a'](x)",
        TWICE,
    ),
    there(
        "an entry of a dispatch dict",
        "rerun",
        "def twice(x):\n    return x * 2\ndef more(x):\n    return x + 1\nTABLE = {'a': twice, 'b': more}\n\ndef clean(x):\n    return TABLE['a'](x)",
        ("'a': twice, 'b': more", "'a': more, 'b': twice"),
    ),
    there(
        "an unused entry of a dispatch dict",
        "imprecise",
        "def twice(x):\n    return x * 2\ndef more(x):\n    return x + 1\nTABLE = {'a': twice, 'b': more}\n\ndef clean(x):\n    return TABLE['a'](x)",
        ("x + 1", "x + 2"),
        why="which entry is taken is decided in the run",
    ),
    there(
        "a list of functions",
        "rerun",
        "def twice(x):\n    return x * 2\nSTAGES = [abs, twice]\n\ndef clean(x):\n    for s in STAGES:\n        x = s(x)\n    return x",
        TWICE,
    ),
    there(
        "the order of a list of functions",
        "rerun",
        "def twice(x):\n    return x * 2\ndef more(x):\n    return x + 1\nSTAGES = [twice, more]\n\ndef clean(x):\n    for s in STAGES:\n        x = s(x)\n    return x",
        ("[twice, more]", "[more, twice]"),
    ),
    there(
        "a registry filled by a decorator",
        "rerun",
        "KNOWN = {}\ndef register(f):\n    KNOWN[f.__name__] = f\n    return f\n\n@register\ndef twice(x):\n    return x * 2\n\ndef clean(x):\n    return KNOWN['twice'](x)",
        TWICE,
    ),
    there(
        "a registry's key",
        "rerun",
        "KNOWN = {}\ndef register(name):\n    def deco(f):\n        KNOWN[name] = f\n        return f\n    return deco\n\n@register('a')\ndef twice(x):\n    return x * 2\n\ndef clean(x):\n    return sorted(KNOWN)",
        ("'a'", "'b'"),
    ),
    there(
        "a function that is registered and used",
        "rerun",
        "KNOWN = []\ndef register(f):\n    KNOWN.append(f)\n    return f\n\n@register\ndef clean(x):\n    return x * 2",
        TWICE,
    ),
    there(
        "another function in the registry of a decorator",
        "imprecise",
        "KNOWN = []\ndef register(f):\n    KNOWN.append(f)\n    return f\n\n@register\ndef other(x):\n    return x + 1\n\n@register\ndef clean(x):\n    return x * 2",
        ("x + 1", "x + 2"),
        why="the decorator reaches its registry, and so all that is in it",
    ),
]
