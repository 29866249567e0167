"""Marks stale runs, whose process has died, as failed: when they are read, or their pipeline runs again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import get_properties, pb, set_properties
from zencache.metadata.run_status import UNOWNED_TIMEOUT
from zencache.util.process_id import Owner, this_process

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zencache.metadata.store import MetadataStore
    from zencache.util.clock import Clock

HEARTBEAT_TIMEOUT = 60  # seconds without a heartbeat after which a run of another machine is stale
_INTERNAL = 13  # google.rpc.Code.INTERNAL, what TFX writes for an executor that raised
_UNFINISHED = (pb.Execution.NEW, pb.Execution.RUNNING)


def liveness_properties(clock: Clock) -> dict[str, str | int]:
    """Return the properties by which others see that this process runs a run, and is alive."""
    return {schema.OWNER: this_process().to_text(), schema.BEAT: int(clock.time())}


def is_stale(metadata: MetadataStore, run: Any) -> bool:
    """Return whether a run's context says that it is running, though its process has died."""
    properties = get_properties(run.custom_properties)
    if properties.get(schema.STATUS) != "running":
        return False
    owner, updated = Owner.recorded(properties.get(schema.OWNER)), run.last_update_time_since_epoch / 1000
    if owner is None:
        return bool(metadata.clock.time() - updated > UNOWNED_TIMEOUT.total_seconds())
    if owner == this_process():
        return not metadata.heartbeat.is_beating(run.id)
    is_alive = owner.is_alive()
    if is_alive is None:
        last_beat = properties.get(schema.BEAT, updated)
        return bool(metadata.clock.time() - last_beat > HEARTBEAT_TIMEOUT)
    return not is_alive


def process_of(run: Any) -> str:
    """Describe the process that runs a run, as its context names it."""
    owner = Owner.recorded(get_properties(run.custom_properties).get(schema.OWNER))
    return str(owner) if owner else "the process"


def mark_stale_failed(metadata: MetadataStore, run_ids: Iterable[int]) -> set[int]:
    """Mark the stale ones of these runs and their unfinished steps as failed; return those still running."""
    with metadata.lock:
        ids = list(run_ids)
        runs = metadata.client.get_contexts_by_id(ids) if ids else []
        stale = [run for run in runs if is_stale(metadata, run)]
        for run in stale:
            why = f"{process_of(run)} ended before the step did: it was killed, or its machine went down"
            fail_unfinished(metadata, run.id, why)
            failed = {schema.STATUS: "failed", schema.SECONDS: _seconds_until_last_beat(run)}
            set_properties(run.custom_properties, failed)
        if stale:
            metadata.client.put_contexts(stale)
    return {run.id for run in runs if get_properties(run.custom_properties).get(schema.STATUS) == "running"}


def _seconds_until_last_beat(run: Any) -> float | None:
    beat = get_properties(run.custom_properties).get(schema.BEAT)
    return None if beat is None else max(0.0, beat - run.create_time_since_epoch / 1000)


def fail_unfinished(metadata: MetadataStore, run_id: int, why: str) -> None:
    """Mark the unfinished executions of a run as failed."""
    executions = metadata.client.get_executions_by_context(run_id)
    unfinished = [execution for execution in executions if execution.last_known_state in _UNFINISHED]
    message = f"{why}; run the pipeline again, what has finished is reused"
    for execution in unfinished:
        execution.last_known_state = pb.Execution.FAILED
        result = {"resultMessage": message, "code": _INTERNAL}
        set_properties(execution.custom_properties, {schema.EXECUTION_RESULT: json.dumps(result)})
    if unfinished:
        metadata.client.put_executions(unfinished)


def active_runs(metadata: MetadataStore, pipeline: str) -> tuple[Any, list[int]]:
    """Read a pipeline's context, and the ids of its active runs, stale ones included."""
    context_id = metadata.contexts.id_of(schema.PIPELINE_CONTEXT, pipeline)
    [context] = metadata.client.get_contexts_by_id([context_id])
    ids = get_properties(context.custom_properties).get(schema.RUNNING)
    return context, json.loads(ids) if ids else []


def with_active_runs(context: Any, run_ids: Iterable[int]) -> Any:
    """Set the ids of a pipeline's active runs in its context, which is still to be written."""
    set_properties(context.custom_properties, {schema.RUNNING: json.dumps(sorted(set(run_ids)))})
    return context
