"""Artifacts in a store elsewhere (S3, GCS, Azure, whatever fsspec knows), as objects below a URL.

::

    s3://bucket/prefix/<run's root>/<step>/<output>/<execution>/…                    the files of an artifact
    s3://bucket/prefix/<run's root>/<step>/<output>/<execution>/.zencache-manifest.json   written last
    s3://bucket/prefix/.quarantine/…                                                 bad copies, kept

A step writes into a folder of this machine. Its files are digested and sent, many at once, then the manifest:
what lacks it is no artifact, whatever else is there. A file that is there already, by size and checksum, is not
sent again. What is read is fetched into the read cache; a fetch that was cut off goes on where it ended.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from blake3 import blake3

from zencache.artifacts.filesystems import checked, file_system
from zencache.artifacts.manifest import MANIFEST, Manifest, check
from zencache.artifacts.retry import Retry
from zencache.artifacts.store import NO_MANIFEST, QUARANTINE, Stored, is_remote, make_read_only, write_aside
from zencache.errors import ArtifactError, StoreUnavailableError
from zencache.tracking.audit_events import disown
from zencache.util.hashing import file_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from zencache.artifacts.read_cache import ReadCache
    from zencache.config import Project
    from zencache.model.records import ArtifactRecord

_T = TypeVar("_T")
_AT_ONCE = 8  # requests of one artifact, or artifacts that are asked for
_PART = 16 * 2**20  # bytes that are fetched with one request
_FILES = (FileNotFoundError, NotADirectoryError)


class RemoteStores:
    """Stores elsewhere, by the uris of artifacts; see `ArtifactStore`, of which this is the other half."""

    def __init__(self, project: Project, cache: ReadCache, retry: Retry | None = None) -> None:
        self._project = project
        self._cache = cache
        self.retry = retry or Retry()

    @staticmethod
    def url(store: str) -> str:
        """Give a store's URL as artifacts are put below it; raises SettingsError for one that holds credentials."""
        return checked(store)

    def at(self, uri: str) -> tuple[Any, str]:
        """Give the file system of a uri, and its path there."""
        store = self._project.artifact_store or ""
        is_ours = is_remote(store) and urlsplit(store).scheme == urlsplit(uri).scheme
        fs = file_system(uri, self._project.settings.artifact_store_options if is_ours else {})
        return fs, str(fs._strip_protocol(uri)).rstrip("/")  # noqa: SLF001 - fsspec has no public name for it

    # -- looking ------------------------------------------------------------------------------

    def problem(self, record: ArtifactRecord) -> str | None:
        """Say what is wrong with an artifact, with one request: its listing."""
        if not record.materializer:
            return "is kept where only TFX reads it"
        sizes = {name: told["size"] for name, told in self.listing(record.uri).items()}
        if not sizes:
            return "is missing"
        if sizes.pop(MANIFEST, None) is None:
            return NO_MANIFEST
        return None if sum(sizes.values()) == record.size else "is missing or damaged"

    def problems(self, records: Sequence[ArtifactRecord]) -> dict[str, str | None]:
        """Ask for many at once."""
        return dict(zip([record.uri for record in records], _at_once(self.problem, records), strict=True))

    def manifest(self, uri: str) -> Manifest:
        """Stand for what TFX components made elsewhere: nobody reads it here, so its uri stands for its content."""
        return Manifest(((uri, 0, ""),))

    def listing(self, uri: str) -> dict[str, Mapping[str, Any]]:
        """Give the files below a uri by their relative names, with what the store says of them."""
        fs, path = self.at(uri)
        try:
            found = self.retry(uri, lambda: fs.find(path, detail=True))
        except _FILES:
            return {}
        start = f"{path}/"
        return {
            name.removeprefix(start): told
            for name, told in found.items()
            if name.startswith(start) and told.get("type", "file") == "file"
        }

    # -- reading ------------------------------------------------------------------------------

    @contextmanager
    def reading(self, record: ArtifactRecord, value_digest: Callable[[Path], str | None]) -> Iterator[Path]:
        """Give an artifact's files as a folder of the read cache, checked, which stays there meanwhile.

        A copy that is bad here is fetched again; what is bad there raises ArtifactError.
        """
        with contextlib.ExitStack() as stack:
            yield self._checked(record, value_digest, stack) or self._fetched(record, value_digest, stack)

    def _checked(
        self,
        record: ArtifactRecord,
        value_digest: Callable[[Path], str | None],
        stack: contextlib.ExitStack,
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
        self,
        record: ArtifactRecord,
        value_digest: Callable[[Path], str | None],
        stack: contextlib.ExitStack,
    ) -> Path:
        while True:
            with self._cache.filling(record.digest) as aside:
                if aside is not None:
                    self._fill(record, aside, value_digest)
            folder = stack.enter_context(self._cache.using(record.digest))
            if folder is not None:  # else another process needed the room at once
                self._cache.shrink()
                return folder

    def _fill(self, record: ArtifactRecord, aside: Path, value_digest: Callable[[Path], str | None]) -> None:
        try:
            self.fetch_into(record, aside)
            _compare(record, aside, value_digest)
        except (ArtifactError, StoreUnavailableError):
            raise
        except OSError as error:
            raise StoreUnavailableError(
                f"cannot keep the artifact {record.name} in the read cache {aside.parent}: {error}"
            ) from error

    def fetch_into(self, record: ArtifactRecord, aside: Path) -> None:
        """Fetch what is not there yet, into a folder that an earlier try may have filled in part."""
        manifest = self._manifest(record)
        # Asked beforehand: each backend has an error of its own for a range that lies beyond the end.
        sizes = {name: told["size"] for name, told in self.listing(record.uri).items()}
        for name, size, _ in manifest.files:
            if sizes.get(name) != size:
                said = f"has {sizes[name]} bytes, not {size}" if name in sizes else "is missing"
                raise _bad(record, f"{name} {said}")
        _remove_others(aside, manifest)
        _at_once(lambda file: self._fetch_file(record, aside, *file), manifest.files)
        for name in manifest.folders:
            (aside / name).mkdir(parents=True, exist_ok=True)
        (aside / MANIFEST).write_bytes(manifest.to_json())
        (aside / MANIFEST).chmod(0o444)

    def read_manifest(self, uri: str) -> Manifest:
        """Read an artifact's manifest; raises FileNotFoundError without one, ValueError for one that is none."""
        fs, path = self.at(uri)
        return Manifest.from_json(self.retry(uri, lambda: fs.cat_file(f"{path}/{MANIFEST}")))

    def _manifest(self, record: ArtifactRecord) -> Manifest:
        try:
            return self.read_manifest(record.uri)
        except _FILES as error:
            raise ArtifactError(
                f"the artifact {record.name} is gone from {record.uri}, or has no manifest; "
                "run the pipeline again to make it anew"
            ) from error
        except ValueError as error:
            raise _bad(record, f"{MANIFEST} cannot be used: {error}") from error

    def _fetch_file(self, record: ArtifactRecord, aside: Path, name: str, size: int, digest: str) -> None:
        """Fetch a file, or the rest of it; what an earlier try left may be wrong, so a second one is from the start."""
        target = aside / name
        target.parent.mkdir(parents=True, exist_ok=True)
        for is_last in (not target.exists(), True):
            wrong = self._continue(record, target, name, size)
            if not wrong and file_digest(target) == digest:
                make_read_only(target)
                return
            target.unlink()
            if is_last:
                raise _bad(record, wrong or f"{name}: its content changed")

    def _continue(self, record: ArtifactRecord, target: Path, name: str, size: int) -> str | None:
        fs, path = self.at(record.uri)
        target.touch()
        target.chmod(0o644)
        with target.open("r+b") as file:
            while (start := file.seek(0, 2)) < size:
                end = min(size, start + _PART)
                data = self._part(fs, f"{path}/{name}", record, (start, end))
                if not data:
                    return f"{name} is missing or has fewer than {size} bytes"
                file.write(data)
        return None if start == size else f"{name} has more than {size} bytes"

    def parts(self, record: ArtifactRecord, name: str, size: int) -> Iterator[bytes]:
        """Read a file there part by part, keeping nothing; what is missing there is missing at the end."""
        fs, path = self.at(record.uri)
        for start in range(0, size, _PART):
            yield self._part(fs, f"{path}/{name}", record, (start, min(size, start + _PART)))

    def _part(self, fs: Any, path: str, record: ArtifactRecord, part: tuple[int, int]) -> bytes:
        try:
            return bytes(self.retry(record.uri, lambda: fs.cat_file(path, start=part[0], end=part[1])))
        except _FILES:
            return b""

    # -- writing ------------------------------------------------------------------------------

    def work(self, uri: str) -> Path:
        """Give the folder of this machine where a step writes what will be at a uri."""
        folder = self._work(uri)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _work(self, uri: str) -> Path:
        return self._project.work / blake3(uri.encode()).hexdigest()[:32]

    def put(
        self, uri: str, fill: Callable[[Path], object], value_digest: Callable[[Path], str | None]
    ) -> Stored:
        """Have `fill` write an artifact's files, and send them to a uri, the manifest last."""
        work = self._work(uri)
        try:
            manifest = write_aside(work, fill, durable=False)
            digest = value_digest(work) or manifest.digest
            self._send(uri, work, manifest)
            return Stored(self._cache.adopt(work, digest), digest, manifest.size)
        finally:
            self.forget_work(uri)

    def forget_work(self, uri: str) -> None:
        """Delete what a step wrote that did not become an artifact."""
        shutil.rmtree(self._work(uri), ignore_errors=True)

    def _send(self, uri: str, folder: Path, manifest: Manifest) -> None:
        fs, path = self.at(uri)
        there = self._cleared(uri, manifest)
        names = [n for n, size, _ in manifest.files if not _is_there(folder / n, size, there.get(n))]

        def send(name: str) -> None:
            self.retry(f"{uri}/{name}", lambda: fs.put_file(str(folder / name), f"{path}/{name}"))

        try:
            _at_once(send, names)
            self.retry(uri, lambda: fs.pipe_file(f"{path}/{MANIFEST}", manifest.to_json()))
        except _FILES as error:  # a bucket that is none
            raise StoreUnavailableError(
                f"cannot store an artifact at {uri}: {error}. Make the bucket, or correct artifact_store"
            ) from error

    def _cleared(self, uri: str, manifest: Manifest) -> dict[str, Mapping[str, Any]]:
        """Give what an earlier attempt left at a uri, after its manifest and what is of no use are gone."""
        there = self.listing(uri)
        used = {name for name, _, _ in manifest.files}
        self._remove(uri, [name for name in there if name not in used])
        return {name: told for name, told in there.items() if name in used}

    def set_aside(self, record: ArtifactRecord) -> str | None:
        """Move an artifact's objects below `.quarantine`, and say where; None if there are none."""
        names = self.listing(record.uri)
        if not names:
            return None
        where = f"{self._quarantine(record.uri)}.{os.urandom(4).hex()}"
        (fs, path), (_, target) = self.at(record.uri), self.at(where)

        def move(name: str) -> None:
            fs.makedirs(f"{target}/{name}".rpartition("/")[0], exist_ok=True)
            self.retry(where, lambda: fs.cp_file(f"{path}/{name}", f"{target}/{name}"))

        _at_once(move, names)
        self.delete(record)
        return where

    def _quarantine(self, uri: str) -> str:
        store = self._project.artifact_store or ""
        base = checked(store) if is_remote(store) else ""
        if not base or not uri.startswith(f"{base}/"):
            base = uri.rpartition("/")[0]
        return f"{base}/{QUARANTINE}/{uri.removeprefix(base).strip('/')}"

    def delete(self, record: ArtifactRecord) -> None:
        """Delete an artifact's objects, the manifest first."""
        self.clear(record.uri)

    def delete_all(self, records: Sequence[ArtifactRecord]) -> None:
        """Delete many at once."""
        _at_once(self.delete, records)

    def undeleted(self, records: Sequence[ArtifactRecord]) -> set[str]:
        """Give the uris of those that have their manifest, which is deleted first."""
        found = _at_once(lambda record: MANIFEST in self.listing(record.uri), records)
        return {record.uri for record, is_there in zip(records, found, strict=True) if is_there}

    def clear(self, uri: str) -> None:
        """Delete all objects below a uri, a manifest first."""
        self._remove(uri, list(self.listing(uri)))

    def listings(self, uris: Sequence[str]) -> dict[str, dict[str, Mapping[str, Any]]]:
        """Give what is below each of many uris."""
        return dict(zip(uris, _at_once(self.listing, uris), strict=True))

    def _remove(self, uri: str, names: Sequence[str]) -> None:
        fs, path = self.at(uri)

        def remove(name: str) -> None:
            with contextlib.suppress(*_FILES):
                self.retry(uri, lambda: fs.rm_file(f"{path}/{name}"))

        for first in [name for name in names if name == MANIFEST]:
            remove(first)
        _at_once(remove, [name for name in names if name != MANIFEST])


