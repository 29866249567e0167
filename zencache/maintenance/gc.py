"""Garbage collection: deletes the bytes of results that no kept run needs; see `docs/maintenance.md`.

Gc marks first and then reads the uses again. A run publishes its use first and then reads the marks
again. So one side always sees the other, and no lock between machines is needed.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from zencache.artifacts.staging import QUARANTINE
from zencache.errors import StoreUnavailableError
from zencache.maintenance.orphans import QUARANTINE_PERIOD, scan
from zencache.maintenance.retention import choose_deletable
from zencache.metadata import marks
from zencache.metadata.run_status import GRACE
from zencache.metadata.scan import copied_since, uris_of, used_since
from zencache.util.locks import StoreLock
from zencache.util.sizes import size_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from zencache.artifacts.orphan_candidates import OrphanCandidate
    from zencache.artifacts.store import ArtifactStore
    from zencache.config import Project
    from zencache.maintenance.inventory import StoredBlob
    from zencache.maintenance.lineage import ArtifactKey, Lineage
    from zencache.maintenance.orphans import InventoryReport
    from zencache.maintenance.retention import Criteria
    from zencache.metadata.scan import StoreScan
    from zencache.metadata.session import ProjectRecords

_MAX_LISTED = 20  # failures that are listed
_BATCH = 100  # folders that are deleted before that is recorded


@dataclass(frozen=True)
class CollectedResult:
    """An artifact that gc deleted, or would delete."""

    pipeline: str
    step: str
    run: str
    """The run that computed it."""
    output: str
    size: int
    last_used: datetime
    place: str
    """The folder on this machine, or the uri elsewhere."""


@dataclass(frozen=True)
class Collection:
    """What gc freed, or would free with `dry_run`."""

    results: tuple[CollectedResult, ...]
    leftovers: tuple[tuple[Path | str, int], ...]
    """Orphans with their sizes: paths on this machine, and uris elsewhere."""
    set_aside: tuple[tuple[Path | str, int], ...]
    """Whole artifacts without a record, with their sizes: moved to quarantine for 30 days, not freed."""
    left: int
    """The bytes of the artifacts that stay."""
    over: int
    """By how many bytes that is more than `max_size`."""
    notes: tuple[str, ...] = ()

    @property
    def freed(self) -> int:
        """All bytes that are freed."""
        return sum(result.size for result in self.results) + sum(size for _, size in self.leftovers)


def gc(every: Sequence[ProjectRecords], criteria: Criteria, *, dry_run: bool) -> Collection:
    """Delete what the criteria allow; see `Repository.gc`."""
    criteria.check()
    for records in every if not dry_run else ():
        records.metadata.check_writable()
    project, now = every[0].project, datetime.now(timezone.utc)
    with nullcontext() if dry_run else _gc_lock(project):
        report = scan(every, now)
        blobs: Sequence[StoredBlob] = choose_deletable(report.inventory, criteria, now)
        if not dry_run:
            blobs = _collect(report, blobs, now, every[0].metadata.artifacts)
    left = report.inventory.size - sum(blob.size for blob in blobs)
    over = max(0, left - criteria.max_size) if criteria.max_size is not None else 0
    orphans, unrecorded = _places(report.orphans), _places(report.unrecorded)
    notes = (*report.notes, *_note_of_unrecorded(unrecorded, dry_run=dry_run))
    return Collection(tuple(map(_result, blobs)), orphans, unrecorded, left, over, notes)


def _places(candidates: Iterable[OrphanCandidate]) -> tuple[tuple[Path | str, int], ...]:
    return tuple((candidate.place, candidate.size) for candidate in candidates)


def _note_of_unrecorded(unrecorded: Sequence[tuple[Path | str, int]], *, dry_run: bool) -> list[str]:
    if not unrecorded:
        return []
    verb = "would be" if dry_run else "were"
    size, (first, _) = size_text(sum(size for _, size in unrecorded)), unrecorded[0]
    note = (
        f"{len(unrecorded)} whole artifacts without a record, {size}, {verb} set aside in {QUARANTINE} "
        f"and go after {QUARANTINE_PERIOD.days} days, the first from {first}. If the records were lost, put "
        "them back from a backup"
    )
    return [note]


@contextmanager
def _gc_lock(project: Project) -> Iterator[None]:
    """Wait until no other gc runs in the project's folder."""
    with ExitStack() as stack:
        try:
            stack.enter_context(StoreLock(project.folder / "gc.lock"))
        except OSError as error:
            raise StoreUnavailableError(f"cannot write to the store {project.folder}: {error}") from error
        yield


