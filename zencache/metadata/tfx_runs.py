"""Reads runs that TFX's own runners wrote into a store: TFX records nothing of them but their executions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import get_properties
from zencache.model.records import RunRecord, from_milliseconds
from zencache.model.specs import (
    CodeRef,
    InputSpec,
    NodeRef,
    OutputRef,
    OutputSpec,
    PipelineSpec,
    StepSpec,
    in_order,
    key_and_index,
)
from zencache.model.values import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zencache.metadata.store import MetadataStore
    from zencache.model.records import ExecutionRecord

_NO_PARAMETER = ("__", schema.PROPERTY_PREFIX)
"""Prefixes of properties that are not parameters."""


def run_of_tfx(metadata: MetadataStore, context: Any) -> RunRecord | None:
    """Return the run of a context that TFX wrote; None for one without executions."""
    executions = metadata.client.get_executions_by_context(context.id)
    pipeline = next((metadata.executions.place_of(e.id)[0] for e in executions), "")
    if not pipeline:
        return None
    started = min(e.create_time_since_epoch for e in executions)
    ended = max(map(_end, executions))
    properties = get_properties(context.custom_properties)
    return RunRecord(
        id=context.id,
        name=context.name,
        pipeline=pipeline,
        version=None,
        status=_status(record.state for record in metadata.executions.records(executions, events=False)),
        created=from_milliseconds(started),
        seconds=(ended - started) / 1000,
        pinned=properties.get(schema.PINNED),
        deleted=properties.get(schema.DELETED),
        of_tfx=True,
    )


def _end(execution: Any) -> int:
    """Return when an execution ended, in milliseconds: by its duration if that was added later."""
    seconds = get_properties(execution.custom_properties).get(schema.SECONDS)
    if seconds is None:
        return int(execution.last_update_time_since_epoch)
    return int(execution.create_time_since_epoch + 1000 * seconds)


def _status(states: Iterable[str]) -> str:
    """Return the status of a run from the states of its executions, as its end is not recorded."""
    distinct_states = set(states)
    if distinct_states & {"NEW", "RUNNING"}:
        return "running"
    return "failed" if distinct_states - {"COMPLETE", "CACHED"} else "completed"


def spec_of_tfx(metadata: MetadataStore, run: RunRecord) -> PipelineSpec:
    """Return what a run of TFX's ran, by its executions; the spec can be compared, but not run."""
    executions = metadata.client.get_executions_by_context(run.id)
    records = metadata.executions.records(sorted(executions, key=lambda e: e.id))
    execution_by_id = {e.id: e for e in executions}
    makers = {
        a.id: (metadata.executions.place_of(r.id)[1], name) for r in records for name, a in r.outputs.items()
    }
    steps = {
        metadata.executions.place_of(record.id)[1]: _step(
            metadata, record, execution_by_id[record.id], run.pipeline, makers
        )
        for record in records
    }
    return PipelineSpec(name=run.pipeline, steps=in_order(list(steps.values())))


def _step(
    metadata: MetadataStore,
    record: ExecutionRecord,
    execution: Any,
    pipeline: str,
    makers: dict[int, tuple[str, str]],
) -> StepSpec:
    name = metadata.executions.place_of(record.id)[1]
    module, _, qualname = execution.type.rpartition(".")
    feeds = {
        (key_and_index(n)[0], a.value_type, makers[a.id]) for n, a in record.inputs.items() if a.id in makers
    }
    inputs = [
        InputSpec(name=key, type=kind, source=OutputRef(step=maker, output=key_and_index(output)[0]))
        for key, kind, (maker, output) in sorted(feeds)
        if maker != name
    ]
    outputs = {key_and_index(n)[0]: a.value_type for n, a in record.outputs.items()}
    return StepSpec(
        name=name,
        code=CodeRef(module=module, qualname=qualname),
        inputs=tuple(inputs),
        outputs=tuple(OutputSpec(name=n, type=kind) for n, kind in sorted(outputs.items())),
        parameters=recorded_parameters(execution),
        node=NodeRef(ir="", pipeline=pipeline),
    )


def recorded_parameters(execution: Any) -> dict[str, str]:
    """Return the execution properties that TFX recorded, as a spec has them."""
    properties = {**get_properties(execution.properties), **get_properties(execution.custom_properties)}
    plain = {
        n: v
        for n, v in properties.items()
        if isinstance(v, str | int | float) and not n.startswith(_NO_PARAMETER)
    }
    return {name: to_text(value) for name, value in sorted(plain.items())}


@dataclass(frozen=True)
class TfxExecution:
    """An execution that TFX's own runner wrote."""

    id: int
    component: str
    """Qualified name of the component's class."""
    pipeline: str
    node: str
    """Empty if it belongs to no node."""
    parameters: Mapping[str, str]
    """As a spec has them."""
    properties: Mapping[str, Any]
    """Custom properties as recorded."""


def executions_without_key(metadata: MetadataStore) -> list[TfxExecution]:
    """List the finished executions that have no cache key yet, oldest first."""
    executions = metadata.client.get_executions()
    records = metadata.executions.records(executions, events=False)
    without_key = {r.id for r in records if r.state == "COMPLETE" and not r.key}
    return [
        TfxExecution(
            execution.id,
            execution.type,
            *metadata.executions.place_of(execution.id),
            recorded_parameters(execution),
            get_properties(execution.custom_properties),
        )
        for execution in sorted(executions, key=lambda e: e.id)
        if execution.id in without_key
    ]


def tfx_versions(metadata: MetadataStore, artifact_ids: Sequence[int]) -> set[str | None]:
    """Return the versions of TFX that wrote these artifacts; None stands for one that is not recorded."""
    artifacts = metadata.client.get_artifacts_by_id(artifact_ids)
    return {get_properties(artifact.custom_properties).get("tfx_version") for artifact in artifacts}
