"""Checks the bytes of live artifacts against their records, several artifacts at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zencache.artifacts.integrity import unchecked
from zencache.errors import MaterializerError, StoreUnavailableError
from zencache.materializers import load_materializer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from zencache.artifacts.integrity import Damage, ValueDigest
    from zencache.config import Project
    from zencache.maintenance.lineage import LiveArtifact
    from zencache.metadata.session import ProjectRecords

    Progress = Callable[[int, int, int, int], None]
    """Artifacts that were checked, of how many; their bytes, of how many."""


@dataclass(frozen=True)
class DamagedArtifact:
    """An artifact that is not what was recorded."""

    artifact: LiveArtifact
    damage: Damage
    records: ProjectRecords
    """The store that has it."""

    @property
    def key(self) -> tuple[int, int]:
        """Its store's number, and its id."""
        return self.artifact.store, self.artifact.record.id


def check_mounted(project: Project) -> None:
    """Raise StoreUnavailableError where the folder of artifacts does not exist: nothing in it is damaged."""
    if not project.artifacts.is_dir():
        raise StoreUnavailableError(
            f"the folder of artifacts {project.artifacts} is not there; mount it, or correct artifact_store. "
            "If it is gone for good, make it, empty, and verify again"
        )


def find_damaged(
    every: Sequence[ProjectRecords],
    artifacts: Sequence[LiveArtifact],
    *,
    full: bool,
    progress: Progress | None,
) -> list[DamagedArtifact]:
    """Check artifacts, and list the damaged ones by store and id; with `full`, every byte is read.

    What gc, or a load that failed, marked since the records were read is left out.
    """
    damaged = [
        DamagedArtifact(artifact, wrong, every[artifact.store])
        for artifact, wrong in _damages(every, artifacts, full=full, progress=progress)
    ]
    marked = {
        (store, artifact_id)
        for store, records in enumerate(every)
        for artifact_id in records.metadata.artifact_records.not_live(
            each.artifact.record.id for each in damaged if each.artifact.store == store
        )
    }
    return sorted((each for each in damaged if each.key not in marked), key=lambda each: each.key)


def value_digest(materializer: str) -> ValueDigest:
    """Load the function by which a materializer digests a value; what runs code is digested by its bytes."""
    try:
        loaded = load_materializer(materializer, allow_pickle=True) if materializer else None
    except Exception:  # noqa: BLE001 - importing users' modules may raise anything
        return _cannot_digest
    return loaded.digest if loaded is not None and not loaded.runs_code else unchecked


def _cannot_digest(folder: Path) -> str | None:
    raise MaterializerError(f"nothing here can name the value in {folder}")


def _damages(
    every: Sequence[ProjectRecords],
    artifacts: Sequence[LiveArtifact],
    *,
    full: bool,
    progress: Progress | None,
) -> Iterator[tuple[LiveArtifact, Damage]]:
    digest_of = {path: value_digest(path) for path in {each.record.materializer for each in artifacts}}
    thread_count = every[0].metadata.artifacts.concurrency(artifact.record for artifact in artifacts)
    with ThreadPoolExecutor(thread_count) as threads:
        jobs = {threads.submit(_damage, every, each, digest_of, full=full): each for each in artifacts}
        total, count, size = sum(each.record.size for each in artifacts), 0, 0
        try:
            for job in as_completed(jobs):
                artifact, wrong = jobs[job], job.result()
                count, size = count + 1, size + artifact.record.size
                if progress:
                    progress(count, len(jobs), size, total)
                if wrong:
                    yield artifact, wrong
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def _damage(
    every: Sequence[ProjectRecords],
    artifact: LiveArtifact,
    digest_of: Mapping[str, ValueDigest],
    *,
    full: bool,
) -> Damage | None:
    store, record = every[artifact.store].metadata.artifacts, artifact.record
    return store.damage(record, digest_of[record.materializer], full=full)
