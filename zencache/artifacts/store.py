"""The artifacts of a project by their records, whichever backend has their bytes; other packages call it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING

from zencache.artifacts.factory import Backends
from zencache.artifacts.integrity import Damage, read_checked, unchecked, value_digest_or_error
from zencache.errors import MaterializerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from zencache.artifacts.integrity import ValueDigest
    from zencache.artifacts.manifest import Manifest
    from zencache.artifacts.object_store import ObjectStore
    from zencache.artifacts.orphan_candidates import OrphanCandidate
    from zencache.artifacts.ownership import OwnedRoots
    from zencache.artifacts.protocol import StoredArtifact
    from zencache.config import Project
    from zencache.model.records import ArtifactRecord
    from zencache.util.backoff import Retry


class ArtifactStore:
    """A project's artifacts: checked, read, written and deleted by the backend of each uri.

    >>> from zencache.config import create_project
    >>> from pathlib import Path
    >>> store = ArtifactStore(create_project(Path.cwd()))
    >>> stored = store.put(f"{store.root()}/load/output/1", lambda folder: (folder / "a.txt").write_text("a"))
    >>> stored.size, sorted(path.name for path in stored.folder.iterdir())
    (1, ['.zencache-manifest.json', 'a.txt'])
    """

    def __init__(self, project: Project, retry: Retry | None = None) -> None:
        self.project = project
        self.lacks_manifests = False
        """Whether the records are of a format without manifests; the next run adds them."""
        self._backends = Backends(project, retry)
        self.cache = self._backends.cache

    @cached_property
    def _owned(self) -> OwnedRoots:
        from zencache.artifacts.ownership import OwnedRoots  # noqa: PLC0415 - only removals ask

        return OwnedRoots.of(self.project)

    # -- places -------------------------------------------------------------------------------

    def root(self) -> str:
        """Give a root for the artifacts of a new run.

        Only runs in the project's own file of records share a root, the project's folder. Elsewhere each run
        has a root of its own: the numbers of executions, which name artifacts below it, are unique only in
        one metadata store.
        """
        setting = self.project.artifact_store
        if setting is None and self.project.database == self.project.default_database:
            return str(self.project.artifacts)
        return f"{self._backends.of(setting or '').base()}/_{os.urandom(8).hex()}"

    def root_for_components(self, root: str) -> str:
        """Give the root on this machine for what TFX components of a run read or write."""
        if self._backends.of(root).objects is None:
            return root
        here = str(self.project.artifacts)
        return f"{here}/{root.rpartition('/')[2]}" if self.project.database.is_server else here

    def objects(self, root: str) -> ObjectStore | None:
        """Give access to what is below a root, for TFX; None where TFX's own file systems have it."""
        return self._backends.of(root).objects

    def place(self, uri: str) -> str:
        """Give the one spelling of a uri: its folder on this machine, or its URL."""
        return self._backends.of(uri).place(uri)

    def folder(self, uri: str, digest: str) -> Path:
        """Give the folder of an artifact's files on this machine, whether they are there or not."""
        return self._backends.of(uri).folder(uri, digest)

    # -- checks -------------------------------------------------------------------------------

    def problem(self, record: ArtifactRecord) -> str | None:
        """Say what is wrong with an artifact, by its sizes and manifest; None if nothing is.

        Reads no content. Raises StoreUnavailableError where a remote store does not answer.
        """
        return self._backends.of(record.uri).problem(record)

    def problem_for_components(self, record: ArtifactRecord) -> str | None:
        """Say why TFX components cannot read an artifact, wherever it is; None if they can."""
        is_readable = self._backends.of(record.uri).objects is None
        return None if is_readable else "is in a store that TFX components do not read"

    def problems(self, records: Iterable[ArtifactRecord]) -> dict[str, str | None]:
        """Answer `problem` by uri for the artifacts that are cheaper to ask for at once; leave out others."""
        problem_by_uri: dict[str, str | None] = {}
        for backend, group in self._backends.grouped(records, _uri):
            problem_by_uri |= backend.problems(list({record.uri: record for record in group}.values()))
        return problem_by_uri

    def is_checkable(self, record: ArtifactRecord) -> bool:
        """Say whether its record has a digest of files that can be read here, not by TFX components alone."""
        is_readable = bool(record.materializer) or self._backends.of(record.uri).objects is None
        return is_readable and bool(record.digest)

    def damage(self, record: ArtifactRecord, value_digest: ValueDigest, *, full: bool) -> Damage | None:
        """Describe what is wrong with an artifact; with `full`, every byte is compared.

        Changes nothing, and neither asks nor fills the read cache. Raises StoreUnavailableError where a
        remote store does not answer.
        """
        compare = partial(value_digest_or_error, record, value_digest)
        required = not self.lacks_manifests
        try:
            return self._backends.of(record.uri).damage(
                record, compare, full=full, manifest_required=required
            )
        except MaterializerError:
            reason = f"{record.materializer} cannot be used here; install what it needs"
            return Damage(f"cannot be compared with its record: {reason}", is_certain=False)

    def concurrency(self, records: Iterable[ArtifactRecord]) -> int:
        """Say how many of these artifacts are worth being checked at once."""
        return max((backend.concurrency for backend, _ in self._backends.grouped(records, _uri)), default=1)

    def manifest(self, uri: str) -> Manifest:
        """Describe what is at a uri now."""
        return self._backends.of(uri).manifest(uri)

    def folder_without_manifest(self, uri: str) -> Path | None:
        """Give the folder of an artifact that lacks the manifest which older formats did not write."""
        return self._backends.of(uri).folder_without_manifest(uri)

    # -- reading ------------------------------------------------------------------------------

    @contextmanager
    def reading(self, record: ArtifactRecord, value_digest: ValueDigest = unchecked) -> Iterator[Path]:
        """Give an artifact's files as a folder of this machine, content checked, which stays there meanwhile.

        Raises ArtifactError if it is gone, or is not what was recorded.
        """
        with self._backends.of(record.uri).reading(record, value_digest) as folder:
            yield folder

    def read_into_memory(self, record: ArtifactRecord) -> dict[str, bytes]:
        """Give the very bytes that were compared with the record, by file; raises as `reading` does."""
        with self._backends.of(record.uri).fetching(record, unchecked) as folder:
            return read_checked(folder, record.digest, name=record.name)

    def fetch(self, record: ArtifactRecord, value_digest: ValueDigest = unchecked) -> Path:
        """Give an artifact's files as a folder of this machine; checked if they came over a network.

        In the read cache they stay until others need the room, or to the end of a `keep_cached`.
        """
        with self._backends.of(record.uri).fetching(record, value_digest) as folder:
            return folder

    # -- writing ------------------------------------------------------------------------------

    def work(self, uri: str) -> Path:
        """Give the folder of this machine where a step writes what will be at a uri."""
        return self._backends.of(uri).work(uri)

    def forget_work(self, uri: str) -> None:
        """Delete what a failed step wrote and no retry will use."""
        self._backends.of(uri).forget_work(uri)

    def put(
        self, uri: str, fill: Callable[[Path], object], value_digest: ValueDigest = unchecked
    ) -> StoredArtifact:
        """Have `fill` write an artifact's files, and put them at a uri whole or not at all.

        Files in the uri's `work` folder, where a step wrote itself, become part of it.
        """
        return self._backends.of(uri).put(uri, fill, value_digest)

    def blocks_put(self, record: ArtifactRecord) -> bool:
        """Say whether what is at an artifact's place has to be moved before another is put there."""
        return self._backends.of(record.uri).blocks_put(record)

    # -- removing -----------------------------------------------------------------------------

    def quarantine(self, record: ArtifactRecord) -> str | None:
        """Move a damaged artifact to where no look-up finds it, and say where; None if there is nothing.

        What a record names outside of the places where runs put artifacts stays where it is: None as well.
        """
        if not self._owned.may_be_output(self.place(record.uri)):
            return None
        return self._backends.of(record.uri).quarantine(record)

    def delete_all(self, records: Iterable[ArtifactRecord]) -> dict[str, str]:
        """Delete artifacts; give by uri why some local ones cannot be deleted.

        Raises StoreUnavailableError where a remote store fails; the next call goes on from there.
        """
        failure_by_uri: dict[str, str] = {}
        for backend, group in self._backends.grouped(records, _uri):
            failure_by_uri |= backend.delete_all(group)
        return failure_by_uri

    def undeleted(self, records: Iterable[ArtifactRecord]) -> set[str]:
        """Give the uris of those that are there, damaged or not, and whose deletion has not begun."""
        groups = self._backends.grouped(records, _uri)
        return {uri for backend, group in groups for uri in backend.undeleted(group)}

    def forget_copy(self, place: str, digest: str) -> None:
        """Delete this machine's copy of what was deleted at a place, unless it is in use."""
        self._backends.of(place).forget_copy(digest)

    # -- inventory and gc --------------------------------------------------------------------

    def project_candidates(self) -> Iterator[OrphanCandidate]:
        """List candidates in the project's folder: working folders, partial fetches, local artifacts.

        Of a project on a server no artifacts are listed: an SQLite file that it had before may name them.
        """
        from zencache.artifacts.local_files import children  # noqa: PLC0415 - only gc lists orphans
        from zencache.artifacts.orphan_candidates import working_folder  # noqa: PLC0415 - likewise

        for path in children(self.project.work):
            yield working_folder(path)
        yield from self.cache.partial_fetches()
        if not self.project.database.is_server:
            yield from self._backends.local.orphan_candidates([str(self.project.own_artifacts)])

    def orphan_candidates(self, roots: Iterable[str]) -> list[OrphanCandidate]:
        """List what is below the roots of runs: artifacts, and what was left beside them."""
        groups = self._backends.grouped(roots, str)
        return [candidate for backend, group in groups for candidate in backend.orphan_candidates(group)]

    def quarantined(self, base: str) -> list[OrphanCandidate]:
        """List the quarantined copies below a base."""
        return list(self._backends.of(base).quarantined(base))

    def stored_size(self, place: str, recorded: int) -> int:
        """Give the bytes at a place: measured where that is cheap, else as recorded."""
        return self._backends.of(place).stored_size(place, recorded)


def _uri(record: ArtifactRecord) -> str:
    return record.uri
