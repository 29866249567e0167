"""Runs whose process has died: found when someone looks at them, or when their pipeline runs again, and marked as failed."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import get_properties, pb, set_properties
from zencache.util.process_id import Owner, this_process

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zencache.metadata.store import MetadataStore

_LOST = 60  # seconds without a beat after which a process of another machine is taken for dead
_UNHEARD = 24 * 3600  # seconds after which a run that names no process is taken for dead: format 1 names none
_INTERNAL = 13  # google.rpc.Code.INTERNAL, what TFX writes for an executor that raised
_UNFINISHED = (pb.Execution.NEW, pb.Execution.RUNNING)


def signs() -> dict[str, str | int]:
    """Give the properties by which others see that this process does a run, and lives."""
    return {schema.OWNER: this_process().to_text(), schema.BEAT: int(time.time())}


def is_dead(metadata: MetadataStore, run: Any) -> bool:
    """Say whether a run's context says that it goes on, though its process has died."""
    told = get_properties(run.custom_properties)
    if told.get(schema.STATUS) != "running":
        return False
    owner, updated = Owner.recorded(told.get(schema.OWNER)), run.last_update_time_since_epoch / 1000
    if owner is None:
        return bool(time.time() - updated > _UNHEARD)
    if owner == this_process():
        return not metadata.heart.beats_in(run.id)
    alive = owner.is_alive()
    return bool(time.time() - told.get(schema.BEAT, updated) > _LOST) if alive is None else not alive


def process_of(run: Any) -> str:
    """Name the process that a run's context says does it."""
    owner = Owner.recorded(get_properties(run.custom_properties).get(schema.OWNER))
    return str(owner) if owner else "the process"


def bury(metadata: MetadataStore, run_ids: Iterable[int]) -> set[int]:
    """Mark those of the runs that are dead as failed, with what they had not finished; give those that go on."""
    with metadata.lock:
        ids = list(run_ids)
        found = metadata.client.get_contexts_by_id(ids) if ids else []
        dead = [run for run in found if is_dead(metadata, run)]
        for run in dead:
            told = get_properties(run.custom_properties)
            why = f"{process_of(run)} ended before the step did: it was killed, or its machine went down"
            end_unfinished(metadata, run.id, why)
            lived = (
                max(0.0, told[schema.BEAT] - run.create_time_since_epoch / 1000)
                if schema.BEAT in told
                else None
            )
            set_properties(run.custom_properties, {schema.STATUS: "failed", schema.SECONDS: lived})
        if dead:
            metadata.client.put_contexts(dead)
    said = ((run.id, get_properties(run.custom_properties)) for run in found)
    return {number for number, told in said if told.get(schema.STATUS) == "running"}


def end_unfinished(metadata: MetadataStore, run_id: int, why: str) -> None:
    """Mark what a run has not finished as failed."""
    found = metadata.client.get_executions_by_context(run_id)
    left = [execution for execution in found if execution.last_known_state in _UNFINISHED]
    message = f"{why}; run the pipeline again, what has finished is reused"
    for execution in left:
        execution.last_known_state = pb.Execution.FAILED
        result = {"resultMessage": message, "code": _INTERNAL}
        set_properties(execution.custom_properties, {schema.EXECUTION_RESULT: json.dumps(result)})
    if left:
        metadata.client.put_executions(left)


def going_on(metadata: MetadataStore, pipeline: str) -> tuple[Any, list[int]]:
    """Read a pipeline's context, and the ids of its runs that go on, or did when their process died."""
    [context] = metadata.client.get_contexts_by_id([metadata.context_id(schema.PIPELINE_CONTEXT, pipeline)])
    told = get_properties(context.custom_properties).get(schema.RUNNING)
    return context, json.loads(told) if told else []


def with_running(context: Any, run_ids: Iterable[int]) -> Any:
    """Write into a pipeline's context which of its runs go on."""
    set_properties(context.custom_properties, {schema.RUNNING: json.dumps(sorted(set(run_ids)))})
    return context
