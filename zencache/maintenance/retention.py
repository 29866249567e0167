"""Decides which results gc may delete by age, by number of runs and by size; reads and writes nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from zencache.errors import ParameterError
from zencache.metadata.run_status import GRACE, is_active, run_age
from zencache.util.sizes import size_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from zencache.maintenance.inventory import Inventory, StoredBlob
    from zencache.maintenance.lineage import Lineage, RunKey
    from zencache.model.records import RunRecord


@dataclass(frozen=True)
class Criteria:
    """Which results gc may delete; see `docs/maintenance.md`."""

    older_than: timedelta | None = None
    keep_last: int | None = None
    max_size: int | None = None
    """In bytes."""

    def check(self) -> None:
        """Raise ParameterError if no criterion is given, or one is negative."""
        if self == Criteria():
            raise ParameterError(
                "say what may go: give at least one of older_than, keep_last and max_size "
                "(`zencache cache size` shows what there is)"
            )
        if self.older_than is not None and self.older_than < timedelta(0):
            raise ParameterError(f"older_than is negative: {self.older_than}; give a duration such as 30d")
        if self.keep_last is not None and self.keep_last < 0:
            raise ParameterError(f"keep_last is negative: {self.keep_last}; give a number of runs")

    def __str__(self) -> str:
        options = {
            "older-than": self.older_than,
            "keep-last": self.keep_last,
            "max-size": None if self.max_size is None else size_text(self.max_size),
        }
        return " ".join(f"--{name} {value}" for name, value in options.items() if value is not None)


def choose_deletable(inventory: Inventory, criteria: Criteria, now: datetime) -> tuple[StoredBlob, ...]:
    """Choose the results to delete."""
    chooser = _Chooser(
        inventory,
        criteria,
        now,
        guarded=_guarded_runs(inventory.lineage, criteria, now),
        young=_young_runs(inventory.lineage, criteria, now),
    )
    candidates = [blob for blob in inventory.blobs if blob.place not in inventory.protected]
    chosen = {blob.place for blob in candidates if chooser.is_expired(blob)}
    remaining = sum(blob.size for blob in inventory.blobs if blob.place not in chosen)
    for blob in sorted(candidates, key=lambda blob: (blob.last_used, blob.place)):
        if criteria.max_size is None or remaining <= criteria.max_size:
            break
        if blob.place not in chosen and not chooser.is_guarded(blob):
            chosen.add(blob.place)
            remaining -= blob.size
    return tuple(blob for blob in inventory.blobs if blob.place in chosen)


@dataclass(frozen=True)
class _Chooser:
    """Judges one result at a time."""

    inventory: Inventory
    criteria: Criteria
    now: datetime
    guarded: AbstractSet[RunKey]
    """Runs whose results are never deleted."""
    young: AbstractSet[RunKey]
    """Runs whose results only the size may delete."""

    def is_expired(self, blob: StoredBlob) -> bool:
        """Say whether a result is to be deleted whatever the size of the store."""
        criteria = self.criteria
        if self.is_guarded(blob):
            return False
        if self._is_of_deleted_runs(blob):
            return True
        if criteria.older_than is None and (criteria.keep_last is None or criteria.max_size is not None):
            return False  # the size alone decides
        return not blob.runs & self.young and not self._is_used_outside_runs(blob, criteria.older_than)

    def is_guarded(self, blob: StoredBlob) -> bool:
        """Say whether a guarded run needs a result, or one that is not yet recorded may."""
        is_recent = self._is_used_outside_runs(blob, GRACE)
        return is_recent or blob.place in self.inventory.served or bool(blob.runs & self.guarded)

    def _is_used_outside_runs(self, blob: StoredBlob, within: timedelta | None) -> bool:
        """Say whether an execution that belongs to no run used a result so recently."""
        times = [use.when for use in blob.uses if self.inventory.lineage.run_of(use) is None]
        return within is not None and any(self.now - when < within for when in times)

    def _is_of_deleted_runs(self, blob: StoredBlob) -> bool:
        """Say whether deleted runs used a result, and no other run."""
        runs = [self.inventory.lineage.run_of(use) for use in blob.uses]
        return any(runs) and all(run is None or run.deleted for run in runs)


def _guarded_runs(lineage: Lineage, criteria: Criteria, now: datetime) -> set[RunKey]:
    """List the runs whose results are never deleted: pinned, active, or among the last of their pipeline."""
    fixed = {key for key, run in lineage.runs.items() if run.pinned or is_active(run, now)}
    return fixed | last_of_pipelines(lineage.runs, criteria.keep_last or 0)


def _young_runs(lineage: Lineage, criteria: Criteria, now: datetime) -> set[RunKey]:
    """List the runs that ended less than `older_than` ago."""
    age = criteria.older_than
    if age is None:
        return set()
    return {key for key, run in lineage.runs.items() if not run.deleted and run_age(run, now) < age}


def last_of_pipelines(runs: Mapping[RunKey, RunRecord], count: int) -> set[RunKey]:
    """List the last runs of each pipeline and store: all from the `count`th last completed one on.

    The order is that of the records: a clock that was wrong makes no run the last.
    """
    if not count:
        return set()
    last: set[RunKey] = set()
    by_pipeline: dict[tuple[int, str], list[RunKey]] = defaultdict(list)
    for key, run in sorted(runs.items(), key=lambda pair: pair[1].id, reverse=True):
        if not run.deleted:
            by_pipeline[key[0], run.pipeline].append(key)
    for keys in by_pipeline.values():
        last.update(_until(keys, [runs[key].status == "completed" for key in keys], count))
    return last


def _until(keys: Sequence[RunKey], is_completed: Iterable[bool], count: int) -> Iterable[RunKey]:
    """Take keys until `count` completed ones are taken."""
    completed = 0
    for key, is_one_more in zip(keys, is_completed, strict=True):
        yield key
        completed += is_one_more
        if completed == count:
            return
