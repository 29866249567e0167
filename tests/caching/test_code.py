"""What is a change of a step's code, and what is not."""

from __future__ import annotations

import threading

import pytest

from zencache import step
from zencache.caching.code import code_digest, source_of

ORIGINAL = '''
def clean(rows, factor=2):
    """Clean."""
    kept = [row * factor for row in rows]
    return kept
'''


def digest_of_source(source):
    space = {"step": step}
    exec(compile(source, "<test>", "exec"), space)
    function = next(
        v for v in space.values() if callable(v) and getattr(v, "__name__", "") in ("clean", "tidy")
    )
    return code_digest(getattr(function, "entrypoint", function), source.strip()).digest


@pytest.mark.parametrize(
    "edited",
    [
        ORIGINAL.replace('    """Clean."""\n', ""),
        ORIGINAL.replace("Clean.", "Cleans rows."),
        ORIGINAL.replace("    kept", "    # a comment\n\n    kept", 1),
        ORIGINAL.replace("row * factor", "(row  *  factor)"),
        ORIGINAL.replace("kept = ", "kept: list = "),
        ORIGINAL.replace("def clean", "def tidy"),
        "@step\n" + ORIGINAL.strip(),
        "@step(enable_cache=False)\n" + ORIGINAL.strip(),
    ],
    ids=[
        "docstring gone",
        "docstring",
        "comment",
        "formatting",
        "annotation",
        "name",
        "decorated",
        "options",
    ],
)
def test_what_does_not_bear_on_the_result_does_not_count(edited):
    """Comments, docstrings, formatting, local annotations, the name and our decorators are free."""
    assert digest_of_source(edited) == digest_of_source(ORIGINAL)


@pytest.mark.parametrize(
    "edited",
    [
        ORIGINAL.replace("row * factor", "row + factor"),
        ORIGINAL.replace("factor=2", "factor=3"),
        ORIGINAL.replace("factor=2", "factor=2.0"),
        ORIGINAL.replace("return kept", "return kept[:1]"),
        "import functools\n@functools.lru_cache\n" + ORIGINAL.strip(),
    ],
    ids=["operator", "default", "default's type", "statement", "another's decorator"],
)
def test_what_bears_on_the_result_counts(edited):
    """Any other change of the tree is a change."""
    assert digest_of_source(edited) != digest_of_source(ORIGINAL)


def make_adder(number):
    def add(x: int) -> int:
        return x + number

    return add


def test_a_closed_over_value_counts():
    """Two functions of one source that close over different values differ; over equal ones they do not."""

    def digest(number):
        function = make_adder(number)
        return code_digest(function, source_of(function)).digest

    assert digest(1) == digest(1)
    assert len({digest(1), digest(2), digest(1.0), digest(True)}) == 4


def test_a_closed_over_value_that_cannot_be_digested_never_hits():
    """Nothing is known of a lock, so nothing computed with it is reused, and the reason says so."""
    function = make_adder(threading.Lock())
    one, two = (code_digest(function, source_of(function)) for _ in range(2))
    assert one.digest != two.digest
    assert "number" in one.imprecise


def test_a_function_without_source_goes_by_its_bytecode():
    """At a prompt there is no source: the bytecode stands for it, and the explanation says so."""

    def digest(source):
        space = {}
        exec(source, space)
        return code_digest(space["f"], None)

    assert digest("def f(x): return x + 1") == digest("def f(x):  return x+1")
    assert digest("def f(x): return x + 1").digest != digest("def f(x): return x + 2").digest
    assert "bytecode" in digest("def f(x): return x").imprecise