def _result(blob: StoredBlob) -> CollectedResult:
    maker = blob.maker
    output = next((maker.outputs[a.id] for a in blob.artifacts if a.id in maker.outputs), "")
    return CollectedResult(
        maker.pipeline, maker.step, maker.run or "", output, blob.size, blob.last_used, blob.place
    )


# -- collecting ---------------------------------------------------------------------------------------


def _collect(
    report: InventoryReport, chosen: Sequence[StoredBlob], now: datetime, store: ArtifactStore
) -> list[StoredBlob]:
    """Delete what was chosen, and the orphans; raises StoreUnavailableError where that cannot be done now."""
    lineage = report.inventory.lineage
    failures: list[str] = []
    try:
        deleted = _delete_unused(lineage, chosen, now, failures)
        kept = {blob.place for blob in report.inventory.blobs} - {blob.place for blob in chosen}
        _finish_interrupted_gc(lineage, kept, now, failures)
        _clear_orphans(report, failures)
    except StoreUnavailableError as error:
        raise StoreUnavailableError(
            f"{error}; what gc marked stays marked, and the next `zencache cache gc` goes on from there"
        ) from error
    _forget_cached_copies(lineage, deleted, store)
    if failures:
        freed = size_text(sum(blob.size for blob in deleted))
        raise StoreUnavailableError(
            f"gc collected {len(deleted)} results, {freed}, and could not delete {len(failures)} places: "
            f"{'; '.join(failures[:_MAX_LISTED])}{'; …' if len(failures) > _MAX_LISTED else ''}. "
            "The next `zencache cache gc` tries them again"
        )
    return deleted


def _clear_orphans(report: InventoryReport, failures: list[str]) -> None:
    """Delete orphans and set whole artifacts aside; what cannot be moved on this machine is a failure."""
    removals = [(orphan, orphan.delete) for orphan in report.orphans]
    removals += [(orphan, orphan.set_aside or orphan.delete) for orphan in report.unrecorded]
    for orphan, remove in removals:
        try:
            remove()
        except FileNotFoundError:  # noqa: PERF203 - each is reported; another process was faster
            continue
        except (OSError, StoreUnavailableError) as error:
            if isinstance(orphan.place, str):  # a remote store that does not answer
                raise
            failures.append(str(error))


def _delete_unused(
    lineage: Lineage, blobs: Sequence[StoredBlob], now: datetime, failures: list[str]
) -> list[StoredBlob]:
    """Mark results, read their uses again, delete those that are still unused, and list these."""
    when = _local_time(now)
    for scanned, ids in _by_store(lineage, blobs):
        marks.mark_for_deletion(scanned.metadata, ids, when)
    used = _used_meanwhile(lineage, blobs)
    for scanned, ids in _by_store(lineage, [blob for blob in blobs if blob.place in used]):
        marks.unmark_for_deletion(scanned.metadata, ids)
    unused = [blob for blob in blobs if blob.place not in used]
    deleted: list[StoredBlob] = []
    for start in range(0, len(unused), _BATCH):
        failure_by_uri = _delete_bytes(lineage, unused[start : start + _BATCH])
        failures += failure_by_uri.values()
        batch = [
            blob
            for blob in unused[start : start + _BATCH]
            if blob.artifacts[0].record.uri not in failure_by_uri
        ]
        deleted += batch
        for scanned, ids in _by_store(lineage, batch):
            marks.mark_deleted(scanned.metadata, ids, when)
    return deleted