def _at_once(call: Callable[[Any], _T], given: Iterable[Any]) -> list[_T]:
    """Call for each, several at a time, in order; the first error is raised when those that had begun have ended."""
    items = list(given)
    if len(items) < 2:  # noqa: PLR2004 - one needs no threads
        return [call(item) for item in items]
    with ThreadPoolExecutor(min(_AT_ONCE, len(items)), initializer=disown) as threads:
        jobs = [threads.submit(call, item) for item in items]
        try:
            return [job.result() for job in jobs]
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def _compare(record: ArtifactRecord, aside: Path, value_digest: Callable[[Path], str | None]) -> None:
    """Compare what was fetched, which is as its manifest says, with what was recorded."""
    manifest = Manifest.read(aside)
    assert manifest is not None
    if (value_digest(aside) or manifest.digest) != record.digest:
        shutil.rmtree(aside, ignore_errors=True)
        raise _bad(record, "its content changed")


def _bad(record: ArtifactRecord, wrong: str) -> ArtifactError:
    return ArtifactError(
        f"the artifact {record.name} at {record.uri} is not what was recorded: {wrong}; "
        "run the pipeline again to make it anew"
    )


def _remove_others(aside: Path, manifest: Manifest) -> None:
    """Remove what an earlier try fetched of another artifact of the same value."""
    named = {aside / name for name, _, _ in manifest.files}
    for path in aside.rglob("*"):
        if path.is_file() and path not in named:
            path.unlink()


def _is_there(file: Path, size: int, told: Mapping[str, Any] | None) -> bool:
    """Say whether an object is a file's content, going by its size and the checksum that the store gives."""
    if told is None or told["size"] != size:
        return False
    known = _md5(told)
    if known is None:
        return False
    with file.open("rb") as opened:
        hasher = hashlib.md5(usedforsecurity=False)
        while chunk := opened.read(2**20):
            hasher.update(chunk)
    return hasher.hexdigest() == known


def _md5(told: Mapping[str, Any]) -> str | None:
    """Read the MD5 of an object as S3 (of what was sent in one part), GCS and Azure give it."""
    tag = str(told.get("ETag", "")).strip('"')
    if len(tag) == 32 and "-" not in tag:  # noqa: PLR2004 - digits of an MD5
        return tag
    found = told.get("md5Hash") or (told.get("content_settings") or {}).get("content_md5")
    if isinstance(found, str):
        found = base64.b64decode(found)
    return bytes(found).hex() if found else None
