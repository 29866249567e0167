"""Mutations: small edits of a text, each another program."""

from __future__ import annotations

import ast

import pytest

from tests.cache_truth.mutation import DATA, KINDS, NEUTRAL, Module, mutation

CODE = '''"""A module."""
import math


@staticmethod
def f(a, b=2):
    """Add up."""
    total = [a, b] if a < b and b else None
    total += math.floor(max(a, -b), 3)
    return {"x": f"{total + 1}", "y": True}


class C(list):
    n = 1
    m = 2
'''
FILES = {"flow.py": CODE, "data.csv": "one,1\ntwo,2\n"}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_place(kind):
    """A kind that finds no place in ordinary files would never be drawn."""
    assert any(KINDS[kind](name, FILES) for name in FILES)


@pytest.mark.parametrize("seed", range(60))
def test_a_mutant_is_another_text_that_can_be_compiled(seed):
    """A neutral one has the same meaning, but for docstrings; another one differs in its syntax tree."""
    mutant = mutation(FILES, str(seed))
    assert mutant == mutation(FILES, str(seed))
    assert mutant.text != FILES.get(mutant.file)
    if mutant.file.endswith(".py") and mutant.kind not in (*DATA, "docstring", "unused function"):
        same = ast.dump(ast.parse(mutant.text or "")) == ast.dump(ast.parse(CODE))
        assert same == (mutant.kind in NEUTRAL)


def test_what_stands_in_an_f_string_is_left_alone():
    """Its positions are those of the whole string before Python 3.12."""
    module = Module('f"{1 + 2}"\n')
    assert not list(module.of_type(ast.BinOp))
