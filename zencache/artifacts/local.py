"""Artifacts in folders of this machine: one folder an artifact, written atomically, read-only afterwards."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.artifacts import local_files
from zencache.artifacts.integrity import NO_MANIFEST, Damage, check, difference, missing_error
from zencache.artifacts.manifest import Manifest, measure
from zencache.artifacts.protocol import StoredArtifact
from zencache.artifacts.staging import move_to_quarantine, write_artifact
from zencache.config import FOLDER
from zencache.errors import StoreUnavailableError
from zencache.model.names import is_one_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zencache.artifacts.integrity import ValueDigest
    from zencache.artifacts.orphan_candidates import OrphanCandidate
    from zencache.config import Project
    from zencache.model.records import ArtifactRecord

_PROJECT_ARTIFACTS = f"/{FOLDER}/artifacts/"
_REFUSED = Path(os.devnull, "refused")
"""A folder that can never be there."""
_MISSING = (FileNotFoundError, NotADirectoryError)


class LocalBackend:
    """The `ArtifactBackend` of folders, in the project or wherever the artifact store's setting says."""

    objects = None
    concurrency = os.cpu_count() or 1

    def __init__(self, project: Project) -> None:
        self._project = project

    # -- places -------------------------------------------------------------------------------

    def base(self) -> str:
        """Give the project's folder of artifacts, or the one that the setting names."""
        return str(self._project.artifacts)

    def place(self, uri: str) -> str:
        """Give the folder of a uri as text."""
        return str(self.folder(uri))

    def folder(self, uri: str, digest: str = "") -> Path:  # noqa: ARG002 - the place decides, not the content
        """Give the folder of a uri, also when the project was moved since it was written.

        Folders that a shared metadata store names do not move with a project. A uri that leads out of the
        folder that it names gives one that is never there.
        """
        _, mark, rest = uri.partition(_PROJECT_ARTIFACTS)
        if "\0" in uri or (mark and not all(map(is_one_folder, rest.rstrip("/").split("/")))):
            return _REFUSED
        if mark and not self._project.database.is_server:
            return self._project.own_artifacts / rest
        return Path(uri.removeprefix("file://")).absolute()

    def is_run_root(self, root: str) -> bool:
        """Say whether it is a folder, and no link: only this machine's runs make folders here."""
        return Path(root).is_dir() and not Path(root).is_symlink()

    def has_link(self, root: str, names: Sequence[str]) -> bool:
        """Say whether a folder on the way is a symbolic link."""
        return any(Path(root, *names[: count + 1]).is_symlink() for count in range(len(names)))

    # -- checks -------------------------------------------------------------------------------

    def problem(self, record: ArtifactRecord) -> str | None:
        """Compare the size of the files with the record; artifacts of our own also need their manifest."""
        try:
            size, has_manifest = measure(str(record.folder))
        except OSError:
            return "is missing or damaged"
        if size != record.size:
            return "is missing or damaged"
        return None if has_manifest or not record.materializer else NO_MANIFEST

    def problems(self, records: Sequence[ArtifactRecord]) -> dict[str, str | None]:  # noqa: ARG002 - cheap
        """Answer nothing ahead of `problem`, which costs next to nothing."""
        return {}

    def damage(
        self, record: ArtifactRecord, value_digest: ValueDigest, *, full: bool, manifest_required: bool
    ) -> Damage | None:
        """Look at the files of an artifact; with `full`, read them all."""
        if str(record.folder).startswith(os.devnull):
            return Damage("its record leads to where no artifact is")
        try:
            wrong = self._wrong(record, value_digest, full=full, manifest_required=manifest_required)
        except _MISSING:
            wrong = "is missing"
        except PermissionError as error:
            return Damage(f"cannot be read: {error.strerror}", is_certain=False)
        except OSError as error:
            wrong = f"cannot be read: {error.strerror}"
        return Damage(wrong) if wrong else None

    def _wrong(
        self, record: ArtifactRecord, value_digest: ValueDigest, *, full: bool, manifest_required: bool
    ) -> str | None:
        if not record.materializer and not record.size and not record.folder.exists():
            return None  # an empty output of a TFX component may be gone
        size, has_manifest = measure(str(record.folder))
        if record.materializer and not has_manifest and manifest_required:
            return NO_MANIFEST
        is_whole = size == record.size
        if is_whole and not full:
            return None
        return difference(record.folder, record.digest, value_digest) or (
            None if is_whole else f"has {size} bytes, not {record.size}"
        )

    def manifest(self, uri: str) -> Manifest:
        """Digest what is at a uri now."""
        return Manifest.of(self.folder(uri))

    def folder_without_manifest(self, uri: str) -> Path | None:
        """Give the folder of an artifact, there or not, unless it has a manifest."""
        folder = self.folder(uri)
        try:
            return None if measure(str(folder))[1] else folder
        except OSError:  # it is gone
            return folder

    # -- reading ------------------------------------------------------------------------------

    @contextmanager
    def reading(self, record: ArtifactRecord, value_digest: ValueDigest) -> Iterator[Path]:
        """Give an artifact's own folder, its content checked."""
        try:
            check(record.folder, record.digest, name=record.name, value_digest=value_digest)
            yield record.folder
        except FileNotFoundError as error:
            if record.folder.exists():
                raise
            raise missing_error(record.name, record.folder) from error  # another reader has moved it

    @contextmanager
    def fetching(
        self,
        record: ArtifactRecord,
        value_digest: ValueDigest,  # noqa: ARG002 - nothing came over a network
    ) -> Iterator[Path]:
        """Give an artifact's own folder, whatever is in it."""
        yield record.folder

    # -- writing ------------------------------------------------------------------------------

    def work(self, uri: str) -> Path:
        """Give the artifact's own folder: `put` takes what is there."""
        return Path(uri)

    def forget_work(self, uri: str) -> None:
        """Leave it to TFX's launcher, which removes the outputs of a failed step."""

    def put(self, uri: str, fill: Callable[[Path], object], value_digest: ValueDigest) -> StoredArtifact:
        """Write an artifact atomically and durably."""
        target = Path(uri)
        manifest = write_artifact(target, fill, root=self._project.artifacts)
        return StoredArtifact(target, value_digest(target) or manifest.digest, manifest.size)

    def blocks_put(self, record: ArtifactRecord) -> bool:
        """Say whether its folder is there: its files would become part of the next artifact."""
        return record.folder.exists()

    # -- removing -----------------------------------------------------------------------------

    def quarantine(self, record: ArtifactRecord) -> str | None:
        """Move the folder below the quarantine of its root."""
        try:
            return str(self._move_to_quarantine(record.folder))
        except _MISSING:  # it is gone, or another reader was faster
            return None

    def _move_to_quarantine(self, folder: Path) -> Path:
        own = self._project.own_artifacts
        return move_to_quarantine(folder, own if folder.is_relative_to(own) else self._project.artifacts)

    def delete_all(self, records: Sequence[ArtifactRecord]) -> dict[str, str]:
        """Delete folders, or the single files that some TFX artifacts are; go on past each failure."""
        failure_by_uri = {}
        for record in records:
            try:
                local_files.delete(record.folder)
            except StoreUnavailableError as error:  # noqa: PERF203 - each is reported
                failure_by_uri[record.uri] = str(error)
        return failure_by_uri

    def undeleted(self, records: Sequence[ArtifactRecord]) -> set[str]:
        """Give the uris of those whose folder is there: it is renamed before it is deleted."""
        return {record.uri for record in records if record.folder.exists()}

    def forget_copy(self, digest: str) -> None:
        """Do nothing: artifacts of this machine have no copies."""

    # -- inventory and gc --------------------------------------------------------------------

    def orphan_candidates(self, roots: Sequence[str]) -> Iterator[OrphanCandidate]:
        """List artifacts, staging folders, trash and working folders below roots."""
        from zencache.artifacts.orphan_candidates import local_candidates  # noqa: PLC0415 - only gc lists orphans

        set_aside = self._move_to_quarantine
        return (candidate for root in roots for candidate in local_candidates(Path(root), set_aside))

    def quarantined(self, base: str) -> Iterator[OrphanCandidate]:
        """List the copies in the quarantine folder of a base."""
        from zencache.artifacts.orphan_candidates import local_quarantine  # noqa: PLC0415 - likewise

        return local_quarantine(Path(base))

    def stored_size(self, place: str, recorded: int) -> int:  # noqa: ARG002 - measuring is cheap
        """Measure the bytes at a place."""
        return local_files.size_of(Path(place))
