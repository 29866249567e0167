"""Copies the record of a result from one store into another; its bytes stay where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import pb, set_properties
from zencache.metadata.serialization import is_output

if TYPE_CHECKING:
    from zencache.metadata.store import MetadataStore
    from zencache.model.records import ExecutionRecord


def copy_execution(record: ExecutionRecord, source: MetadataStore, target: MetadataStore) -> int:
    """Copy an execution and its outputs, associated with its key, and return its id in the target.

    Its inputs are not copied: `zencache_brought_from` names the store that has them.
    """
    [execution] = source.client.get_executions_by_id([record.id])
    events = source.client.get_events_by_execution_ids([record.id])
    output_events = [event for event in events if is_output(event)]
    artifacts = source.client.get_artifacts_by_id([event.artifact_id for event in output_events])
    types = source.client.get_artifact_types_by_id([artifact.type_id for artifact in artifacts])
    type_by_id = {artifact_type.id: artifact_type for artifact_type in types}
    artifact_copies = [_copy_artifact(a, type_by_id[a.type_id], target) for a in artifacts]
    edges = [(0, n, pb.Event(type=event.type, path=event.path)) for n, event in enumerate(output_events)]
    key = pb.Context(type_id=target.contexts.types[schema.KEY_CONTEXT], name=record.key)
    with target.lock:
        [execution_id], _, _ = target.client.put_lineage_subgraph(
            [_copy_execution(execution, source, target)],
            artifact_copies,
            [key],
            edges,
            reuse_context_if_already_exist=True,
        )
    return int(execution_id)


def _copy_artifact(artifact: Any, artifact_type: Any, target: MetadataStore) -> Any:
    artifact_type.ClearField("id")
    copy = pb.Artifact(
        uri=artifact.uri,
        state=artifact.state,
        type_id=target.client.put_artifact_type(artifact_type, can_add_fields=True),
    )
    for name, value in artifact.properties.items():
        copy.properties[name].CopyFrom(value)
    for name, value in artifact.custom_properties.items():
        copy.custom_properties[name].CopyFrom(value)
    return copy


def _copy_execution(execution: Any, source: MetadataStore, target: MetadataStore) -> Any:
    existing = target.executions.find_type(execution.type)
    new_type = pb.ExecutionType(name=execution.type)
    type_id = existing.id if existing else target.client.put_execution_type(new_type)
    copy = pb.Execution(type_id=type_id, last_known_state=pb.Execution.COMPLETE)
    for name, value in execution.custom_properties.items():
        copy.custom_properties[name].CopyFrom(value)
    set_properties(copy.custom_properties, {schema.IMPORTED_FROM: str(source.project.database)})
    return copy
