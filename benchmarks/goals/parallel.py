"""Measures independent steps in parallel, on threads and on processes."""

from __future__ import annotations

import functools
import inspect
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.goals.figures import Figure, ratio
from benchmarks.goals.pipelines import naps
from benchmarks.goals.timing import seconds

if TYPE_CHECKING:
    from benchmarks.goals.bench import Bench

STEPS = 8
ON_THREADS = {"workers": 8}
ON_PROCESSES = {"workers": 2, "worker_kind": "processes"}
WITH_THREADS, WITH_PROCESSES = 1.15, 1.25


def parallel(bench: Bench) -> list[Figure]:
    """Measure eight sleeping steps beside their sleep, in a warm process and in a new one."""
    nap = bench.sizes.nap
    return [
        *measured(bench, "8 threads", ON_THREADS, nap, WITH_THREADS),
        *measured(bench, "2 processes", ON_PROCESSES, STEPS / 2 * nap, WITH_PROCESSES),
    ]


def measured(bench: Bench, label: str, how: dict[str, Any], ideal: float, at_most: float) -> list[Figure]:
    """Give the line with a goal, and the line of a new process without one."""
    nap, repeats = bench.sizes.nap, bench.sizes.seldom
    work = f"8 steps of {nap:g} s, {label}"
    if not how.keys() <= inspect.signature(naps(0, 1, 0).run).parameters.keys():
        return [Figure(work, "not available")]
    warm, *new = (
        bench.call(sleep_at_once, bench.folder("naps"), how=how, nap=nap, repeats=times)
        for times in (repeats, *[0] * repeats)
    )
    return [
        ratio(f"{work}, warm", warm, ("asleep", ideal), "s", at_most),
        ratio(f"{work}, new process", median(new), ("asleep", ideal), "s", at_most).without_goal(),
    ]


def sleep_at_once(how: dict[str, Any], nap: float, repeats: int) -> float:
    """Run new sleeping steps; with repeats, a small run first does all imports and starts the workers."""
    if not repeats:
        return seconds(functools.partial(naps(0, STEPS, nap).run, **how))
    naps(-STEPS, STEPS, 0).run(**how)
    new = [naps(begin, STEPS, nap) for begin in range(0, repeats * STEPS, STEPS)]
    return median([seconds(functools.partial(each.run, **how)) for each in new])
