"""The interface of artifact backends: what a folder of this machine and a remote object store have in common.

A backend is chosen by uri, in `factory` alone. Other packages call `ArtifactStore`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from zencache.artifacts.integrity import Damage, ValueDigest
    from zencache.artifacts.manifest import Manifest
    from zencache.artifacts.object_store import ObjectStore
    from zencache.artifacts.orphan_candidates import OrphanCandidate
    from zencache.model.records import ArtifactRecord


@dataclass(frozen=True)
class StoredArtifact:
    """An artifact that was just stored: its files on this machine, and what they hold."""

    folder: Path
    digest: str
    size: int


class ArtifactBackend(Protocol):
    """Where the bytes of artifacts are kept."""

    @property
    def objects(self) -> ObjectStore | None:
        """Access for TFX components, which reach this machine alone by themselves; None where they do."""

    @property
    def concurrency(self) -> int:
        """How many artifacts are worth being checked at once."""

    # -- places --

    def base(self) -> str:
        """Give the place below which runs put artifacts; raises SettingsError if it holds credentials."""

    def place(self, uri: str) -> str:
        """Give the one spelling of a uri: its folder on this machine, or its URL."""

    def folder(self, uri: str, digest: str) -> Path:
        """Give the folder of an artifact's files on this machine, whether they are there or not."""

    def is_run_root(self, root: str) -> bool:
        """Say whether a place with the name of a run's root can be one that a run of this machine made."""

    def has_link(self, root: str, names: Sequence[str]) -> bool:
        """Say whether a folder on the way from a root, along these names, is a symbolic link."""

    # -- checks --

    def problem(self, record: ArtifactRecord) -> str | None:
        """Say what is wrong with an artifact, by its sizes and manifest; None if nothing is.

        Reads no content. Raises StoreUnavailableError where a remote store does not answer.
        """

    def problems(self, records: Sequence[ArtifactRecord]) -> dict[str, str | None]:
        """Answer `problem` for many at once, by uri; empty where one call costs next to nothing."""

    def damage(
        self, record: ArtifactRecord, value_digest: ValueDigest, *, full: bool, manifest_required: bool
    ) -> Damage | None:
        """Say what is wrong with an artifact; with `full`, compare every byte. Changes and keeps nothing."""

    def manifest(self, uri: str) -> Manifest:
        """Describe what is at a uri now."""

    def folder_without_manifest(self, uri: str) -> Path | None:
        """Give the folder of an artifact that lacks the manifest which older formats did not write."""

    # -- reading --

    def reading(self, record: ArtifactRecord, value_digest: ValueDigest) -> AbstractContextManager[Path]:
        """Give an artifact's files as a folder of this machine, content checked, which stays there meanwhile.

        Raises ArtifactError if it is gone, or is not what was recorded.
        """

    def fetching(self, record: ArtifactRecord, value_digest: ValueDigest) -> AbstractContextManager[Path]:
        """Give the folder as `reading` does; content is checked only if it came over a network."""

    # -- writing --

    def work(self, uri: str) -> Path:
        """Give the folder of this machine where a step writes what will be at a uri."""

    def forget_work(self, uri: str) -> None:
        """Delete what a failed step wrote and no retry will use."""

    def put(self, uri: str, fill: Callable[[Path], object], value_digest: ValueDigest) -> StoredArtifact:
        """Have `fill` write an artifact's files, and put them at a uri whole or not at all.

        Files in the uri's `work` folder, where a step wrote itself, become part of it.
        """

    def blocks_put(self, record: ArtifactRecord) -> bool:
        """Say whether what is at an artifact's place has to be moved before another is put there."""

    # -- removing --

    def quarantine(self, record: ArtifactRecord) -> str | None:
        """Move a damaged artifact to where no look-up finds it, and say where; None if there is nothing."""

    def delete_all(self, records: Sequence[ArtifactRecord]) -> dict[str, str]:
        """Delete artifacts; one that is deleted in part is no artifact any more.

        Gives by uri why some cannot be deleted. Raises StoreUnavailableError where a store does not answer;
        the next call goes on from there.
        """

    def undeleted(self, records: Sequence[ArtifactRecord]) -> set[str]:
        """Give the uris of those that are there, damaged or not, and whose deletion has not begun."""

    def forget_copy(self, digest: str) -> None:
        """Delete this machine's copy of content that is kept nowhere else any more, unless it is in use."""

    # -- inventory and gc --

    def orphan_candidates(self, roots: Sequence[str]) -> Iterable[OrphanCandidate]:
        """List what is below the roots of runs: artifacts, and what was left beside them."""

    def quarantined(self, base: str) -> Iterable[OrphanCandidate]:
        """List the quarantined copies below a base."""

    def stored_size(self, place: str, recorded: int) -> int:
        """Give the bytes at a place: measured where that is cheap, else as recorded."""
