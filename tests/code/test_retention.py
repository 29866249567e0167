"""Which functions can keep what they read for later calls."""

from __future__ import annotations

import pytest

from zencache.code.retention import Keeping, LiveKeepers, keeping, keeping_of
from zencache.code.source import Text

KEEPS = {
    "a global": "def f(p):\n    global A\n    A = open(p).read()",
    "an item of a global": "def f(p):\n    A[p] = open(p).read()",
    "a method of a global": "def f(p):\n    A.setdefault(p, open(p).read())",
    "another name of a global": "def f(p):\n    kept = A\n    kept[p] = open(p).read()",
    "an attribute of a module": "def f(p):\n    import settings\n    settings.A = open(p).read()",
    "setattr": "def f(p):\n    setattr(settings, 'A', open(p).read())",
    "vars": "def f(p):\n    vars(settings)['A'] = open(p).read()",
    "globals": "def f(p):\n    globals()['A'] = open(p).read()",
    "nonlocal": "def f(p):\n    nonlocal a\n    a = open(p).read()",
    "the class": "def f(cls, p):\n    cls.a = open(p).read()",
    "the class by its name": "def f(self, p):\n    Settings.a = open(p).read()",
    "the type of self": "def f(self, p):\n    type(self).a = open(p).read()",
    "the class of self": "def f(self, p):\n    self.__class__.a = open(p).read()",
    "lru_cache": "@functools.lru_cache(maxsize=None)\ndef f(p):\n    return open(p).read()",
    "a cache of a library": "@memory.cache\ndef f(p):\n    return open(p).read()",
}
SHARES_NOTHING = {
    "it returns": "def f(p):\n    return open(p).read()",
    "a local table": "def f(p):\n    a = {}\n    a[p] = open(p).read()\n    return a",
    "a local frame": "def f(p):\n    a = pd.read_csv(p)\n    a['x'] = 1\n    b = a['x']\n    b.name = 'b'\n    return a",
    "an option of a library": "import pandas as pd\ndef f(p):\n    pd.options.mode = open(p).read()",
    "an argument": "def f(p, a):\n    a[p] = open(p).read()",
    "a default that is a path": "def f(p=Path('a')):\n    return p.read_text()",
}


def way_of(source):
    text = Text("a.py", source)
    return keeping_of(text.tree.body[-1], text)


@pytest.mark.parametrize("source", KEEPS.values(), ids=KEEPS)
def test_a_function_that_changes_something_outside_keeps(source):
    """Whatever the syntax is."""
    assert way_of(source).outside


@pytest.mark.parametrize("source", SHARES_NOTHING.values(), ids=SHARES_NOTHING)
def test_a_function_that_changes_only_its_own_shares_nothing(source):
    """Its callers read by themselves."""
    assert way_of(source) == Keeping()


def test_a_method_may_keep_in_its_instance_or_in_an_object_of_the_class():
    """It depends on the live objects which."""
    assert way_of("def f(self, p):\n    self.a = open(p).read()") == Keeping(instance=True)
    assert way_of("def f(self, p):\n    self.a[p] = 1") == Keeping(instance=True, parts=frozenset({"a"}))
    assert way_of("@cached_property\ndef f(self):\n    return 1").instance


def test_a_default_that_is_changed_keeps():
    """A path as a default does not."""
    assert way_of("def f(p, kept={}):\n    kept[p] = open(p).read()").default


def test_code_without_a_text_is_assumed_to_keep():
    """Nothing can be said of it."""
    names = {}
    exec("def f():\n    return 1", names)
    assert keeping(names["f"].__code__).outside


class Kept:
    values: dict[str, int] = {}

    def load(self):
        return 1


def test_instances_that_stay_are_found_in_containers():
    """Their methods may keep what they read in them."""
    keepers = LiveKeepers.of([[Kept()], Kept])
    assert id(Kept.load.__code__) in keepers.methods
    assert "values" in keepers.shared[id(Kept.load.__code__)]


def test_the_function_behind_a_cache_is_found():
    """However it got there."""
    import functools

    def load():
        return 1

    assert LiveKeepers.of([functools.lru_cache(load)]).cached == {id(load.__code__)}
