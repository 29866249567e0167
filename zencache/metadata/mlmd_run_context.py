"""Writes a run's context in ML Metadata, with executions that are published in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.errors import AlreadyExistsError
from zencache.metadata import schema
from zencache.metadata.client import errors, get_properties, pb, set_properties
from zencache.metadata.stale_runs import liveness_properties

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zencache.metadata.store import MetadataStore
    from zencache.model.records import RunHandle


def run_context(metadata: MetadataStore, run: RunHandle, status: str, seconds: float | None = None) -> Any:
    """Return a run's context as it is to be written."""
    context = pb.Context(
        type_id=metadata.contexts.types[schema.RUN_CONTEXT], name=run.name, id=run.context_id
    )
    properties = {
        schema.PIPELINE: run.pipeline,
        schema.VERSION: run.version,
        schema.STATUS: status,
        schema.SECONDS: seconds,
        schema.TOKEN: run.token,
        **(liveness_properties(metadata.clock) if status == "running" else {}),
        schema.SPEC: None if run.spec_is_the_versions else run.spec.model_dump_json(),
        schema.ROOT: run.root or None,
    }
    set_properties(context.custom_properties, properties)
    return context


def put_run(
    metadata: MetadataStore,
    run: RunHandle,
    status: str,
    seconds: float | None = None,
    executions: Sequence[Any] = (),
    edges: Sequence[Any] = (),
) -> tuple[Sequence[int], int]:
    """Write a run's context with executions, and return their ids and its id.

    Raises AlreadyExistsError if the name of a new run is taken.
    """
    context, is_written = run_context(metadata, run, status, seconds), run.context_id is not None
    try:
        execution_ids, _, [context_id] = metadata.client.put_lineage_subgraph(
            executions, [], [context], edges, reuse_context_if_already_exist=is_written
        )
    except errors.AlreadyExistsError as error:
        written = _written_before(metadata, run, executions)
        if written is None:
            raise AlreadyExistsError(_name_taken(metadata, run.name)) from error
        return written
    return execution_ids, context_id


def put_parent(metadata: MetadataStore, run: RunHandle, context_id: int) -> None:
    """Make a run's context a child of its pipeline's."""
    parent = metadata.contexts.id_of(schema.PIPELINE_CONTEXT, run.pipeline)
    try:
        metadata.client.put_parent_contexts([pb.ParentContext(child_id=context_id, parent_id=parent)])
    except errors.AlreadyExistsError:
        return


def _written_before(
    metadata: MetadataStore, run: RunHandle, executions: Sequence[Any]
) -> tuple[list[int], int] | None:
    """Find what this run wrote itself, if a server wrote it but its answer was lost."""
    context = metadata.contexts.find(schema.RUN_CONTEXT, run.name)
    if context is None or get_properties(context.custom_properties).get(schema.TOKEN) != run.token:
        return None
    id_by_name = {e.name: e.id for e in metadata.client.get_executions_by_context(context.id)}
    names = [execution.name for execution in executions]
    if not id_by_name.keys() >= set(names):
        return None
    return [id_by_name[name] for name in names], context.id


def _name_taken(metadata: MetadataStore, name: str) -> str:
    """Return the message for a run's name that is taken, perhaps by a deleted run."""
    context = metadata.contexts.find(schema.RUN_CONTEXT, name)
    deleted = get_properties(context.custom_properties).get(schema.DELETED) if context else None
    if deleted:
        taken = f"there was a run named {name!r}, deleted on {deleted}; names of runs are not used again:"
    else:
        taken = f"there is a run named {name!r} already;"
    return f"{taken} give another run_name"
