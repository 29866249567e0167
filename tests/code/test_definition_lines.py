"""The lines of definitions that explanations count."""

from __future__ import annotations

import ast

import pytest

from zencache.code.definition_lines import count_changed, lines_of_units

TEXT = '''"""About the module."""
import math
RATE = 2

@deco
def f(x):
    """About f."""
    # a comment
    return x

class A:
    """About A."""
    size = 1

    def rows(self):
        return 2

if RATE:
    RATE += 1
'''


def lines(name, text=TEXT):
    return lines_of_units(text, ast.parse(text), [name])[name]


@pytest.mark.parametrize(("name", "count"), [("f", 3), ("A", 3), ("A.rows", 2), ("RATE", 3), ("<module>", 9)])
def test_each_unit_has_its_lines_of_code(name, count):
    """Without docstrings and comments; a class and a module without the bodies of functions."""
    assert len(lines(name)) == count


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        ("return x", "return x + 1", 1),
        ("return x", "y = x\n    return y", 2),
        ("    # a comment\n", "", 0),
        ("About f", "What f does", 0),
    ],
)
def test_changed_lines_are_counted(old, new, count):
    """Those that went or those that came, whichever are more."""
    assert count_changed(lines("f"), lines("f", TEXT.replace(old, new))) == count


def test_a_unit_that_is_not_there_has_no_lines():
    assert lines_of_units(TEXT, ast.parse(TEXT), ["gone"]) == {}
