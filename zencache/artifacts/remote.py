"""Artifacts in a remote store (S3, GCS, Azure, whatever fsspec knows), as objects below a URL.

::

    s3://bucket/prefix/<run's root>/<step>/<output>/<execution>/…                    the files of an artifact
    s3://bucket/prefix/<run's root>/<step>/<output>/<execution>/.zencache-manifest.json   written last
    s3://bucket/prefix/.quarantine/…                                                 damaged copies, kept

A step writes into a folder of this machine. Its files are digested and uploaded, many at once, then the
manifest: without it the objects are no artifact. A file that is there already, by size and checksum, is not
uploaded again. Reading fetches the files into the read cache; an interrupted fetch resumes where it ended.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.artifacts import object_store
from zencache.artifacts.filesystems import checked
from zencache.artifacts.integrity import CONTENT_CHANGED, NO_MANIFEST, Damage, changed_error, check
from zencache.artifacts.manifest import MANIFEST, Manifest
from zencache.artifacts.object_store import (
    CONCURRENT_REQUESTS,
    MISSING,
    ObjectStore,
    in_parallel,
    is_uploaded,
)
from zencache.artifacts.orphan_candidates import remote_candidates, remote_quarantine
from zencache.artifacts.protocol import StoredArtifact
from zencache.artifacts.staging import QUARANTINE, make_read_only, write_artifact
from zencache.errors import ArtifactError, StoreUnavailableError
from zencache.util.hashing import file_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from zencache.artifacts.integrity import ValueDigest
    from zencache.artifacts.orphan_candidates import OrphanCandidate
    from zencache.artifacts.read_cache import ReadCache
    from zencache.config import Project
    from zencache.model.records import ArtifactRecord
    from zencache.util.backoff import Retry


class RemoteBackend:
    """The `ArtifactBackend` of URLs."""

    concurrency = CONCURRENT_REQUESTS

    def __init__(self, project: Project, cache: ReadCache, retry: Retry | None = None) -> None:
        self._project = project
        self._cache = cache
        self.objects = ObjectStore(project, retry)

    # -- places -------------------------------------------------------------------------------

    def base(self) -> str:
        """Give the URL of the project's artifact store; raises SettingsError if it holds credentials."""
        return checked(self._project.artifact_store or "")

    def place(self, uri: str) -> str:
        """Give the uri without a slash at its end."""
        return uri.rstrip("/")

    def folder(self, uri: str, digest: str) -> Path:  # noqa: ARG002 - equal content has one copy
        """Give the folder of the read cache for a content digest."""
        return self._cache.place(digest)

    def is_run_root(self, root: str) -> bool:  # noqa: ARG002 - the same for all roots
        """Say yes: all machines see the same objects."""
        return True

    def has_link(self, root: str, names: Sequence[str]) -> bool:  # noqa: ARG002 - the same everywhere
        """Say no: object stores have no links."""
        return False

    # -- checks -------------------------------------------------------------------------------

    def problem(self, record: ArtifactRecord) -> str | None:
        """Compare the sizes of the objects with the record, with one request: their listing."""
        if not record.materializer:
            return "is kept where only TFX reads it"
        sizes = self._sizes(record.uri)
        if not sizes:
            return "is missing"
        if sizes.pop(MANIFEST, None) is None:
            return NO_MANIFEST
        return None if sum(sizes.values()) == record.size else "is missing or damaged"

    def problems(self, records: Sequence[ArtifactRecord]) -> dict[str, str | None]:
        """Ask for many at once."""
        return dict(zip([record.uri for record in records], in_parallel(self.problem, records), strict=True))

    def damage(
        self,
        record: ArtifactRecord,
        value_digest: ValueDigest,
        *,
        full: bool,
        manifest_required: bool,  # noqa: ARG002 - every format wrote manifests here
    ) -> Damage | None:
        """Look at the objects of an artifact; with `full`, read every byte, and keep nothing of it."""
        wrong = self.problem(record) or (self._content_problem(record, value_digest) if full else None)
        return Damage(wrong) if wrong else None

    def _content_problem(self, record: ArtifactRecord, value_digest: ValueDigest) -> str | None:
        try:
            manifest = self._read_manifest(record.uri)
        except MISSING:
            return NO_MANIFEST
        except ValueError as error:
            return f"{MANIFEST} cannot be used: {error}"
        for name, size, digest in manifest.files:
            hasher = blake3()
            for part in self.objects.read_parts(record.uri, name, size):
                hasher.update(part)
            if hasher.hexdigest() != digest:
                return f"{name} is missing, or its content changed"
        if manifest.digest == record.digest:
            return None
        return None if self._value_digest(record, value_digest) == record.digest else CONTENT_CHANGED

    def _value_digest(self, record: ArtifactRecord, value_digest: ValueDigest) -> str | None:
        """Have a materializer digest a value, for which it needs the files."""
        self._project.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._project.work) as folder:
            self._fetch_into(record, Path(folder))
            return value_digest(Path(folder))

    def manifest(self, uri: str) -> Manifest:
        """Describe the output of a TFX component: its files are not read here, so its uri stands for them."""
        return Manifest(((uri, 0, ""),))

    def folder_without_manifest(self, uri: str) -> Path | None:  # noqa: ARG002 - the same everywhere
        """Give None: every format wrote manifests here."""
        return None

    def _sizes(self, uri: str) -> dict[str, int]:
        return {name: info["size"] for name, info in self.objects.listing(uri).items()}

    # -- reading ------------------------------------------------------------------------------

    @contextmanager
    def reading(self, record: ArtifactRecord, value_digest: ValueDigest) -> Iterator[Path]:
        """Give a folder of the read cache, its content checked, which stays there meanwhile.

        A damaged copy of this machine is fetched again; damage in the store raises ArtifactError.
        """
        with contextlib.ExitStack() as stack:
            yield self._cached(record, value_digest, stack) or self._fetched(record, value_digest, stack)

    fetching = reading

    def _cached(
        self, record: ArtifactRecord, value_digest: ValueDigest, stack: contextlib.ExitStack
    ) -> Path | None:
        folder = stack.enter_context(self._cache.using(record.digest))
        if folder is None:
            return None
        try:
            check(folder, record.digest, name=record.name, value_digest=value_digest)
        except ArtifactError:
            self._cache.discard(record.digest)
            return None
        return folder

    def _fetched(
        self, record: ArtifactRecord, value_digest: ValueDigest, stack: contextlib.ExitStack
    ) -> Path:
        while True:
            with self._cache.filling(record.digest) as partial:
                if partial is not None:
                    self._fill(record, partial, value_digest)
            folder = stack.enter_context(self._cache.using(record.digest))
            if folder is not None:  # else another process needed the room at once
                self._cache.shrink()
                return folder

    def _fill(self, record: ArtifactRecord, partial: Path, value_digest: ValueDigest) -> None:
        try:
            self._fetch_into(record, partial)
            _compare(record, partial, value_digest)
        except (ArtifactError, StoreUnavailableError):
            raise
        except OSError as error:
            raise StoreUnavailableError(
                f"cannot keep the artifact {record.name} in the read cache {partial.parent}: {error}"
            ) from error

    def _fetch_into(self, record: ArtifactRecord, partial: Path) -> None:
        """Fetch the files that a folder lacks; an interrupted fetch may have filled it in part."""
        manifest = self._manifest_of(record)
        # Asked beforehand: each backend has an error of its own for a range beyond the end.
        sizes = self._sizes(record.uri)
        for name, size, _ in manifest.files:
            if sizes.get(name) != size:
                wrong = f"has {sizes[name]} bytes, not {size}" if name in sizes else "is missing"
                raise changed_error(record.name, record.uri, f"{name} {wrong}")
        _remove_others(partial, manifest)
        in_parallel(lambda file: self._fetch_file(record, partial, *file), manifest.files)
        for name in manifest.folders:
            (partial / name).mkdir(parents=True, exist_ok=True)
        (partial / MANIFEST).write_bytes(manifest.to_json())
        (partial / MANIFEST).chmod(0o444)

    def _read_manifest(self, uri: str) -> Manifest:
        return Manifest.from_json(self.objects.read(uri, MANIFEST))

    def _manifest_of(self, record: ArtifactRecord) -> Manifest:
        try:
            return self._read_manifest(record.uri)
        except MISSING as error:
            raise ArtifactError(
                f"the artifact {record.name} is gone from {record.uri}, or has no manifest; "
                "run the pipeline again to recompute it"
            ) from error
        except ValueError as error:
            raise changed_error(record.name, record.uri, f"{MANIFEST} cannot be used: {error}") from error

    def _fetch_file(self, record: ArtifactRecord, partial: Path, name: str, size: int, digest: str) -> None:
        """Fetch a file, or the rest of it; if the whole is wrong then, fetch it again from the start."""
        target = partial / name
        target.parent.mkdir(parents=True, exist_ok=True)
        for is_last in (not target.exists(), True):
            wrong = self._resume(record, target, name, size)
            if not wrong and file_digest(target) == digest:
                make_read_only(target)
                return
            target.unlink()
            if is_last:
                raise changed_error(record.name, record.uri, wrong or f"{name}: {CONTENT_CHANGED}")

    def _resume(self, record: ArtifactRecord, target: Path, name: str, size: int) -> str | None:
        target.touch()
        target.chmod(0o644)
        with target.open("r+b") as file:
            while (start := file.seek(0, 2)) < size:
                end = min(size, start + object_store.PART)
                data = self.objects.read_range(record.uri, name, start, end)
                if not data:
                    return f"{name} is missing or has fewer than {size} bytes"
                file.write(data)
        return None if start == size else f"{name} has more than {size} bytes"

    # -- writing ------------------------------------------------------------------------------

    def work(self, uri: str) -> Path:
        """Give the folder where a step writes before the upload."""
        folder = self._work(uri)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def forget_work(self, uri: str) -> None:
        """Delete that folder."""
        shutil.rmtree(self._work(uri), ignore_errors=True)

    def _work(self, uri: str) -> Path:
        return self._project.work / blake3(uri.encode()).hexdigest()[:32]

    def put(self, uri: str, fill: Callable[[Path], object], value_digest: ValueDigest) -> StoredArtifact:
        """Have `fill` write an artifact's files, and upload them, the manifest last."""
        work = self._work(uri)
        try:
            manifest = write_artifact(work, fill, durable=False)
            digest = value_digest(work) or manifest.digest
            self._upload(uri, work, manifest)
            return StoredArtifact(self._cache.adopt(work, digest), digest, manifest.size)
        finally:
            self.forget_work(uri)

    def _upload(self, uri: str, folder: Path, manifest: Manifest) -> None:
        info_by_name = self._remove_unused(uri, manifest)
        names = [
            name
            for name, size, _ in manifest.files
            if not is_uploaded(folder / name, size, info_by_name.get(name))
        ]

        def upload(name: str) -> None:
            self.objects.request(uri, lambda fs, path: fs.put_file(str(folder / name), path), name)

        try:
            in_parallel(upload, names)
            self.objects.request(uri, lambda fs, path: fs.pipe_file(path, manifest.to_json()), MANIFEST)
        except MISSING as error:  # there is no such bucket
            raise StoreUnavailableError(
                f"cannot store an artifact at {uri}: {error}. Make the bucket, or correct artifact_store"
            ) from error

    def _remove_unused(self, uri: str, manifest: Manifest) -> dict[str, Mapping[str, Any]]:
        """Delete files of an earlier attempt that this artifact lacks; give those that remain."""
        info_by_name = self.objects.listing(uri)
        used = {name for name, _, _ in manifest.files}
        self.objects.remove(uri, [name for name in info_by_name if name not in used])
        return {name: info for name, info in info_by_name.items() if name in used}

    def blocks_put(self, record: ArtifactRecord) -> bool:  # noqa: ARG002 - the same everywhere
        """Say no: an upload replaces what is there."""
        return False

    # -- removing -----------------------------------------------------------------------------

    def quarantine(self, record: ArtifactRecord) -> str | None:
        """Move an artifact's objects below the quarantine of their store."""
        return self._move_to_quarantine(record.uri)

    def _move_to_quarantine(self, uri: str) -> str | None:
        names = self.objects.listing(uri)
        if not names:
            return None
        place = f"{self._quarantine(uri)}.{os.urandom(4).hex()}"
        _, source = self.objects.at(uri)

        def copy(fs: Any, target: str, name: str) -> None:
            fs.makedirs(target.rpartition("/")[0], exist_ok=True)
            fs.cp_file(f"{source}/{name}", target)

        in_parallel(
            lambda name: self.objects.request(place, lambda fs, target: copy(fs, target, name), name), names
        )
        self.objects.remove_all(uri)
        return place

    def _quarantine(self, uri: str) -> str:
        base = (self._project.artifact_store or "").rstrip("/")
        if not uri.startswith(f"{base}/"):
            base = uri.rpartition("/")[0]
        return f"{base}/{QUARANTINE}/{uri.removeprefix(base).strip('/')}"

    def delete_all(self, records: Sequence[ArtifactRecord]) -> dict[str, str]:
        """Delete the objects of artifacts, several artifacts at once; a store that fails ends it."""
        in_parallel(lambda record: self.objects.remove_all(record.uri), records)
        return {}

    def undeleted(self, records: Sequence[ArtifactRecord]) -> set[str]:
        """Give the uris of those that have their manifest, which is deleted first."""
        has_manifest = in_parallel(lambda record: MANIFEST in self.objects.listing(record.uri), records)
        return {record.uri for record, is_there in zip(records, has_manifest, strict=True) if is_there}

    def forget_copy(self, digest: str) -> None:
        """Delete the read cache's copy of a digest, unless it is in use."""
        self._cache.forget(digest)

    # -- inventory and gc --------------------------------------------------------------------

    def orphan_candidates(self, roots: Sequence[str]) -> Iterator[OrphanCandidate]:
        """List artifacts and partial uploads below roots."""
        listings = self.objects.listings(sorted(roots)).items()
        delete, set_aside = self.objects.remove_all, self._move_to_quarantine
        return (
            candidate
            for root, objects in listings
            for candidate in remote_candidates(root, objects, delete, set_aside)
        )

    def quarantined(self, base: str) -> Iterator[OrphanCandidate]:
        """List the copies below the quarantine of a base."""
        folder = f"{base}/{QUARANTINE}"
        return remote_quarantine(folder, self.objects.listing(folder), self.objects.remove_all)

    def stored_size(self, place: str, recorded: int) -> int:  # noqa: ARG002 - asking is dear
        """Give the recorded size."""
        return recorded


def _compare(record: ArtifactRecord, partial: Path, value_digest: ValueDigest) -> None:
    """Compare fetched files, which are as their manifest says, with what was recorded."""
    manifest = Manifest.read(partial)
    assert manifest is not None
    if (value_digest(partial) or manifest.digest) != record.digest:
        shutil.rmtree(partial, ignore_errors=True)
        raise changed_error(record.name, record.uri, CONTENT_CHANGED)


def _remove_others(partial: Path, manifest: Manifest) -> None:
    """Remove what an earlier attempt fetched of another artifact with the same value."""
    kept = {partial / name for name, _, _ in manifest.files}
    for path in partial.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()
