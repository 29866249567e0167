"""Finds orphans, the files and objects that no record refers to, and takes the inventory with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.artifacts import deletion
from zencache.artifacts.ownership import around
from zencache.artifacts.store import is_remote
from zencache.maintenance.inventory import Inventory, take_inventory
from zencache.maintenance.lineage import missing_stores, read_lineage
from zencache.maintenance.orphan_candidates import (
    QUARANTINE_PERIOD,
    RESUMABLE,
    Orphan,
    OrphanCandidate,
    candidates,
    candidates_below,
    local_orphan,
    quarantined,
    remote_objects,
    unnamed_files,
)
from zencache.metadata.run_status import is_going_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from zencache.maintenance.lineage import Lineage
    from zencache.metadata.session import Records


@dataclass(frozen=True)
class InventoryReport:
    """All that a project has: its inventory, and what no record refers to."""

    inventory: Inventory
    orphans: tuple[Orphan, ...] = ()
    quarantined: tuple[Orphan, ...] = ()
    """Bad copies in quarantine; once their time is over, they are orphans."""
    notes: tuple[str, ...] = ()


def scan(every: Sequence[Records], now: datetime) -> InventoryReport:
    """Read what a project's stores record and what lies in its folders, and find the orphans."""
    project, store = every[0].project, every[0].metadata.artifacts
    listed_before = list(candidates(project))  # before the records: what is recorded meanwhile is named then
    inventory = take_inventory(read_lineage(every, now))
    lineage = inventory.lineage
    if missing := missing_stores(every):
        note = f"leftovers stay: the store {missing[0]} of this project does not exist, and may refer to them"
        return InventoryReport(inventory, notes=(note,))
    failed_roots = _roots_of_failed_runs(lineage, now)
    # Below the root of a run that ended nothing is written any more, so it is listed after the records.
    local_roots = [Path(root) for root in failed_roots if not is_remote(root)]
    listed_after = [candidate for root in local_roots for candidate in candidates_below(root)]
    owners = _Owners(lineage, now)
    files = unnamed_files(project, lineage.content_names)
    orphans = [
        local_orphan(candidate.path)
        for candidate in (*listed_before, *listed_after, *files)
        if owners.is_orphan(candidate)
    ]
    objects = remote_objects(store, failed_roots)
    orphans += [o for o in objects if not owners.is_named(str(o.place)) and o.is_older(RESUMABLE, now)]
    copies = quarantined(store, lineage.reaches[0], _run_root_names(lineage))
    expired = [copy for copy in copies if copy.is_older(QUARANTINE_PERIOD, now)]
    kept_copies = tuple(copy for copy in copies if copy not in expired)
    return InventoryReport(inventory, (*orphans, *expired), kept_copies)


def _roots_of_failed_runs(lineage: Lineage, now: datetime) -> list[str]:
    """List the roots of this project's runs that ended without completing."""
    roots = []
    for (store, _), run in lineage.runs.items():
        root = lineage.scans[store].metadata.artifacts.place(run.root) if run.root else ""
        has_failed = run.status != "completed" and not is_going_on(run, now)
        if has_failed and root and lineage.reaches[store].run_root(root) == root:
            roots.append(root)
    return roots


def _run_root_names(lineage: Lineage) -> frozenset[str]:
    """List the names of the roots that single runs have, as the records tell them."""
    roots = {run.root for run in lineage.runs.values() if run.root}
    roots |= {lineage.reaches[a.store].run_root(a.place) or "" for a in lineage.artifacts}
    return frozenset(root.rpartition("/")[2] for root in roots)


class _Owners:
    """Knows which places belong to an artifact or to an active run."""

    def __init__(self, lineage: Lineage, now: datetime) -> None:
        self._now = now
        self._in_progress = lineage.in_progress
        self._has_active_run = any(is_going_on(run, now) for run in lineage.runs.values())
        self._places = frozenset(lineage.artifacts_by_place)
        self._enclosing = _parents(self._places)

    def is_orphan(self, candidate: OrphanCandidate) -> bool:
        """Say whether a candidate belongs to nothing, and is unchanged for its grace period."""
        if candidate.is_trash:
            return True
        age = self._now - deletion.last_change(candidate.path)
        return not self._has_owner(candidate) and age > candidate.grace

    def is_named(self, place: str) -> bool:
        """Say whether a place is that of an artifact, or lies in or around one."""
        return place in self._enclosing or bool(self._places & {place, *around(place)})

    def _has_owner(self, candidate: OrphanCandidate) -> bool:
        may_be_in_use = candidate.is_working_folder and self._has_active_run
        is_in_progress = candidate.execution in self._in_progress
        return may_be_in_use or is_in_progress or self.is_named(str(candidate.path))


def _parents(places: Iterable[str]) -> frozenset[str]:
    return frozenset(parent for place in places for parent in around(place))