def _delete_bytes(lineage: Lineage, blobs: Sequence[StoredBlob]) -> dict[str, str]:
    """Delete the bytes of results; give by uri why some cannot be deleted."""
    failure_by_uri: dict[str, str] = {}
    first_artifacts = [blob.artifacts[0] for blob in blobs]
    for store, scanned in enumerate(lineage.scans):
        records = (artifact.record for artifact in first_artifacts if artifact.store == store)
        failure_by_uri |= scanned.metadata.artifacts.delete_all(records)
    return failure_by_uri


def _by_store(lineage: Lineage, blobs: Iterable[StoredBlob]) -> Iterator[tuple[StoreScan, list[int]]]:
    """Group the artifacts of blobs by store."""
    ids: dict[int, list[int]] = defaultdict(list)
    for artifact in (artifact for blob in blobs for artifact in blob.artifacts):
        ids[artifact.store].append(artifact.id)
    return ((lineage.scans[store], own_ids) for store, own_ids in ids.items())


def _used_meanwhile(lineage: Lineage, blobs: Sequence[StoredBlob]) -> set[str]:
    """List the places that an execution, or a copy in another store, uses since the scan."""
    place_of = {(a.store, a.id): blob.place for blob in blobs for a in blob.artifacts}
    used = {
        place_of[store, artifact_id]
        for store, scanned in enumerate(lineage.scans)
        for artifact_id in used_since(scanned, _ids_in(place_of, store))
    }
    if len(lineage.scans) > 1:
        for store, scanned in enumerate(lineage.scans):
            uris = uris_of(scanned.metadata, _ids_in(place_of, store))
            place_at = {uri: place_of[store, artifact_id] for artifact_id, uri in uris.items()}
            used |= {place_at[uri] for other in lineage.scans for uri in copied_since(other, place_at)}
    return used


def _ids_in(artifacts: Mapping[ArtifactKey, str], store: int) -> list[int]:
    return [artifact_id for artifact_store, artifact_id in artifacts if artifact_store == store]


def _finish_interrupted_gc(
    lineage: Lineage, kept: AbstractSet[str], now: datetime, failures: list[str]
) -> None:
    """Make live again what an interrupted gc marked, is kept and still exists; delete the rest of it."""
    when = _local_time(now)
    for scanned in lineage.scans:
        marked = [artifact for artifact in scanned.artifacts if artifact.is_marked and artifact.place in kept]
        # The gc of another machine that shares this store may be at work.
        abandoned = [a for a in marked if now - a.changed >= GRACE or not scanned.is_shared]
        store = scanned.metadata.artifacts
        whole = store.undeleted(artifact.record for artifact in abandoned)
        marks.unmark_for_deletion(scanned.metadata, [a.id for a in abandoned if a.record.uri in whole])
        gone = [artifact for artifact in abandoned if artifact.record.uri not in whole]
        failure_by_uri = store.delete_all(artifact.record for artifact in gone)
        failures += failure_by_uri.values()
        deleted_ids = [artifact.id for artifact in gone if artifact.record.uri not in failure_by_uri]
        marks.mark_deleted(scanned.metadata, deleted_ids, when)


def _forget_cached_copies(lineage: Lineage, deleted: Sequence[StoredBlob], store: ArtifactStore) -> None:
    """Delete cached copies of deleted remote results, unless another artifact has the same content."""
    deleted_places = {blob.place for blob in deleted}
    remaining = {
        artifact.record.digest
        for place, artifacts in lineage.artifacts_by_place.items()
        if place not in deleted_places
        for artifact in artifacts
    }
    for blob in deleted:
        digest = blob.artifacts[0].record.digest
        if digest not in remaining:
            store.forget_copy(blob.place, digest)


def _local_time(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
