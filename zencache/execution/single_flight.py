"""Single flight: one of several runs computes what they all need, and the others reuse its result."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from zencache.execution.run_context import StepEvent
from zencache.metadata.leases import hold_lease, leases_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zencache.execution.run_context import RunContext, RunState
    from zencache.planning import PlannedStep


@contextmanager
def single_flight(
    run: RunContext, state: RunState, step: str, decide: Callable[[], PlannedStep]
) -> Iterator[PlannedStep | None]:
    """Give what to do with a step; if it must be computed, no other run computes its key inside of the block.

    After a wait the decision is made again: most likely the step is a hit by then. None if the run was
    interrupted.
    """

    def report_wait(holder: str) -> None:
        run.report(StepEvent(step, "note", text=f"step {step} waits: {holder} computes the same"))

    planned = decide()
    if planned.hit is not None or planned.key is None or not planned.cached:
        yield planned
        return
    leases = leases_of(run.records.metadata)
    is_interrupted = state.interrupted.is_set
    with hold_lease(
        leases, planned.key, run.handle.name, on_wait=report_wait, is_cancelled=is_interrupted
    ) as is_mine:
        yield decide() if is_mine else None
