"""Reads that belong to who made them: at import, in cached loaders, by an earlier step; and packages."""

from __future__ import annotations

from functools import partial

from tests.cache_truth.harness import ran

of = partial(partial, ran, category="files")
imported, cached, second = (
    of(kind="reads at import"),
    of(kind="cached loaders"),
    of(kind="reads by an earlier step"),
)
of_packages = partial(partial, ran, category="packages")
required, looked_for = (
    of_packages(kind="packages below packages"),
    of_packages(kind="packages that may be there"),
)

N = {"n.json": "1", "m.json": "1"}
READS, OTHER = {"n.json": "2"}, {"m.json": "2"}
LOAD = "import json\nfrom pathlib import Path\n\ndef load(name='n.json'):\n    return json.loads((Path(__file__).parent / name).read_text())\n\n"


def at_import(
    name, settings, body="return settings.RATE", above="import settings", edit=READS, verdict="rerun", **more
):
    return imported(name, verdict, body, above, {**N, "settings.py": LOAD + settings}, edit, **more)


IMPORTED = [
    at_import("a setting", "RATE = load()\n"),
    at_import(
        "a setting of another file",
        "RATE = load()\nPACE = load('m.json')\n",
        verdict="imprecise",
        edit=OTHER,
        why="a module that is imported counts with all that it read",
    ),
    at_import(
        "a setting that a late import takes",
        "NAME = 'a'\nRATE = load()\n",
        "from settings import RATE\nreturn RATE",
        "from settings import NAME",
    ),
    at_import("a setting of a late module", "RATE = load()\n", "import settings\nreturn settings.RATE", ""),
    at_import(
        "a setting in an object",
        "class Settings:\n    def __init__(self):\n        self.rate = load()\n\nSETTINGS = Settings()\n",
        "return settings.SETTINGS.rate",
    ),
    at_import(
        "a mutable default that a file fills",
        "def rate(table={'rate': load()}):\n    return table['rate']\n",
        "return settings.rate()",
    ),
    at_import(
        "a setting in an attribute of a class",
        "class Settings:\n    RATE = load()\n",
        "return settings.Settings.RATE",
    ),
    at_import(
        "a setting in a closure",
        "def make():\n    rate = load()\n    return lambda: rate\n\nget = make()\n",
        "return settings.get()",
    ),
    at_import(
        "a setting that a helper of the module gives",
        "_TABLE = {'rate': load()}\n\ndef rate():\n    return _TABLE['rate']\n",
        "return settings.rate()",
    ),
    at_import(
        "an enum's member in a late module",
        "from enum import Enum\n\nclass Kind(Enum):\n    A = load()\n",
        "from settings import Kind\nreturn Kind.A.value",
        "",
    ),
    at_import(
        "a model's default in a late module",
        "from pydantic import BaseModel\n\nclass Conf(BaseModel):\n    rate: int = load()\n",
        "from settings import Conf\nreturn Conf().rate",
        "",
    ),
    at_import("a file that no setting is made of", "RATE = 1\nload('m.json')\n", verdict="hit", edit=READS),
]

