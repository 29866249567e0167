"""Deletes runs and pipelines; what that means is in `docs/maintenance.md`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from zencache.errors import InUseError
from zencache.maintenance.inventory import look
from zencache.metadata.run_status import is_going_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zencache.metadata.session import Records
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
    every: Sequence[Records], pipeline: str, runs: Sequence[tuple[Records, RunRecord]], *, dry_run: bool
) -> Deletion:
    """Delete runs of a pipeline, each of one of the project's stores; see `Repository.delete_run`."""
    from zencache.maintenance.deletion_marks import delete_runs, needed_only_by  # noqa: PLC0415 - imports ml_metadata

    _check(run for _, run in runs)
    homes = list(every)
    lost = needed_only_by(look(every), {(homes.index(records), run.name) for records, run in runs})
    for number, home in enumerate([] if dry_run else homes):
        theirs = [run for records, run in runs if records is home]
        made = [
            u.id for i in lost for u in i.uses if u.home == number and u.state == "COMPLETE" and i.gives(u)
        ]
        if theirs or made:
            delete_runs(home.metadata, theirs, made, _now())
    return Deletion(pipeline, tuple(run.name for _, run in runs), len(lost), sum(i.size for i in lost))


def delete_pipeline(every: Sequence[Records], name: str, *, dry_run: bool) -> Deletion:
    """Delete all runs and versions of a pipeline, in every store; see `Repository.delete_pipeline`."""
    from zencache.maintenance.deletion_marks import delete_versions  # noqa: PLC0415 - imports ml_metadata

    runs = [(records, run) for records in every for run in records.runs.runs(name)]
    done = delete_runs(every, name, runs, dry_run=dry_run)
    for records in () if dry_run else every:
        delete_versions(records.metadata, name, _now())
    return done


def _check(runs: Iterable[RunRecord]) -> None:
    """Raise InUseError for a run that cannot be deleted."""
    now = datetime.now(timezone.utc)
    for run in runs:
        if run.pinned:
            raise InUseError(
                f"run {run.name} is pinned ({run.pinned}); `zencache run unpin '{run.name}'` first, then delete it"
            )
        if is_going_on(run, now):
            raise InUseError(f"run {run.name} is going on; delete it when it has ended")


def _now() -> str:
    return f"{datetime.now(timezone.utc).astimezone():%Y-%m-%d %H:%M:%S}"
