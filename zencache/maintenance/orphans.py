"""Finds orphans, the files and objects that no record refers to, and takes the inventory with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from zencache.artifacts.local_files import children
from zencache.artifacts.orphan_candidates import local_candidate
from zencache.artifacts.ownership import enclosing
from zencache.artifacts.staging import QUARANTINE
from zencache.maintenance.inventory import Inventory, take_inventory
from zencache.maintenance.lineage import missing_stores, read_lineage
from zencache.metadata.run_status import GRACE, is_active

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from zencache.artifacts.orphan_candidates import OrphanCandidate
    from zencache.artifacts.store import ArtifactStore
    from zencache.config import Project
    from zencache.maintenance.lineage import Lineage
    from zencache.metadata.session import ProjectRecords

QUARANTINE_PERIOD = timedelta(days=30)
"""How long a bad copy is kept in quarantine."""
RESUMABLE = timedelta(days=1)
"""How long a partial download or upload is kept for the next attempt to continue it."""


@dataclass(frozen=True)
class InventoryReport:
    """All that a project has: its inventory, and what no record refers to."""

    inventory: Inventory
    orphans: tuple[OrphanCandidate, ...] = ()
    unrecorded: tuple[OrphanCandidate, ...] = ()
    """Whole artifacts without a record: gc moves them to quarantine."""
    quarantined: tuple[OrphanCandidate, ...] = ()
    """Bad copies in quarantine; once their time is over, they are orphans."""
    notes: tuple[str, ...] = ()


def scan(every: Sequence[ProjectRecords], now: datetime) -> InventoryReport:
    """Read what a project's stores record and what lies in its folders, and find the orphans."""
    project, store = every[0].project, every[0].metadata.artifacts
    listed_before = list(
        store.project_candidates()
    )  # before the records: what is recorded meanwhile is named then
    inventory = take_inventory(read_lineage(every, now))
    lineage = inventory.lineage
    if missing := missing_stores(every):
        note = f"leftovers stay: the store {missing[0]} of this project does not exist, and may refer to them"
        return InventoryReport(inventory, notes=(note,))
    if unread := _unread_databases(every):
        note = (
            f"leftovers stay: this project also has records in {unread[0]}, which are not read here; run "
            f"`zencache cache gc` with that setting, or remove it from {project.folder / 'records.json'}"
        )
        return InventoryReport(inventory, notes=(note,))
    failed_roots = _roots_of_failed_runs(lineage, now)
    # Below the root of a run that ended nothing is written any more, so it is listed after the records.
    listed_after = store.orphan_candidates(failed_roots)
    owners = _Owners(lineage, now)
    files = _unnamed_files(project, lineage.content_names)
    candidates = (*listed_before, *listed_after, *files)
    orphans = [candidate for candidate in candidates if owners.is_orphan(candidate)]
    expired: list[OrphanCandidate] = []
    kept: list[OrphanCandidate] = []
    for copy in _own_copies(lineage, store):
        (expired if now - copy.changed > QUARANTINE_PERIOD else kept).append(copy)
    unrecorded = [orphan for orphan in orphans if orphan.is_artifact()]
    others = [orphan for orphan in orphans if orphan not in unrecorded]
    return InventoryReport(inventory, (*others, *expired), tuple(unrecorded), tuple(kept))


def _unread_databases(every: Sequence[ProjectRecords]) -> list[str]:
    """List the databases that were the project's own and are not read now: they may name any leftover."""
    read = {str(records.project.database) for records in every}
    return [database for database in every[0].project.databases_used if database not in read]


def _roots_of_failed_runs(lineage: Lineage, now: datetime) -> list[str]:
    """List the roots of this project's runs that ended without completing."""
    roots = []
    for (store, _), run in lineage.runs.items():
        root = lineage.scans[store].metadata.artifacts.place(run.root) if run.root else ""
        has_failed = run.status != "completed" and not is_active(run, now)
        if has_failed and root and lineage.owned_roots[store].run_root(root) == root:
            roots.append(root)
    return roots


def _run_root_names(lineage: Lineage) -> frozenset[str]:
    """List the names of the roots that single runs have, as the records tell them."""
    roots = {run.root for run in lineage.runs.values() if run.root}
    roots |= {lineage.owned_roots[a.store].run_root(a.place) or "" for a in lineage.artifacts}
    return frozenset(root.rpartition("/")[2] for root in roots)


def _own_copies(lineage: Lineage, store: ArtifactStore) -> Iterator[OrphanCandidate]:
    """List the quarantined copies of this project's artifacts.

    In a folder or store that others may use too, copies of other runs are not this project's.
    """
    own_base, run_roots = str(store.project.own_artifacts), _run_root_names(lineage)
    for base in lineage.owned_roots[0].bases:
        for copy in store.quarantined(base):
            root, *_ = str(copy.place).removeprefix(f"{base}/{QUARANTINE}/").split("/")
            if base == own_base or root in run_roots:
                yield copy


def _unnamed_files(project: Project, names: AbstractSet[str]) -> Iterator[OrphanCandidate]:
    """List snapshots, source texts and kept copies with none of these names, and files not finished."""
    for folder in (project.snapshots, project.sources, project.written):
        for file in children(folder):
            if file.name.endswith(".partial") or file.name.partition(".")[0] not in names:
                yield local_candidate(file)
    yield from (local_candidate(file) for file in children(project.folder) if file.name.endswith(".partial"))


class _Owners:
    """Knows which places belong to an artifact or to an active run."""

    def __init__(self, lineage: Lineage, now: datetime) -> None:
        self._now = now
        self._in_progress = lineage.in_progress
        self._has_active_run = any(is_active(run, now) for run in lineage.runs.values())
        self._places = frozenset(lineage.artifacts_by_place)
        self._enclosing = _parents(self._places)

    def is_orphan(self, candidate: OrphanCandidate) -> bool:
        """Say whether a candidate belongs to nothing, and is unchanged for its grace period."""
        if not candidate.is_trash and self._has_owner(candidate):  # asked first: to measure reads the folder
            return False
        age = self._now - candidate.changed  # measured now: the report tells the size after the deletion
        return candidate.is_trash or age > (RESUMABLE if candidate.is_resumable else GRACE)

    def is_named(self, place: str) -> bool:
        """Say whether a place is that of an artifact, or lies in or around one."""
        return place in self._enclosing or bool(self._places & {place, *enclosing(place)})

    def _has_owner(self, candidate: OrphanCandidate) -> bool:
        may_be_in_use = candidate.is_working_folder and self._has_active_run
        is_in_progress = candidate.execution in self._in_progress
        return may_be_in_use or is_in_progress or self.is_named(str(candidate.place))


def _parents(places: Iterable[str]) -> frozenset[str]:
    return frozenset(parent for place in places for parent in enclosing(place))
