"""Measures cached runs in a warm process: per step, and with a long history in the store."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.goals import inside
from benchmarks.goals.figures import Figure, alone, ratio
from benchmarks.goals.history import executed_and_reused, reused

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.goals.bench import Bench

A_STEP = 0.001
NOT_GROWING = 1.1
"""A difference of a tenth is noise."""
WITH_HISTORY = 1.5
SHORT, LONG = 10, 100


def warm(bench: Bench) -> list[Figure]:
    """Measure a further run of 10, 100 and 1,000 steps."""
    counts = (SHORT, LONG, bench.sizes.steps)
    projects = {str(count): bench.project("chain", count) for count in counts}
    took = bench.call(inside.in_turns_at, bench.folder("warm"), projects=projects, repeats=bench.sizes.often)
    a_step = {count: took[str(count)] / count for count in counts}
    return [
        *(alone(f"cached run of {count:,} steps, a step", a_step[count], "s", A_STEP) for count in counts),
        *(
            ratio(
                f"cached run, a step of {more:,} beside one of {less:,}",
                a_step[more],
                (f"of {less:,}", a_step[less]),
                "s",
                NOT_GROWING,
            )
            for less, more in pairwise(counts)
        ),
    ]


def history(bench: Bench) -> list[Figure]:
    """Measure ten steps with a long history in the store, beside the same steps in a new store."""
    sizes = bench.sizes
    long, _ = bench.filled(executed_and_reused, like=("chain", SHORT), steps=SHORT, count=sizes.executions)
    popular, _ = bench.filled(reused, like=("chain", SHORT), steps=SHORT, count=sizes.reuses)
    return [
        *with_history(bench, f"{sizes.executions:,} executions", long),
        *with_history(bench, f"keys reused {sizes.reuses:,} times", popular),
    ]


def with_history(bench: Bench, label: str, folder: Path) -> list[Figure]:
    """Time a cached run, and a plan whose first step changed and all others depend on it."""
    empty, _, _ = bench.project("chain", SHORT)
    projects = {"full": (str(folder), "chain", SHORT), "empty": (empty, "chain", SHORT)}
    figures = []
    for work, options in {
        "cached run": {},
        "plan after a change": {"what": "plan", "changed": True},
    }.items():
        took = bench.call(
            inside.in_turns_at, bench.folder("turns"), projects=projects, repeats=bench.sizes.often, **options
        )
        beside = ("in a new store", took["empty"])
        figures.append(ratio(f"{work}, 10 steps; {label}", took["full"], beside, "s", WITH_HISTORY))
    return figures
