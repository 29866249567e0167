"""Bringing a result from one store into another: its bytes stay where they are, its record is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.artifact_digests import OUTPUTS
from zencache.metadata.client import pb, set_properties

if TYPE_CHECKING:
    from zencache.metadata.store import MetadataStore
    from zencache.model.records import ExecutionRecord


def bring(record: ExecutionRecord, source: MetadataStore, target: MetadataStore) -> int:
    """Copy an execution and its outputs, tied to its key, and give its id in the target.

    What fed it stays behind: `zencache_brought_from` tells the store that knows.
    """
    [execution] = source.client.get_executions_by_id([record.id])
    events = source.client.get_events_by_execution_ids([record.id])
    made = [event for event in events if event.type in OUTPUTS]
    artifacts = source.client.get_artifacts_by_id([event.artifact_id for event in made])
    types = {kind.id: kind for kind in source.client.get_artifact_types_by_id([a.type_id for a in artifacts])}
    copies = [_artifact(artifact, types[artifact.type_id], target) for artifact in artifacts]
    edges = [(0, n, pb.Event(type=event.type, path=event.path)) for n, event in enumerate(made)]
    key = pb.Context(type_id=target.context_types[schema.KEY_CONTEXT], name=record.key)
    with target.lock:
        ids, _, _ = target.client.put_lineage_subgraph(
            [_execution(execution, source, target)], copies, [key], edges, reuse_context_if_already_exist=True
        )
    return int(ids[0])


def _artifact(artifact: Any, kind: Any, target: MetadataStore) -> Any:
    kind.ClearField("id")
    copy = pb.Artifact(
        uri=artifact.uri,
        state=artifact.state,
        type_id=target.client.put_artifact_type(kind, can_add_fields=True),
    )
    for name, value in artifact.properties.items():
        copy.properties[name].CopyFrom(value)
    for name, value in artifact.custom_properties.items():
        copy.custom_properties[name].CopyFrom(value)
    return copy


def _execution(execution: Any, source: MetadataStore, target: MetadataStore) -> Any:
    known = target.execution_type(execution.type)
    kind = known.id if known else target.client.put_execution_type(pb.ExecutionType(name=execution.type))
    copy = pb.Execution(type_id=kind, last_known_state=pb.Execution.COMPLETE)
    for name, value in execution.custom_properties.items():
        copy.custom_properties[name].CopyFrom(value)
    set_properties(copy.custom_properties, {schema.IMPORTED_FROM: str(source.project.database)})
    return copy
