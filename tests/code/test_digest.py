"""What is a change of a step's code, and what is not."""

from __future__ import annotations

import pytest

from zencache import step
from zencache.code.digest import CodeReader
from zencache.code.source import remember

ORIGINAL = '''
def clean(rows, factor=2):
    """Clean."""
    kept = [row * factor for row in rows]
    return kept
'''


def digest_of_source(source, *, root=True):
    """Digest a function by its source, as a step's own or as a helper of one."""
    file = f"<{source}>"
    remember(file, source)
    space = {"step": step, "__name__": "somewhere"}
    exec(compile(source, file, "exec", dont_inherit=True), space)
    names = ("clean", "tidy")
    function = next(v for v in space.values() if getattr(v, "__name__", "") in names)
    function = getattr(function, "entrypoint", function)
    if root:
        return CodeReader().of(function).digest
    work = eval("lambda rows: clean(rows)", {"clean": function, "__name__": "somewhere"})
    return CodeReader().of(work).digest


@pytest.mark.parametrize(
    "edited",
    [
        ORIGINAL.replace('    """Clean."""\n', ""),
        ORIGINAL.replace("Clean.", "Cleans rows."),
        ORIGINAL.replace("    kept", "    # a comment\n\n    kept", 1),
        ORIGINAL.replace("row * factor", "(row  *  factor)"),
        ORIGINAL.replace("kept = ", "kept: list = "),
        "@step\n" + ORIGINAL.strip(),
        "@step(enable_cache=False)\n" + ORIGINAL.strip(),
    ],
    ids=[
        "docstring gone",
        "docstring",
        "comment",
        "formatting",
        "annotation",
        "decorated",
        "options",
    ],
)
def test_what_does_not_bear_on_the_result_does_not_count(edited):
    """Comments, docstrings, formatting, local annotations and our decorators are free."""
    assert digest_of_source(edited) == digest_of_source(ORIGINAL)
    if "@step" not in edited:
        assert digest_of_source(edited, root=False) == digest_of_source(ORIGINAL, root=False)


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
    assert digest_of_source(edited, root=False) != digest_of_source(ORIGINAL, root=False)


def make_adder(number):
    def add(x: int) -> int:
        return x + number

    return add


def test_a_closed_over_value_counts():
    """Two functions of one source that close over different values differ; over equal ones they do not."""

    def digest(number):
        return CodeReader().of(make_adder(number)).digest

    assert digest(1) == digest(1)
    assert len({digest(1), digest(2), digest(1.0), digest(True)}) == 4


def test_the_defaults_of_a_step_are_parameters():
    """They are in the key as parameters; those of a helper are code."""
    edited = ORIGINAL.replace("factor=2", "factor=3")
    assert digest_of_source("@step\n" + ORIGINAL.strip()) == digest_of_source("@step\n" + edited.strip())


def test_the_name_of_a_step_does_not_count():
    """Two steps that differ in name alone are one computation."""
    one, two = "@step\n" + ORIGINAL.strip(), "@step\n" + ORIGINAL.strip().replace("clean", "tidy")
    assert digest_of_source(one) == digest_of_source(two)


def test_what_cannot_be_digested_never_hits():
    """Nothing is known of a generator, so nothing computed with it is reused, and the reason says so."""
    function = make_adder(number for number in range(3))
    one, two = (CodeReader().of(function) for _ in range(2))
    assert one.digest != two.digest
    assert "closed-over number" in one.doubts[0]
    assert "generator" in one.doubts[0]


def test_a_function_without_source_goes_by_its_bytecode():
    """At a prompt there is no source: the bytecode stands for it, and the explanation says so."""

    def code(source):
        space = {"__name__": "__main__"}
        exec(compile(source, "<stdin>", "exec", dont_inherit=True), space)
        return CodeReader().of(space["f"])

    assert code("def f(x): return x + 1").digest == code("def f(x):  return x+1").digest
    assert code("def f(x): return x + 1").digest != code("def f(x): return x + 2").digest
    assert "bytecode" in code("def f(x): return x").doubts[0]


def test_a_known_digest_stays():
    """The digest is a format: who changes it changes step-key/N too. It is the same on every Python."""
    assert digest_of_source(ORIGINAL.strip()) == PINNED


PINNED = "1424a3f9362f045e821a13f1abb22c2c463a1fedc89a6f7a8d8a3dd22262b8c3"
