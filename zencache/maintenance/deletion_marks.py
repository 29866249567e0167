"""Marks runs and pipelines as deleted: ML Metadata deletes no contexts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.metadata.client import set_properties
from zencache.metadata.schema import DELETED, PIPELINE_CONTEXT, RUN_CONTEXT
from zencache.metadata.versions import version_contexts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from zencache.maintenance.retention import House, Item
    from zencache.metadata.store import MetadataStore
    from zencache.model.records import RunRecord


def needed_only_by(house: House, runs: AbstractSet[tuple[int, str]]) -> list[Item]:
    """List what these runs, by store and name, need and no other run that is not deleted."""
    others = {key for key, run in house.runs.items() if not run.deleted} - runs
    users = [(item, {(use.home, use.run) for use in item.uses}) for item in house.items]
    return [item for item, keys in users if keys & runs and not keys & others]


def delete_runs(metadata: MetadataStore, runs: Sequence[RunRecord], lost: Iterable[int], when: str) -> None:
    """Mark runs as deleted, after the executions whose results are lost with them: these are reused no more."""
    with metadata.lock:
        wanted = sorted(set(lost))
        executions = metadata.client.get_executions_by_id(wanted) if wanted else []
        for execution in executions:
            if "zencache_dropped" not in execution.custom_properties:
                set_properties(
                    execution.custom_properties, {"zencache_dropped": f"its run was deleted on {when}"}
                )
        if executions:
            metadata.client.put_executions(executions)
        _mark(metadata, [metadata.context(RUN_CONTEXT, run.name) for run in runs], when)


def delete_versions(metadata: MetadataStore, pipeline: str, when: str) -> None:
    """Mark a pipeline and its versions as deleted."""
    with metadata.lock:
        found = [metadata.context(PIPELINE_CONTEXT, pipeline), *version_contexts(metadata, pipeline)]
        _mark(metadata, found, when)


def _mark(metadata: MetadataStore, contexts: Iterable[Any], when: str) -> None:
    there = [context for context in contexts if context is not None]
    for context in there:
        if DELETED not in context.custom_properties:
            set_properties(context.custom_properties, {DELETED: when})
    if there:
        metadata.client.put_contexts(there)
