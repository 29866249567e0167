"""How a step of a run ended, kept and recorded: what steps and native components have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.caching.explain import write_texts
from zencache.errors import RunInterruptedError
from zencache.execution.run_context import StepEvent, StepResult
from zencache.execution.step_call import from_step
from zencache.execution.workers.pool import RemoteTraceback
from zencache.metadata.serialization import step_properties
from zencache.model.records import CachedStep, CollectedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.execution.run_context import RunContext
    from zencache.model.records import ArtifactRecord
    from zencache.planning import PlannedStep

FAILED = 13  # google.rpc.Code.INTERNAL, what TFX writes for an executor that raised


def reuse(
    run: RunContext,
    planned: PlannedStep,
    inputs: Mapping[str, ArtifactRecord],
    dynamic: Mapping[str, Any] | None = None,
) -> bool:
    """Publish a step that turned out to be a hit once its inputs were known, and what was computed from them.

    False where it was collected meanwhile: it has to be decided about anew.
    """
    assert planned.hit is not None
    assert planned.parts is not None
    spec = run.spec.by_name[planned.name]
    try:
        hit = run.runs.own(planned.hit, spec.identity, run.planner.others)
        cached = CachedStep(
            spec, hit, planned.parts.key, planned.reason, inputs, planned.seconds, dynamic or {}
        )
        run.runs.publish(run.handle, [cached])
    except CollectedError:
        return False
    run.report(StepEvent(planned.name, "cached"))
    run.results[planned.name] = StepResult(planned.name, "cached", hit.outputs, execution=hit.id)
    return True


def properties(run: RunContext, planned: PlannedStep) -> dict[str, str | None]:
    """Give what is recorded of a step that runs: its key, what that is made of, and why it runs."""
    assert planned.parts is not None
    spec = run.spec.by_name[planned.name]
    before = run.plan.steps[planned.name]
    # The plan knew more where it could compare; a step that had to wait is explained by its inputs.
    decided = before if before.action == "run" else planned
    texts = write_texts(run.project.sources, run.planner.keys.texts(spec))
    explained = run.planner.keys.explained(spec, planned.parts)
    parts = explained.model_copy(update={"sources": texts}).model_dump_json()
    return step_properties(spec, planned.parts.key, parts, decided.reason, decided.compared_with)


def keep_failure(run: RunContext, step: str, error: BaseException) -> None:
    """Keep a step's exception, its traceback cut to begin at the step's own function."""
    error = error.with_traceback(None) if isinstance(error.__cause__, RemoteTraceback) else from_step(error)
    if isinstance(error, KeyboardInterrupt):
        run.interrupted.set()
        error = RunInterruptedError(f"step {step} was interrupted")
    run.results[step] = StepResult(step, "failed", error=error)
