"""Publishes a step that is reused, and records how a step ended, for functions and native components."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zencache.caching.key_diff import write_texts
from zencache.errors import RunInterruptedError
from zencache.execution.attempt import RemoteTraceback
from zencache.execution.run_context import StepEvent, StepResult
from zencache.execution.step_call import from_step
from zencache.metadata.serialization import step_properties
from zencache.model.records import CachedStep, CollectedError
from zencache.tracking.audit_events import unwatched
from zencache.tracking.observed_inputs import Seen, place_of_write

if TYPE_CHECKING:
    from zencache.execution.run_context import RunContext, RunState
    from zencache.execution.step_inputs import StepInputs
    from zencache.planning import PlannedStep

FAILED = 13  # google.rpc.Code.INTERNAL, what TFX writes for an executor that raised


def reuse(run: RunContext, state: RunState, planned: PlannedStep, inputs: StepInputs) -> bool:
    """Publish a step that turned out to be a hit once its inputs were known.

    False if gc collected the hit meanwhile: then the step must be decided again.
    """
    assert planned.hit is not None
    assert planned.parts is not None
    spec = run.spec.by_name[planned.name]
    artifacts = {**inputs.artifacts, **inputs.hidden}
    _restore(run, planned)
    try:
        hit = run.records.results.import_result(planned.hit, spec.identity, run.planner.others)
        cached = CachedStep(
            spec, hit, planned.parts.key, planned.reason, artifacts, planned.seconds, inputs.computed
        )
        run.records.results.publish(run.handle, [cached])
    except CollectedError:
        return False
    run.report(StepEvent(planned.name, "cached"))
    state.results[planned.name] = StepResult(planned.name, "cached", hit.outputs, execution=hit.id)
    return True


def _restore(run: RunContext, planned: PlannedStep) -> None:
    """Put back the files that a step wrote and that are not as it left them."""
    if planned.hit is None or not planned.restores:
        return
    from zencache.artifacts.kept_files import restore  # noqa: PLC0415 - few policies ask for copies

    seen = Seen.from_json(planned.hit.seen or "{}")
    with unwatched():
        for name, digest in planned.restores.items():
            place = place_of_write(seen, name, run.project.root)
            restore(run.planner.writes.projects, place, digest)


def properties(run: RunContext, planned: PlannedStep) -> dict[str, str | None]:
    """Give what is recorded of a step that runs: its key, the parts of the key, and why it runs."""
    assert planned.parts is not None
    spec = run.spec.by_name[planned.name]
    in_plan = run.plan.steps[planned.name]
    # The plan could compare with an earlier execution; a step that had to wait is explained by its inputs.
    decided = in_plan if in_plan.action == "run" else planned
    texts = write_texts(run.project.sources, run.planner.keys.texts(spec))
    explained = run.planner.keys.explained(spec, planned.parts)
    parts = explained.model_copy(update={"sources": texts}).model_dump_json()
    return step_properties(spec, planned.parts.key, parts, decided.reason, decided.compared_with)


def record_failure(state: RunState, step: str, error: BaseException) -> None:
    """Record a step's exception as its result; the traceback begins at the step's own function."""
    error = error.with_traceback(None) if isinstance(error.__cause__, RemoteTraceback) else from_step(error)
    if isinstance(error, KeyboardInterrupt):
        state.interrupted.set()
        error = RunInterruptedError(f"step {step} was interrupted")
    state.results[step] = StepResult(step, "failed", error=error)
