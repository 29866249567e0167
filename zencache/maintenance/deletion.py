"""Deletes runs and pipelines by marks in their records; see `docs/maintenance.md`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from zencache.errors import InUseError
from zencache.maintenance.inventory import take_inventory
from zencache.maintenance.lineage import read_lineage
from zencache.metadata.marks import mark_pipeline_deleted, mark_runs_deleted
from zencache.metadata.run_status import is_active

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from zencache.maintenance.inventory import Inventory, StoredBlob
    from zencache.maintenance.lineage import RunKey
    from zencache.metadata.session import ProjectRecords
    from zencache.model.records import RunRecord


@dataclass(frozen=True)
class Deletion:
    """What was deleted, or would be."""

    pipeline: str
    runs: tuple[str, ...]
    results: int
    """How many artifacts no other run needs."""
    size: int
    """Their bytes, which the next gc frees."""


def delete_runs(
    every: Sequence[ProjectRecords],
    pipeline: str,
    runs: Sequence[tuple[ProjectRecords, RunRecord]],
    *,
    dry_run: bool,
) -> Deletion:
    """Delete runs of a pipeline, each with the records that hold it; see `Repository.delete_run`."""
    _check_deletable(run for _, run in runs)
    store_of = {id(records): store for store, records in enumerate(every)}
    keys = {(store_of[id(records)], run.name) for records, run in runs}
    lost = _needed_only_by(take_inventory(read_lineage(every)), keys)
    for store, records in enumerate([] if dry_run else every):
        own_runs = [run for holder, run in runs if holder is records]
        makers = {
            use.id
            for blob in lost
            for use in blob.uses
            if use.store == store and use.state == "COMPLETE" and blob.is_output_of(use)
        }
        if own_runs or makers:
            mark_runs_deleted(records.metadata, own_runs, makers, _now())
    return Deletion(pipeline, tuple(run.name for _, run in runs), len(lost), sum(b.size for b in lost))


def delete_pipeline(every: Sequence[ProjectRecords], name: str, *, dry_run: bool) -> Deletion:
    """Delete all runs and versions of a pipeline, in every store; see `Repository.delete_pipeline`."""
    runs = [(records, run) for records in every for run in records.runs.all(name)]
    deletion = delete_runs(every, name, runs, dry_run=dry_run)
    for records in () if dry_run else every:
        mark_pipeline_deleted(records.metadata, name, _now())
    return deletion


def _needed_only_by(inventory: Inventory, runs: AbstractSet[RunKey]) -> list[StoredBlob]:
    """List what these runs need, and no other run that is not deleted."""
    others = {key for key, run in inventory.lineage.runs.items() if not run.deleted} - runs
    return [blob for blob in inventory.blobs if blob.runs & runs and not blob.runs & others]


def _check_deletable(runs: Iterable[RunRecord]) -> None:
    """Raise InUseError for a run that is pinned or active."""
    now = datetime.now(timezone.utc)
    for run in runs:
        if run.pinned:
            raise InUseError(
                f"run {run.name} is pinned ({run.pinned}); "
                f"`zencache run unpin '{run.name}'` first, then delete it"
            )
        if is_active(run, now):
            raise InUseError(f"run {run.name} is going on; delete it when it has ended")


def _now() -> str:
    return f"{datetime.now(timezone.utc).astimezone():%Y-%m-%d %H:%M:%S}"
