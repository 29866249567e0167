"""ML Metadata's messages, made of records and read back: of runs, executions and artifacts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import get_properties, pb
from zencache.model.records import ArtifactRecord, RunRecord, from_milliseconds
from zencache.model.specs import indexed, key_and_index
from zencache.model.values import from_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zencache.model.records import CachedStep
    from zencache.model.specs import StepSpec


def step_properties(
    spec: StepSpec, key: str | None, parts: str | None, reason: str, compared_with: int | None = None
) -> dict[str, str | None]:
    """Give the custom properties that every execution of a step carries."""
    return {
        schema.STEP: spec.name,
        schema.KEY: key,
        schema.KEY_PARTS: parts,
        schema.REASON: reason,
        schema.COMPARED_WITH: None if compared_with is None else str(compared_with),
    }


def recorded(spec: StepSpec) -> Mapping[str, Any]:
    """Give parameters as they are recorded: of a step as JSON, of a native component as TFX does."""
    if spec.node is None:
        return spec.parameters
    values = {name: from_text(text) for name, text in spec.parameters.items()}
    return {name: value for name, value in values.items() if isinstance(value, str | int | float)}


def run_record(context: Any) -> RunRecord:
    """Make a record of a run's context."""
    extra = get_properties(context.custom_properties)
    return RunRecord(
        id=context.id,
        name=context.name,
        pipeline=extra[schema.PIPELINE],
        version=extra.get(schema.VERSION),
        status=extra.get(schema.STATUS, "unknown"),
        created=from_milliseconds(context.create_time_since_epoch),
        seconds=extra.get(schema.SECONDS),
        pinned=extra.get(schema.PINNED),
        deleted=extra.get(schema.DELETED),
        owner=extra.get(schema.OWNER),
        root=extra.get(schema.ROOT, ""),
    )


def events(hit: CachedStep) -> Iterator[Any]:
    """Make one event an artifact and side; an artifact that feeds two inputs has both in its path."""
    for kind, side in ((pb.Event.INPUT, hit.inputs), (pb.Event.OUTPUT, hit.hit.outputs)):
        by_artifact: dict[int, list[str]] = {}
        for name, artifact in _items(side):
            by_artifact.setdefault(artifact.id, []).append(name)
        for artifact_id, names in by_artifact.items():
            event = pb.Event(artifact_id=artifact_id, type=kind)
            for name in names:
                key, index = key_and_index(name)
                event.path.steps.add().key = key
                event.path.steps.add().index = index
            yield event


def _items(side: Any) -> list[tuple[str, ArtifactRecord]]:
    return sorted(side.items())


def newest_of(key_context: Any) -> int | None:
    """Give the execution that a key leads to."""
    return get_properties(key_context.custom_properties).get(schema.NEWEST_EXECUTION)


def recent_of(context: Any) -> list[int]:
    """Give the ids that a context keeps of its newest executions, oldest first.

    Asking MLMD for them takes the longer the more executions the context has.
    """
    told = get_properties(context.custom_properties).get(schema.RECENT_EXECUTIONS)
    return [] if told is None else [int(number) for number in json.loads(told)]


def was_taken_back(execution: Any) -> bool:
    """Say whether an execution is of a hit that was none: gc collected it while it was published."""
    is_canceled = execution.last_known_state == pb.Execution.CANCELED
    return is_canceled and schema.ORIGIN in execution.custom_properties


def number_of(value: str | int | None) -> int | None:
    """Read a number that may not be there."""
    return int(value) if value else None


def error_of(result: str | None) -> str | None:
    """Read the traceback from what TFX records of a failed executor."""
    return json.loads(result).get("resultMessage") if result else None


def event_keys(event: Any) -> Iterator[str]:
    """Read the names in an event's path, `[key, index, key, index, …]`: one artifact may feed two inputs."""
    steps = list(event.path.steps)
    for key, index in zip(steps[::2], steps[1::2], strict=False):
        yield indexed(key.key, index.index)


def record_of_artifact(name: str, artifact: Any, folder: Path, extra: Mapping[str, Any]) -> ArtifactRecord:
    """Make a record of an artifact, whose properties are `extra`."""
    return ArtifactRecord(
        id=artifact.id,
        name=name,
        uri=artifact.uri,
        folder=folder,
        value_type=extra.get(schema.VALUE_TYPE) or artifact.type or "Any",
        materializer=extra.get(schema.MATERIALIZER, ""),
        digest=extra.get(schema.DIGEST, ""),
        size=extra.get(schema.SIZE, 0),
        live=artifact.state == pb.Artifact.LIVE,
        properties=extra.get(schema.PROPERTIES_DIGEST, ""),
        signature=extra.get(schema.SIGNATURE, ""),
        collected=extra.get(schema.COLLECTED, ""),
    )