FIRST = "from zencache import step\nimport settings\n\n\n@step\ndef first() -> float:\n    return settings.load() * 0.0\n"
FIRST_LATE = "from zencache import step\n\n\n@step\ndef first() -> float:\n    from settings import load\n    return load() * 0.0\n"
MAIN = "from zencache import pipeline\nfrom first import first\nfrom steps import work\n\n\n@pipeline\ndef pipeline_under_test():\n    work(first())\n"
STEPS = "from zencache import step\nimport settings\n\n\n@step\ndef work(x: float) -> float:\n    return x + settings.load()\n"
CACHES = {
    "lru_cache": "import functools\nfrom pathlib import Path\n\n@functools.lru_cache\ndef load():\n    return float(Path('n.json').read_text())\n",
    "cache": "from functools import cache\nfrom pathlib import Path\n\n@cache\ndef load():\n    return float(Path('n.json').read_text())\n",
    "a table": "from pathlib import Path\n_TABLE = {}\n\ndef load():\n    if 'n' not in _TABLE:\n        _TABLE['n'] = float(Path('n.json').read_text())\n    return _TABLE['n']\n",
    "a global": "from pathlib import Path\n_rate = None\n\ndef load():\n    global _rate\n    if _rate is None:\n        _rate = float(Path('n.json').read_text())\n    return _rate\n",
    "a singleton": "from pathlib import Path\n\nclass Settings:\n    _one = None\n    def __new__(cls):\n        if cls._one is None:\n            cls._one = super().__new__(cls)\n            cls._one.rate = float(Path('n.json').read_text())\n        return cls._one\n\ndef load():\n    return Settings().rate\n",
    "a cached property": "from functools import cached_property\nfrom pathlib import Path\n\nclass Settings:\n    @cached_property\n    def rate(self):\n        return float(Path('n.json').read_text())\n\nSETTINGS = Settings()\n\ndef load():\n    return SETTINGS.rate\n",
    "a mutable default": "from pathlib import Path\n\ndef load(kept={}):\n    if not kept:\n        kept['n'] = float(Path('n.json').read_text())\n    return kept['n']\n",
    "an attribute of a function": "from pathlib import Path\n\ndef load():\n    if not hasattr(load, 'rate'):\n        load.rate = float(Path('n.json').read_text())\n    return load.rate\n",
}
CALLED = [
    cached(
        f"a loader with {name} that main called before",
        "rerun",
        "return settings.load()",
        "import settings",
        {**N, "settings.py": text + "\nload()\n"},
        READS,
    )
    for name, text in CACHES.items()
] + [
    cached(
        "a loader that main called before, of another file",
        "hit",
        "return settings.load()",
        "import settings",
        {**N, "settings.py": CACHES["cache"] + "\nload()\n"},
        OTHER,
    ),
]
SECONDS = (
    [
        second(
            f"{name} that an earlier step filled",
            "rerun",
            "",
            "",
            {**N, "main.py": MAIN, "first.py": FIRST, "steps.py": STEPS, "settings.py": text},
            READS,
            arguments="0.0",
        )
        for name, text in CACHES.items()
    ]
    + [
        second(
            f"{name} that an earlier step filled, imported late",
            "rerun",
            "",
            "",
            {
                **N,
                "main.py": MAIN,
                "first.py": FIRST_LATE,
                "steps.py": STEPS.replace("import settings\n", "").replace(
                    "    return x", "    import settings\n    return x"
                ),
                "settings.py": text,
            },
            READS,
            arguments="0.0",
        )
        for name, text in CACHES.items()
    ]
    + [
        second(
            "a table that an earlier step filled from another file",
            "hit",
            "",
            "",
            {**N, "main.py": MAIN, "first.py": FIRST, "steps.py": STEPS, "settings.py": CACHES["a table"]},
            OTHER,
            arguments="0.0",
        ),
    ]
)


def package(name, version, text, requires=""):
    """Write the files of an installed package of one module."""
    info = f"site-packages/{name}-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    return {
        f"site-packages/{name}/__init__.py": text,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/RECORD": f"{name}/__init__.py,,\n{info.removeprefix('site-packages/')}/METADATA,,\n",
        f"{info}/top_level.txt": f"{name}\n",
    }


def upgraded(name, before, after, text=None):
    """Give the edit that replaces a package by another version."""
    old = package(name, before, "")
    new = package(name, after, text or f"def value():\n    return {after.partition('.')[0]}\n")
    return {**dict.fromkeys(old.keys() - new.keys()), **new}


