"""The lineage of a project: which executions made, reused or consumed which artifacts, in which runs.

Gc, verify, repair, size and deletion all ask this one value.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING

from zencache.artifacts.ownership import OwnedRoots
from zencache.errors import StoreUnavailableError
from zencache.metadata.scan import scan_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zencache.metadata.scan import RecordedArtifact, StoreScan, Use
    from zencache.metadata.session import ProjectRecords
    from zencache.model.database import Database
    from zencache.model.records import ArtifactRecord, RunRecord

    RunKey = tuple[int, str]
    """A run: its store's number, and its name."""
    ArtifactKey = tuple[int, int]
    """An artifact: its store's number, and its id."""


@dataclass(frozen=True)
class LiveArtifact:
    """An artifact that may be reused, and the executions that gave it."""

    store: int
    """The store, by its number."""
    record: ArtifactRecord
    producers: tuple[Use, ...]
    """The executions that computed, reused or named it, oldest first."""
    is_external: bool
    """Whether an importer names it: it belongs to others."""

    @property
    def maker(self) -> Use | None:
        """The execution that computed it, or else the first that gave it."""
        computed = [use for use in self.producers if use.owns_outputs and use.state != "CACHED"]
        return next(iter((*computed, *self.producers)), None)

    @property
    def output(self) -> str:
        """The name of its output."""
        return self.maker.outputs[self.record.id] if self.maker else self.record.name


@dataclass(frozen=True)
class Lineage:
    """What a project's stores record: artifacts, executions and runs, with indexes that are computed once."""

    scans: tuple[StoreScan, ...]
    """By the stores' numbers."""

    @cached_property
    def runs(self) -> Mapping[RunKey, RunRecord]:
        """All runs, deleted ones included."""
        return {(n, name): run for n, scan in enumerate(self.scans) for name, run in scan.runs.items()}

    @cached_property
    def artifacts(self) -> tuple[RecordedArtifact, ...]:
        """All artifacts of all stores."""
        return tuple(artifact for scan in self.scans for artifact in scan.artifacts)

    @cached_property
    def uses(self) -> Mapping[ArtifactKey, Sequence[Use]]:
        """The executions that made, reused or consumed each artifact, oldest first."""
        uses: dict[ArtifactKey, list[Use]] = defaultdict(list)
        for use in (use for scan in self.scans for use in scan.uses):
            for artifact_id in (*use.outputs, *use.inputs - use.outputs.keys()):
                uses[use.store, artifact_id].append(use)
        return dict(uses)

    @cached_property
    def artifacts_by_place(self) -> Mapping[str, Sequence[RecordedArtifact]]:
        """The artifacts at each place, without those whose bytes are deleted."""
        by_place: dict[str, list[RecordedArtifact]] = defaultdict(list)
        for artifact in self.artifacts:
            if artifact.state != "DELETED":
                by_place[artifact.place].append(artifact)
        return dict(by_place)

    @cached_property
    def in_progress(self) -> frozenset[int]:
        """Unfinished executions of active runs: a folder's name does not tell the store of its execution."""
        return frozenset(execution_id for scan in self.scans for execution_id in scan.in_progress)

    @cached_property
    def content_names(self) -> frozenset[str]:
        """Names of snapshots and source texts that any store refers to."""
        return frozenset(name for scan in self.scans for name in scan.content_names)

    @cached_property
    def owned_roots(self) -> Sequence[OwnedRoots]:
        """The places that are the project's own, by store."""
        from_files = [scan for scan in self.scans if not scan.is_shared]
        roots = sorted({root for scan in from_files for root in scan.roots})
        return [OwnedRoots.of(scan.metadata.project, roots) for scan in self.scans]

    def uses_of(self, artifact: RecordedArtifact) -> Sequence[Use]:
        """List the executions that made, reused or consumed an artifact, oldest first."""
        return self.uses.get((artifact.store, artifact.id), ())

    def run_of(self, use: Use) -> RunRecord | None:
        """Find the run that an execution is part of."""
        return self.runs.get((use.store, use.run)) if use.run is not None else None

    def live_artifacts(self, store: int) -> list[LiveArtifact]:
        """List the live artifacts of a store, without those that a running execution gives.

        Of what importers named at one place, only the newest: earlier content was replaced, not damaged.
        """
        scan = self.scans[store]
        live = [artifact for artifact in scan.artifacts if artifact.state == "LIVE"]
        producers_of = {a.id: tuple(use for use in self.uses_of(a) if a.id in use.outputs) for a in live}
        settled = {
            artifact.id: artifact.record
            for artifact in sorted(live, key=lambda artifact: artifact.id)
            if not any(use.id in scan.in_progress for use in producers_of[artifact.id])
        }
        newest_at = {record.uri: number for number, record in settled.items() if number in scan.imported}
        return [
            LiveArtifact(store, record, producers_of[number], number in scan.imported)
            for number, record in settled.items()
            if number not in scan.imported or newest_at[record.uri] == number
        ]


def read_lineage(
    every: Sequence[ProjectRecords], now: datetime | None = None, *, mark_stale: bool = True
) -> Lineage:
    """Read all stores of a project; raises StoreUnavailableError for one that exists and cannot be read.

    Without `mark_stale` nothing is written: stale runs are not marked failed.
    """
    missing_stores(every)
    moment = now or datetime.now(timezone.utc)
    scans = (scan_store(each, n, moment, mark_stale=mark_stale) for n, each in enumerate(every))
    return Lineage(tuple(scans))


def missing_stores(every: Sequence[ProjectRecords]) -> list[Database]:
    """List the project's stores that do not exist; raises StoreUnavailableError for an unreadable one."""
    opened = {records.project.database for records in every}
    others = [database for database in every[0].project.databases if database not in opened]
    if unreadable := [database for database in others if database.is_there()]:
        raise StoreUnavailableError(
            f"the store {unreadable[0]} of this project cannot be read, so what it needs is unknown; "
            f"repair it, or remove it from {every[0].project.folder / 'stores.json'}"
        )
    return others
