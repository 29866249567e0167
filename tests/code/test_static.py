"""Modules that a step imports when it runs: what of them counts."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from zencache.code.digest import CodeReader

LATE = """
import functools
REGISTRY = {}
ORDER = []

def known(function):
    REGISTRY[function.__name__] = function
    return function

def listed(function):
    ORDER.append(function)
    return function

def indirectly(function):
    return known(function)

def timed(function):
    @functools.wraps(function)
    def inner(x):
        return function(x)
    inner.tag = 1
    return inner

FACTOR = 2

def clean(x):
    return x * FACTOR

def by_name(name, x):
    return REGISTRY[name](x)
"""


@pytest.fixture
def digest(folder, monkeypatch):
    """Digest a function that imports a module of the given text."""
    monkeypatch.syspath_prepend(str(folder))
    Path("uses.py").write_text(
        "def work(x):\n    from late import clean\n    return clean(x)\n"
        "def named(x):\n    import late\n    return late.by_name('double', x)\n"
    )

    def of(text, name="work"):
        Path("late.py").write_text(text)
        return CodeReader().of(getattr(importlib.import_module("uses"), name)).digest

    yield of
    for name in ("uses", "late"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    "more",
    [
        "def other(x):\n    return x + {}",
        "OTHER = {}",
        "@timed\ndef other(x):\n    return x + {}",
        "@functools.lru_cache\ndef other(x):\n    return x + {}",
        "class Other:\n    number = {}",
        "if __name__ == '__main__':\n    print({})",
        "# {}",
    ],
)
def test_what_is_beside_it_does_not_count(digest, more):
    """Neither that it is there, nor what it says."""
    assert len({digest(LATE), digest(LATE + more.format(1)), digest(LATE + more.format(2))}) == 1


@pytest.mark.parametrize(
    "more",
    [
        "FACTOR = {}",
        "FACTOR += {}",
        "globals()['FACTOR'] = {}",
        "for FACTOR in range({}): pass",
        "@known\ndef other(x):\n    return x + {}",
        "@listed\ndef other(x):\n    return x + {}",
        "@indirectly\ndef other(x):\n    return x + {}",
        "@REGISTRY.setdefault\ndef other(x):\n    return x + {}",
        "print({})",
    ],
)
def test_what_its_import_does_counts(digest, more):
    """A registry may be filled by what nobody names."""
    assert len({digest(LATE), digest(LATE + more.format(1)), digest(LATE + more.format(2))}) == 3


def test_a_registered_function_counts(digest):
    """Where it is called by its name in the registry."""
    more = "\n@known\ndef double(x):\n    return x * {}\n"
    assert digest(LATE + more.format(2), "named") != digest(LATE + more.format(3), "named")


def test_whether_it_is_imported_makes_no_difference(digest):
    """A step that ran before must not give another key."""
    before = digest(LATE)
    importlib.import_module("late")
    assert digest(LATE) == before


def test_a_text_that_a_file_held_before_counts_again(digest):
    """Law: what counts is what the file holds now, in a process that saw it hold something else meanwhile."""
    first = digest(LATE)
    second = digest(LATE.replace("FACTOR = 2", "FACTOR = 3"))
    assert second != first
    assert digest(LATE) == first


def test_a_name_that_was_patched_counts_by_its_present_value(digest):
    """Where the module is imported and a function, a class or a constant of it was replaced."""
    before = digest(LATE)
    late = importlib.import_module("late")
    late.clean, kept = (lambda x: x * 3), late.clean
    patched = digest(LATE)
    late.clean, late.FACTOR = kept, 3
    changed = digest(LATE)
    late.FACTOR = 2
    assert len({before, patched, changed}) == 3
    assert digest(LATE) == before


CYCLE = """
class Config:
    def __init__(self, values):
        self.values = values
    @classmethod
    def from_dict(cls, d):
        return {k: Config.from_dict(v) if isinstance(v, dict) else Config(v) for k, v in d.items()}
    def merged(self, other):
        return self.merged(other)
    def wrapped(self):
        return Config(self).wrapped()
"""
CHAIN = (
    "".join(f"def f{n}(x):\n    return f{n + 1}(x)\n" for n in range(600)) + "def f600(x):\n    return x\n"
)
BASES = "class C0:\n    pass\n" + "".join(f"class C{n + 1}(C{n}):\n    pass\n" for n in range(600))


@pytest.mark.parametrize(
    "more",
    [
        CYCLE + "SETTINGS = Config.from_dict({'a': {'b': 1}})",
        CYCLE + "SETTINGS = Config(1).merged(Config(2))",
        CYCLE + "BASE = Config(1)\nSETTINGS = BASE.merged(BASE)\nSETTINGS = BASE.wrapped()",
        CHAIN + "SETTINGS = f0(1)",
        CHAIN + "@f0\ndef other(x):\n    return x",
        BASES,
        "class Late:\n    pass\nclass Late(Late):\n    pass",
        "def even(n):\n    return not n or odd(n - 1)\ndef odd(n):\n    return n and even(n - 1)\nSETTINGS = even(4)",
    ],
)
def test_what_calls_itself_or_a_long_chain_has_no_effect(digest, more):
    """It is asked once, and however long the chain is."""
    assert digest(LATE + more) == digest(LATE)


@pytest.mark.parametrize(
    "more",
    [
        "def ping(x):\n    return pong(x)\ndef pong(x):\n    ping(x)\n    return listed(x)\n",
        "def pong(x):\n    return ping(x)\ndef ping(x):\n    return listed(pong(x))\n",
    ],
)
def test_functions_that_call_each_other_hide_no_effect(digest, more):
    """Whichever of them is asked first."""
    uses = [f"{more}A = ping({{}})\nB = pong({{}})", f"{more}B = pong({{}})\nA = ping({{}})"]
    digests = [digest(LATE + use.format(n, n)) for use in uses for n in (1, 2)]
    assert len(set(digests)) == 4
    only = [digest(f"{LATE}{more}@pong\ndef other(x):\n    return x + {n}") for n in (1, 2)]
    assert len(set(only)) == 2