V1 = "def value():\n    return 1\n"
LOWER = package("liblow", "1.0", V1)
UPPER = package("libtop", "1.0", "import liblow\n\ndef value():\n    return liblow.value()\n", "liblow")
LATE_UPPER = package(
    "libtop", "1.0", "def value():\n    import liblow\n    return liblow.value()\n", "liblow"
)
PATH = {"path": ("site-packages",)}
MAY = "try:\n    import fastone\n    N = fastone.value()\nexcept ImportError:\n    N = 0\n"
PACKAGES = [
    required(
        "a package that is upgraded",
        "rerun",
        "return float(liblow.value())",
        "import liblow",
        LOWER,
        upgraded("liblow", "1.0", "2.0"),
        **PATH,
    ),
    required(
        "a package below another is upgraded",
        "rerun",
        "return float(libtop.value())",
        "import libtop",
        {**LOWER, **UPPER},
        upgraded("liblow", "1.0", "2.0"),
        **PATH,
    ),
    required(
        "a package that another imports late is upgraded",
        "rerun",
        "return float(libtop.value())",
        "import libtop",
        {**LOWER, **LATE_UPPER},
        upgraded("liblow", "1.0", "2.0"),
        **PATH,
    ),
    required(
        "a package that the step imports is upgraded",
        "rerun",
        "import liblow\nreturn float(liblow.value())",
        "",
        LOWER,
        upgraded("liblow", "1.0", "2.0"),
        **PATH,
    ),
    required(
        "a package that a name finds is upgraded",
        "rerun",
        "return float(importlib.import_module('lib' + 'low').value())",
        "import importlib",
        LOWER,
        upgraded("liblow", "1.0", "2.0"),
        **PATH,
    ),
    required(
        "a package that a plug-in imports is upgraded",
        "rerun",
        "return importlib.import_module('plug_' + 'a').N",
        "import importlib",
        {**LOWER, "plug_a.py": "import liblow\nN = float(liblow.value())\n"},
        upgraded("liblow", "1.0", "2.0"),
        **PATH,
    ),
    required(
        "a package that nothing imports is upgraded",
        "hit",
        "return float(liblow.value())",
        "import liblow",
        {**LOWER, **package("libother", "1.0", V1)},
        upgraded("libother", "1.0", "2.0"),
        **PATH,
    ),
    looked_for(
        "a package that is installed now",
        "rerun",
        "return float(may.N)",
        "import may",
        {"may.py": MAY, "site-packages/a": ""},
        package("fastone", "1.0", V1),
        **PATH,
    ),
    looked_for(
        "a package that is installed now, imported in the step",
        "rerun",
        "try:\n    import fastone\n    return float(fastone.value())\nexcept ImportError:\n    return 0.0",
        "",
        {"site-packages/a": ""},
        package("fastone", "1.0", V1),
        **PATH,
    ),
    looked_for(
        "a package that is no longer there",
        "rerun",
        "return float(may.N)",
        "import may",
        {"may.py": MAY, **package("fastone", "1.0", V1)},
        dict.fromkeys(package("fastone", "1.0", V1)),
        **PATH,
    ),
    looked_for(
        "a package that is looked for",
        "rerun",
        "return float(util.find_spec('fastone') is not None)",
        "from importlib import util",
        {"site-packages/a": ""},
        package("fastone", "1.0", V1),
        **PATH,
    ),
    looked_for(
        "a version that is asked for",
        "rerun",
        "return float(version('liblow').partition('.')[0])",
        "from importlib.metadata import version",
        LOWER,
        upgraded("liblow", "1.0", "2.0"),
        **PATH,
    ),
    looked_for(
        "a package that nobody looks for",
        "hit",
        "return float(liblow.value())",
        "import liblow",
        LOWER,
        package("fastone", "1.0", V1),
        **PATH,
    ),
    looked_for(
        "an entry point that is installed now",
        "rerun",
        "return float(len(entry_points(group='proof.group')))",
        "from importlib.metadata import entry_points",
        {"site-packages/a": ""},
        {
            **package("fastone", "1.0", V1),
            "site-packages/fastone-1.0.dist-info/entry_points.txt": "[proof.group]\none = fastone:value\n",
        },
        **PATH,
    ),
]

PROBES = [*IMPORTED, *CALLED, *SECONDS, *PACKAGES]
