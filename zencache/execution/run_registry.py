"""The runs of this process by name: how Beam's workers and TFX's executor find the run that they belong to.

Beam pickles a DoFn and TFX makes an executor from its import path, so neither can hold live objects; both
know the run's name. This is the only registry; everything else is passed as an argument.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zencache.execution.run_context import RunContext, RunState
    from zencache.execution.workers.pool import Pool


@dataclass(frozen=True)
class ActiveRun:
    """A run whose Beam graph is running."""

    context: RunContext
    state: RunState
    pool: Pool | None
    """Worker processes, for the steps that are computed in one."""
    work: Callable[[], Iterator[str]]
    """What each Beam worker does: executes steps as they become ready, and gives their names."""


_active: dict[str, ActiveRun] = {}


@contextmanager
def activated(run: ActiveRun) -> Iterator[None]:
    """Let `active_run` find a run inside of the block."""
    name = run.context.handle.name
    _active[name] = run
    try:
        yield
    finally:
        _active.pop(name, None)


def active_run(name: str) -> ActiveRun:
    """Find a run of this process by its name."""
    return _active[name]
