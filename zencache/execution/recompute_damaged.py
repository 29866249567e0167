"""Recomputes results that turn out to be damaged when a step reads them: a damaged result is never served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zencache.errors import ArtifactError
from zencache.execution.run_context import StepEvent
from zencache.execution.value_io import verify
from zencache.model.specs import key_and_index

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zencache.execution.run_context import RunContext, RunState, StepResult
    from zencache.model.records import ArtifactRecord
    from zencache.model.specs import StepSpec


def recompute_damaged_inputs(
    run: RunContext,
    state: RunState,
    spec: StepSpec,
    used: Mapping[str, StepResult],
    execute: Callable[[str], None],
) -> bool:
    """Execute again the steps whose damaged results made a step fail; True if the step can be tried again.

    Then its failure is forgotten. Reading a damaged copy moved it away and marked it in the records, so
    the step that made it finds no hit. If that step's own inputs are damaged, `execute` recomputes them too.

    `used` has the upstream results that the attempt began with: another worker may have replaced them since.
    """
    result = state.results[spec.name]
    if result.status != "failed" or not isinstance(result.error, ArtifactError):
        return False
    with state.recomputing:
        damaged = _damaged_inputs(run, state, spec)
        for source, damage in damaged.items():
            _recompute(run, state, source, damage, execute)
        replaced = {name for name, old in used.items() if state.results[name] is not old}
    changed = replaced | damaged.keys()
    if not changed or any(state.results[name].status not in ("executed", "cached") for name in changed):
        return False
    del state.results[spec.name]
    return True


def _recompute(
    run: RunContext, state: RunState, step: str, damage: str, execute: Callable[[str], None]
) -> None:
    """Recompute the results of a step, unless the recomputation of another step has done so."""
    if any(_damage(run, artifact) for artifact in state.results[step].outputs.values()):
        text = f"the result of step {step} is damaged and computed again: {damage}"
        run.report(StepEvent(step, "note", text=text))
        run.records.results.withdraw(run.handle, run.spec.by_name[step])
        execute(step)


def _damaged_inputs(run: RunContext, state: RunState, spec: StepSpec) -> dict[str, str]:
    """Give the upstream steps whose results the step cannot read, and what is wrong with them."""
    damage_by_step: dict[str, str] = {}
    outputs = state.outputs(spec)
    for source in (item.source for item in spec.inputs):
        for name, artifact in outputs.get(source.step, {}).items():
            if key_and_index(name)[0] == source.output and (damage := _damage(run, artifact)):
                damage_by_step.setdefault(source.step, damage)
    return damage_by_step


def _damage(run: RunContext, artifact: ArtifactRecord) -> str | None:
    try:
        verify(artifact, run.records.metadata)
    except ArtifactError as error:
        return str(error)
    return None
