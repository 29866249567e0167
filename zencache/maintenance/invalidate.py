"""Invalidates results by hand: they stay in the records, and are never reused (`zencache cache drop`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from zencache.errors import ParameterError
from zencache.metadata.execution_search import (
    KEY_LENGTH,
    executions_before,
    executions_of_key,
    executions_of_pipeline,
    executions_of_step,
)
from zencache.metadata.marks import mark_dropped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zencache.metadata.session import ProjectRecords
    from zencache.metadata.store import MetadataStore
    from zencache.model.records import ExecutionRecord

_MIN_PREFIX = 8  # digits of a key that rarely name more than one result by chance
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Selection:
    """Which results to invalidate; all parts that are given must hold.

    A result belongs to a step or a pipeline that computed it, and to those that reused it.
    """

    step: str | None = None
    """A step's name in a pipeline, or its qualified function name."""
    pipeline: str | None = None
    key: str | None = None
    """A key, or at least its first eight digits."""
    older_than: timedelta | None = None

    def check(self) -> None:
        """Raise ParameterError if this selects nothing, or might select by mistake."""
        if self == Selection():
            raise ParameterError(
                "say which results to drop: give at least one of step, pipeline, key and older_than"
            )
        if self.key is not None and not (
            _MIN_PREFIX <= len(self.key) <= KEY_LENGTH and set(self.key) <= _DIGITS
        ):
            raise ParameterError(
                f"{self.key!r} is no key: give at least its first {_MIN_PREFIX} hexadecimal digits "
                "(`zencache explain RUN STEP` shows them)"
            )
        if self.older_than is not None and self.older_than < timedelta(0):
            raise ParameterError(f"older_than is negative: {self.older_than}; give a duration such as 7d")


@dataclass(frozen=True)
class DroppedResult:
    """A result that was dropped, or would be: its step, and the run that computed it."""

    step: str
    pipeline: str
    run: str
    key: str
    computed: datetime

    def __str__(self) -> str:
        when = f"{self.computed.astimezone():%Y-%m-%d %H:%M:%S}"
        return f"{self.step}, computed {when} in run {self.run}, key {self.key[:12]}"


def drop(records: ProjectRecords, selection: Selection, *, dry_run: bool) -> list[DroppedResult]:
    """Mark the selected results, unless `dry_run`, and list them; see `Repository.drop`."""
    selected = select(records.metadata, selection, records.runs.pipelines())
    if not dry_run:
        moment = datetime.now(timezone.utc).astimezone()
        ids = [execution.id for execution in selected]
        mark_dropped(records.metadata, ids, f"by hand on {moment:%Y-%m-%d %H:%M:%S}")
    return [_result(execution, records) for execution in selected]


def select(metadata: MetadataStore, selection: Selection, pipelines: Sequence[str]) -> list[ExecutionRecord]:
    """Find the executions that computed what is selected and may still be reused, oldest first.

    `pipelines` names those in which a step's name is looked for.
    """
    selection.check()
    age = selection.older_than
    before = None if age is None else datetime.now(timezone.utc) - age
    selected = [
        execution
        for execution in _candidates(metadata, selection, pipelines, before)
        if execution.state == "COMPLETE"
        and execution.key
        and not execution.dropped
        and execution.key.startswith(selection.key or "")
        and (before is None or execution.created < before)
    ]
    return sorted(selected, key=lambda execution: execution.id)


def _candidates(
    metadata: MetadataStore, selection: Selection, pipelines: Sequence[str], before: datetime | None
) -> list[ExecutionRecord]:
    """Read no more than the narrowest criterion needs."""
    if selection.step is not None:
        return executions_of_step(metadata, selection.step, pipelines, only_in=selection.pipeline)
    if selection.pipeline is not None:
        return executions_of_pipeline(metadata, selection.pipeline)
    if selection.key is not None:
        return executions_of_key(metadata, selection.key)
    assert before is not None
    return executions_before(metadata, before)


def _result(execution: ExecutionRecord, records: ProjectRecords) -> DroppedResult:
    run = records.runs.of_execution(execution.id)
    pipeline, name = (run.pipeline, run.name) if run else ("", "")
    return DroppedResult(execution.step, pipeline, name, execution.key or "", execution.created)
