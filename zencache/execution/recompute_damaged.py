"""Results that turn out to be damaged when a step reads them: they are never served, but made anew in the same run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zencache.errors import ArtifactError
from zencache.execution.run_context import StepEvent
from zencache.execution.value_io import verify
from zencache.model.specs import key_and_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from zencache.execution.run_context import RunContext
    from zencache.model.records import ArtifactRecord
    from zencache.model.specs import StepSpec


def mended(run: RunContext, spec: StepSpec, again: Callable[[str], None]) -> bool:
    """Have the steps run `again` whose results a step could not read; say whether it may try once more: its failure is forgotten then.

    A bad copy is set aside and marked by whoever reads it, so that its step finds no hit any more.
    """
    result = run.results[spec.name]
    if result.status != "failed" or not isinstance(result.error, ArtifactError):
        return False
    damaged = _damaged(run, spec)
    for source, why in damaged.items():
        with run.mending:
            if any(_problem(run, found) for found in run.results[source].outputs.values()):
                text = f"the result of step {source} is damaged and made anew: {why}"
                run.report(StepEvent(source, "note", text=text))
                run.runs.take_back(run.handle, run.spec.by_name[source])
                again(source)
    if not damaged or any(run.results[source].status not in ("executed", "cached") for source in damaged):
        return False
    del run.results[spec.name]
    return True


def _damaged(run: RunContext, spec: StepSpec) -> dict[str, str]:
    """Give the steps whose results a step cannot read, and why."""
    found: dict[str, str] = {}
    made = run.outputs(spec)
    for source in (item.source for item in spec.inputs):
        for name, artifact in made.get(source.step, {}).items():
            if key_and_index(name)[0] == source.output and (why := _problem(run, artifact)):
                found.setdefault(source.step, why)
    return found


def _problem(run: RunContext, artifact: ArtifactRecord) -> str | None:
    try:
        verify(artifact, run.runs.metadata)
    except ArtifactError as error:
        return str(error)
    return None
