"""Single flight: what several runs need at once is computed by one of them, and reused by the others."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from zencache.execution.run_context import StepEvent
from zencache.metadata.leases import held, leases_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zencache.execution.run_context import RunContext
    from zencache.planning import PlannedStep


@contextmanager
def alone(run: RunContext, step: str, decide: Callable[[], PlannedStep]) -> Iterator[PlannedStep | None]:
    """Give what to do with a step; where that is computing it, nobody else computes its key meanwhile.

    Whoever waited decides once more: most likely it is a hit by now. None where the run was interrupted.
    """

    def tell(holder: str) -> None:
        run.report(StepEvent(step, "note", text=f"step {step} waits: {holder} computes the same"))

    planned = decide()
    if planned.hit is not None or planned.key is None or not planned.cached:
        yield planned
        return
    leases = leases_of(run.runs.metadata)
    with held(leases, planned.key, run.handle.name, waiting=tell, is_over=run.interrupted.is_set) as is_mine:
        yield decide() if is_mine else None
