"""Converts between records (frozen values) and ML Metadata's messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import get_properties, pb
from zencache.model.records import ArtifactRecord, ExecutionRecord, RunRecord, from_milliseconds
from zencache.model.specs import indexed, key_and_index
from zencache.model.values import from_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zencache.model.database import Database
    from zencache.model.records import CachedStep
    from zencache.model.specs import StepSpec

OUTPUT_EVENTS = (pb.Event.OUTPUT, pb.Event.DECLARED_OUTPUT, pb.Event.INTERNAL_OUTPUT)


def is_output(event: Any) -> bool:
    """Return whether an event says that an execution made an artifact."""
    return event.type in OUTPUT_EVENTS


def step_properties(
    spec: StepSpec, key: str | None, parts: str | None, reason: str, compared_with: int | None = None
) -> dict[str, str | None]:
    """Return the custom properties that every execution of a step has."""
    return {
        schema.STEP: spec.name,
        schema.KEY: key,
        schema.KEY_PARTS: parts,
        schema.REASON: reason,
        schema.COMPARED_WITH: None if compared_with is None else str(compared_with),
    }


def recorded_parameters(spec: StepSpec) -> Mapping[str, Any]:
    """Return parameters as recorded: as JSON for a step, as TFX records them for a native component."""
    if spec.node is None:
        return spec.parameters
    values = {name: from_text(text) for name, text in spec.parameters.items()}
    return {name: value for name, value in values.items() if isinstance(value, str | int | float)}


def run_record(context: Any) -> RunRecord:
    """Return the record of a run's context."""
    properties = get_properties(context.custom_properties)
    return RunRecord(
        id=context.id,
        name=context.name,
        pipeline=properties[schema.PIPELINE],
        version=properties.get(schema.VERSION),
        status=properties.get(schema.STATUS, "unknown"),
        created=from_milliseconds(context.create_time_since_epoch),
        seconds=properties.get(schema.SECONDS),
        pinned=properties.get(schema.PINNED),
        deleted=properties.get(schema.DELETED),
        owner=properties.get(schema.OWNER),
        root=properties.get(schema.ROOT, ""),
    )


def hit_events(hit: CachedStep) -> Iterator[Any]:
    """Return an event for each input and output; an artifact of two inputs has one, with both in its path."""
    for event_type, artifact_by_name in ((pb.Event.INPUT, hit.inputs), (pb.Event.OUTPUT, hit.hit.outputs)):
        names_by_id: dict[int, list[str]] = {}
        for name, artifact in sorted(artifact_by_name.items()):
            names_by_id.setdefault(artifact.id, []).append(name)
        for artifact_id, names in names_by_id.items():
            event = pb.Event(artifact_id=artifact_id, type=event_type)
            for name in names:
                key, index = key_and_index(name)
                event.path.steps.add().key = key
                event.path.steps.add().index = index
            yield event


def newest_of(key_context: Any) -> int | None:
    """Return the id of a key's newest good execution."""
    return get_properties(key_context.custom_properties).get(schema.NEWEST_EXECUTION)


def recent_of(context: Any) -> list[int]:
    """Return the ids of a context's newest executions, oldest first, from its property.

    ML Metadata could find them too, but the more executions a context has, the longer that takes.
    """
    ids = get_properties(context.custom_properties).get(schema.RECENT_EXECUTIONS)
    return [] if ids is None else [int(execution_id) for execution_id in json.loads(ids)]


def was_withdrawn(execution: Any) -> bool:
    """Return whether an execution was published as a hit, and withdrawn as gc had collected its result."""
    is_canceled = execution.last_known_state == pb.Execution.CANCELED
    return is_canceled and schema.ORIGIN in execution.custom_properties


def _optional_int(value: str | int | None) -> int | None:
    """Read a number that may be missing."""
    return int(value) if value else None


def _error_of(result: str | None) -> str | None:
    """Read the traceback from TFX's record of a failed executor."""
    return json.loads(result).get("resultMessage") if result else None


def event_keys(event: Any) -> Iterator[str]:
    """Read the names in an event's path, `[key, index, key, index, …]`: one artifact may feed two inputs."""
    steps = list(event.path.steps)
    for key, index in zip(steps[::2], steps[1::2], strict=False):
        yield indexed(key.key, index.index)


def execution_record(
    execution: Any,
    inputs: Mapping[str, ArtifactRecord],
    outputs: Mapping[str, ArtifactRecord],
    database: Database,
) -> ExecutionRecord:
    """Return the record of an execution."""
    properties = get_properties(execution.custom_properties)
    return ExecutionRecord(
        id=execution.id,
        step=properties.get(schema.STEP, execution.name),
        state=pb.Execution.State.Name(execution.last_known_state),
        created=from_milliseconds(execution.create_time_since_epoch),
        updated=from_milliseconds(execution.last_update_time_since_epoch),
        key=properties.get(schema.KEY),
        key_parts=properties.get(schema.KEY_PARTS),
        reason=properties.get(schema.REASON, ""),
        seconds=properties.get(schema.SECONDS),
        error=_error_of(properties.get(schema.EXECUTION_RESULT)),
        seen=properties.get(schema.OBSERVED_INPUTS),
        dropped=properties.get(schema.INVALIDATED),
        attempts=properties.get(schema.ATTEMPTS, 1),
        compared_with=_optional_int(properties.get(schema.COMPARED_WITH)),
        origin=_optional_int(properties.get(schema.ORIGIN)),
        inputs=inputs,
        outputs=outputs,
        database=database,
    )


def artifact_record(name: str, artifact: Any, folder: Path, properties: Mapping[str, Any]) -> ArtifactRecord:
    """Return the record of an artifact, given its custom properties and the directory of its bytes."""
    return ArtifactRecord(
        id=artifact.id,
        name=name,
        uri=artifact.uri,
        folder=folder,
        value_type=properties.get(schema.VALUE_TYPE) or artifact.type or "Any",
        materializer=properties.get(schema.MATERIALIZER, ""),
        digest=properties.get(schema.DIGEST, ""),
        size=properties.get(schema.SIZE, 0),
        live=artifact.state == pb.Artifact.LIVE,
        properties=properties.get(schema.PROPERTIES_DIGEST, ""),
        signature=properties.get(schema.SIGNATURE, ""),
        collected=properties.get(schema.COLLECTED, ""),
    )
