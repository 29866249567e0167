"""Measures first runs, and runs in a warm process, inside a child process for several rows."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from benchmarks.goals.pipelines import SHAPES, naps
from benchmarks.goals.timing import in_turns, seconds, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def first_run(shape: str, size: int) -> float:
    """Run a pipeline for the first time after the import of the engine; give the seconds."""
    load_engine()
    took, run = timed(SHAPES[shape](size).run)
    assert {step.status for step in run.steps.values()} == {"executed"}
    return took


def load_engine() -> None:
    """Run a small pipeline elsewhere, so that all imports of a run are done."""
    here = os.getcwd()  # noqa: PTH109 - to return to it
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        naps(begin=0, count=2, seconds=0).run()
        os.chdir(here)


def in_turns_at(
    projects: Mapping[str, tuple[str, str, int]], repeats: int, what: str = "run", changed: bool = False
) -> dict[str, float]:
    """Run (or plan) a pipeline in each of several projects, in turns; give the median seconds of each.

    `projects` maps labels to folder, shape and size. With `changed`, the first step's parameter is new.
    """
    ways = {label: _way(*project, what, changed) for label, project in projects.items()}
    for way in ways.values():
        way()
    return in_turns(repeats, ways)


def _way(folder: str, shape: str, size: int, what: str, changed: bool) -> Callable[[], float]:
    pipeline = SHAPES[shape](size, begin=-1) if changed else SHAPES[shape](size)
    os.chdir(folder)
    assert pipeline.plan().all_hits is not changed, f"{pipeline} in {folder} does not have the expected hits"

    def way() -> float:
        os.chdir(folder)
        return seconds(getattr(pipeline, what))

    return way
