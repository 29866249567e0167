"""Early cutoff: a step that runs again and gives the same leaves the next one as it is; and optimized runs."""

from __future__ import annotations

from functools import partial

from tests.cache_truth.harness import Probe, ran, source

MAIN = source("""
    from zencache import pipeline
    from first import first
    from steps import work


    @pipeline
    def pipeline_under_test():
        work(first())
""")
FIRST = source("""
    from dataclasses import dataclass, field
    from zencache import step
    from things import Thing


    @step
    def first() -> object:
        more = 1
        return VALUE
""")
STEPS = source("""
    from zencache import step
    from things import size


    @step
    def work(thing: object) -> float:
        return size(thing)
""")
THINGS = source("""
    class Thing:
        def __init__(self, held):
            self.held = held


    def size(thing):
        return float(len(str(thing.held)))
""")
WORDS = "{'one', 'two', 'three', 'four', 'five'}"


def cut_off(name: str, value: str, edit=("more = 1", "more = 2"), verdict="hit", **more) -> Probe:
    """Two steps, and an edit of the first."""
    files = {
        "main.py": MAIN,
        "first.py": FIRST.replace("VALUE", value),
        "steps.py": STEPS,
        "things.py": THINGS,
    }
    return ran(
        name,
        verdict,
        "",
        "",
        files,
        {"first.py": [edit]},
        category="parameters",
        kind="early cutoff",
        arguments="__import__('first').first.entrypoint()",
        **more,
    )


CUTOFFS = [
    cut_off("an object with a set of texts", f"Thing({WORDS})"),
    cut_off("an object with a frozen set", f"Thing(frozenset({WORDS}))"),
    cut_off("an object with sets in a table", f"Thing({{'a': {WORDS}}})"),
    cut_off("an object with a set of pairs", "Thing({('a', 1), ('b', 2), ('c', 3)})"),
    cut_off("a list of objects with sets", f"Thing([Thing({WORDS}).held])"),
    cut_off("an object with a text twice", "Thing(['ab' * 2, 'ab' * more and 'abab'])"),
    cut_off("an object with another text", "Thing(['a'])", ("['a']", "['aaaa']"), "rerun"),
]

ASSERTS = partial(
    ran, category="process", kind="optimized runs", environ={"PYTHONOPTIMIZE": "1"}, verdict="rerun"
)
TRIED = "try:\n    return clean(x)\nexcept AssertionError:\n    return -1.0"
OPTIMIZED = [
    ASSERTS(
        "an assertion of the step",
        body="try:\n    assert not x\n    return 1.0\nexcept AssertionError:\n    return -1.0",
    ),
    ASSERTS("an assertion of a helper", body=TRIED, above="def clean(x):\n    assert not x\n    return 1.0"),
    ASSERTS(
        "an assertion of another module",
        body=TRIED,
        above="from prep import clean",
        files={"prep.py": "def clean(x):\n    assert x < 0, x\n    return 1.0\n"},
    ),
    ASSERTS(
        "an assertion of a late module",
        body="from prep import clean\n" + TRIED,
        files={"prep.py": "def clean(x):\n    assert x < 0, x\n    return 1.0\n"},
    ),
    ASSERTS(
        "a branch of __debug__",
        body="return clean(x)",
        above="def clean(x):\n    if __debug__:\n        return 2.0\n    return 1.0",
    ),
    ASSERTS("a constant of __debug__", body="return RATE * 1.0", above="RATE = 2 if __debug__ else 1"),
    ASSERTS("no assertion", body="return x * 2", verdict="hit"),
]

PROBES = [*CUTOFFS, *OPTIMIZED]
