"""Statements of a module that change others when it is imported."""

from __future__ import annotations

import ast

import pytest

from zencache.code.module_texts import StaticModule
from zencache.code.source import Text
from zencache.code.static import StaticReach
from zencache.code.static_effects import ImportEffects

ABOVE = """
import logging, warnings, operator
import numpy as np
log = logging.getLogger(__name__)
ALL = {}
def register(f):
    setattr(ALL, f.__name__, f)
    return f
def quiet(f):
    log.info("%s", f)
    return f
def put(where, f):
    where[f.__name__] = f
def alias(f):
    here = ALL.setdefault("x", {})
    here[f.__name__] = f
def load(path):
    with open(path) as file:
        values = dict(line.split("=") for line in file)
    values.pop("x", None)
    return values
class Plugin:
    def __init__(self):
        put(ALL, self)
class Plain:
    def __init__(self, x):
        self.x = x
"""


def has_effect(statement: str) -> bool:
    text = Text("effects_of.py", ABOVE + statement)
    module = StaticModule("effects_of", "effects_of.py", text)
    reach = StaticReach()
    reach._modules["effects_of"] = module
    effects = ImportEffects(reach.resolve, lambda node: reach._defined.get(id(node)))
    assert isinstance(module.statements[-1], ast.stmt)
    return effects.has_effect(module.statements[-1], module)


@pytest.mark.parametrize(
    "statement",
    [
        "X = register(print)",
        "X: object = [register(f) for f in (print,)]",
        "X = put(ALL, print)",
        "X = alias(print)",
        "X = Plugin()",
        "X = np.seterr(all='ignore')",
        "X = operator.setitem(ALL, 1, 2)",
        "X = ALL.setdefault(1, 2)",
        "@register\ndef f(): pass",
        "@ALL.register\nclass F: pass",
        "class F:\n    ALL['x'] = 1",
        "class F:\n    @register\n    def f(self): pass",
        "def f(x=register(print)): pass",
    ],
)
def test_a_call_that_changes_others_is_an_effect(statement):
    """By its text where it is the project's, by its name in a library."""
    assert has_effect(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "X = load('settings.txt')",
        "X = quiet(print)",
        "X = Plain(1)",
        "X = lambda: register(print)",
        "X = ALL.get(1)",
        "X = np.zeros(3)",
        "X = set([1])",
        "@quiet\ndef f(): pass",
        "class F:\n    x = 1\n    def f(self):\n        ALL['x'] = 1",
    ],
)
def test_a_call_that_only_makes_something_is_none(statement):
    """What the statement beside it binds does not count for those who do not use it."""
    assert not has_effect(statement)
