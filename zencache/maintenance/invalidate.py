"""Dropping results by hand: they stay in the records, and are never reused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zencache.maintenance.selection import Selection
    from zencache.metadata.session import Records
    from zencache.model.records import ExecutionRecord


@dataclass(frozen=True)
class DroppedResult:
    """A result that was dropped, or would be: of which step, and the run that computed it."""

    step: str
    pipeline: str
    run: str
    key: str
    computed: datetime

    def __str__(self) -> str:
        when = f"{self.computed.astimezone():%Y-%m-%d %H:%M:%S}"
        return f"{self.step}, computed {when} in run {self.run}, key {self.key[:12]}"


def drop(records: Records, wanted: Selection, *, dry_run: bool) -> list[DroppedResult]:
    """Mark what is wanted, unless `dry_run`, and give it; see `Repository.drop`."""
    from zencache.maintenance.invalidation_marks import mark, select  # noqa: PLC0415 - imports ml_metadata

    found = select(records.metadata, wanted, records.runs.pipelines())
    if not dry_run:
        moment = datetime.now(timezone.utc).astimezone()
        mark(records.metadata, [record.id for record in found], f"by hand on {moment:%Y-%m-%d %H:%M:%S}")
    return [_result(record, records) for record in found]


def _result(record: ExecutionRecord, records: Records) -> DroppedResult:
    run = records.runs.run_of(record.id)
    pipeline, name = (run.pipeline, run.name) if run else ("", "")
    return DroppedResult(record.step, pipeline, name, record.key or "", record.created)
