"""Where bytes live: one folder an artifact, written aside and renamed into place, read-only afterwards.

An `ArtifactStore` is all that the other rooms know of it: an artifact is a record with a uri, and the store says
whether it is there, gives its files as a folder of this machine, and takes new ones. What is kept elsewhere
(`s3://…`) is the business of `remote`, which is imported when there is some.
"""

from __future__ import annotations

import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.artifacts import deletion
from zencache.artifacts.manifest import (
    MANIFEST,
    Manifest,
    check,
    content_digest,
    gone,
    measured,
    read_checked,
    size_of,
)
from zencache.artifacts.read_cache import ReadCache, holding
from zencache.config import FOLDER
from zencache.errors import ArtifactError, StoreUnavailableError
from zencache.model.names import is_one_folder
from zencache.tracking.audit_events import disown
from zencache.util.atomic_write import flush
from zencache.util.hashing import BIG, remembering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from zencache.artifacts.remote import RemoteStores
    from zencache.config import Project
    from zencache.model.records import ArtifactRecord
    from zencache.util.hashing import Known

__all__ = [
    "MANIFEST",
    "NO_MANIFEST",
    "ArtifactStore",
    "Manifest",
    "Stored",
    "check",
    "content_digest",
    "holding",
    "is_remote",
    "unchecked",
    "write_aside",
    "write_manifest",
]

NO_MANIFEST = "has no manifest"
QUARANTINE = ".quarantine"
_OURS = f"/{FOLDER}/artifacts/"


def is_remote(uri: str) -> bool:
    """Say whether a uri is of a store elsewhere.

    >>> is_remote("s3://bucket/prefix"), is_remote("/mnt/store"), is_remote("file:///mnt/store")
    (True, False, False)
    """
    return "://" in uri and not uri.startswith("file://")


def unchecked(folder: Path) -> str | None:  # noqa: ARG001 - stands for a materializer's `digest`
    """Name no value: its bytes are digested."""
    return None


@dataclass(frozen=True)
class Stored:
    """An artifact that was stored: its files on this machine, and what they hold."""

    folder: Path
    digest: str
    size: int


class ArtifactStore:
    """A project's artifacts, by their records: in its folder, or in a store elsewhere.

    >>> from zencache.config import create_project
    >>> from pathlib import Path
    >>> store = ArtifactStore(create_project(Path.cwd()))
    >>> stored = store.put(f"{store.root()}/load/output/1", lambda folder: (folder / "a.txt").write_text("a"))
    >>> stored.size, sorted(path.name for path in stored.folder.iterdir())
    (1, ['.zencache-manifest.json', 'a.txt'])
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.lacks_manifests = False
        """Whether the records are of a format without manifests, which the next run gives to what is as recorded."""
        self.cache = ReadCache(project.read_cache, project.settings.read_cache_size)

    @cached_property
    def remote(self) -> RemoteStores:
        """What is elsewhere."""
        from zencache.artifacts.remote import RemoteStores  # noqa: PLC0415 - imports fsspec, where a uri asks for it

        return RemoteStores(self.project, self.cache)

    def root(self) -> str:
        """Give a root for the artifacts of a new run.

        In a folder or a store that others may use too, with records of their own, each run has one that nobody else
        has: the numbers of executions, which name artifacts below it, are unique only among the records of one store.
        """
        store = self.project.artifact_store
        if store is None and not self.project.database.is_server:
            return str(self.project.artifacts)
        base = self.remote.url(store) if store and is_remote(store) else str(self.project.artifacts)
        return f"{base}/_{os.urandom(8).hex()}"

    def local(self, uri: str) -> Path:
        """Give the folder of a uri on this machine, also when the project was moved since it was written.

        What a shared store of records names does not move with a project. A uri that leads out of the folder
        that it names is none of ours: nothing is ever there.
        """
        _, mark, rest = uri.partition(_OURS)
        if "\0" in uri or (mark and not all(map(is_one_folder, rest.rstrip("/").split("/")))):
            return Path(os.devnull, "refused")
        if mark and not self.project.database.is_server:
            return self.project.own_artifacts / rest
        return Path(uri.removeprefix("file://")).absolute()

    def place(self, uri: str) -> str:
        """Tell a uri's place from any other: its folder on this machine, or itself where that is elsewhere."""
        return uri.rstrip("/") if is_remote(uri) else str(self.local(uri))

    def folder(self, uri: str, digest: str) -> Path:
        """Give the place of an artifact's files on this machine, whether they are there or not."""
        return self.cache.place(digest) if is_remote(uri) else self.local(uri)

    def problem(self, record: ArtifactRecord) -> str | None:
        """Say what is wrong with an artifact; None if it exists, has the recorded size, and its manifest if it is ours.

        Reads no content. Raises StoreUnavailableError where a store elsewhere does not answer.
        """
        if is_remote(record.uri):
            return self.remote.problem(record)
        try:
            size, has_manifest = measured(str(record.folder))
        except OSError:
            return "is missing or damaged"
        if size != record.size:
            return "is missing or damaged"
        return None if has_manifest or not record.materializer else NO_MANIFEST

    def problems(self, records: Iterable[ArtifactRecord]) -> dict[str, str | None]:
        """Ask for many at once what is elsewhere, by uri; what is on this machine costs next to nothing, and is left out."""
        elsewhere = {record.uri: record for record in records if is_remote(record.uri)}
        return self.remote.problems(list(elsewhere.values())) if elsewhere else {}

    @contextmanager
    def reading(
        self, record: ArtifactRecord, value_digest: Callable[[Path], str | None] = unchecked
    ) -> Iterator[Path]:
        """Give an artifact's files as a folder of this machine, its content checked, which stays there meanwhile.

        Raises ArtifactError if it is gone, or is not what was recorded.
        """
        if is_remote(record.uri):
            with self.remote.reading(record, value_digest) as folder:
                yield folder
            return
        try:
            check(record.folder, record.digest, name=record.name, value_digest=value_digest)
            yield record.folder
        except FileNotFoundError as error:
            if record.folder.exists():
                raise
            raise gone(record.name, record.folder) from error  # another reader has set it aside

    def read_into_memory(self, record: ArtifactRecord) -> dict[str, bytes]:
        """Give the very bytes that were compared with the record, by file; raises ArtifactError as `reading` does."""
        if not is_remote(record.uri):
            return read_checked(record.folder, record.digest, name=record.name)
        with self.remote.reading(record, unchecked) as folder:
            return read_checked(folder, record.digest, name=record.name)

    def fetch(self, record: ArtifactRecord, value_digest: Callable[[Path], str | None] = unchecked) -> Path:
        """Give an artifact's files as a folder of this machine; from elsewhere, with their content checked.

        In the read cache they stay until others need the room, or to the end of a `holding`.
        """
        if not is_remote(record.uri):
            return record.folder
        with self.remote.reading(record, value_digest) as folder:
            return folder

    def manifest(self, uri: str) -> Manifest:
        """Digest what is at a uri now."""
        return self.remote.manifest(uri) if is_remote(uri) else Manifest.of(self.local(uri))

    def work(self, uri: str) -> Path:
        """Give the folder of this machine where a step writes what will be at a uri."""
        return self.remote.work(uri) if is_remote(uri) else Path(uri)

    def forget_work(self, uri: str) -> None:
        """Delete what a step wrote, before it failed, for a store elsewhere."""
        if is_remote(uri):
            self.remote.forget_work(uri)

    def put(
        self,
        uri: str,
        fill: Callable[[Path], object],
        value_digest: Callable[[Path], str | None] = unchecked,
    ) -> Stored:
        """Have `fill` write an artifact's files, and put them at a uri: whole, or else it is no artifact.

        What is in the uri's `work` folder (a step wrote there itself) becomes part of it.
        """
        if is_remote(uri):
            return self.remote.put(uri, fill, value_digest)
        target = Path(uri)
        manifest = write_aside(target, fill, root=self.project.artifacts)
        return Stored(target, value_digest(target) or manifest.digest, manifest.size)

    def set_aside(self, record: ArtifactRecord) -> str | None:
        """Move a bad copy of an artifact of ours to where nothing finds it, and say where; None if there is nothing."""
        if is_remote(record.uri):
            return self.remote.set_aside(record)
        own = self.project.own_artifacts
        is_own = record.folder.is_relative_to(own)
        try:
            return str(_set_aside(record.folder, own if is_own else self.project.artifacts))
        except (FileNotFoundError, NotADirectoryError):  # it is gone, or another reader was faster
            return None

    def delete(self, record: ArtifactRecord) -> None:
        """Delete an artifact; one that is deleted in part is none any more."""
        self.delete_all([record])

    def delete_all(self, records: Iterable[ArtifactRecord]) -> None:
        """Delete artifacts; raises StoreUnavailableError for the first that cannot be, and what is left goes the next time."""
        given = list(records)
        for record in given:
            if not is_remote(record.uri):
                deletion.erase(record.folder)
        if elsewhere := [record for record in given if is_remote(record.uri)]:
            self.remote.delete_all(elsewhere)

    def undeleted(self, records: Iterable[ArtifactRecord]) -> set[str]:
        """Give the uris of those that are there, damaged or not, and that no `delete` has begun with."""
        given = list(records)
        here = {each.uri for each in given if not is_remote(each.uri) and each.folder.exists()}
        elsewhere = [record for record in given if is_remote(record.uri)]
        return here | self.remote.undeleted(elsewhere) if elsewhere else here


def write_aside(
    target: Path, fill: Callable[[Path], object], *, root: Path | None = None, durable: bool = True
) -> Manifest:
    """Have `fill` write an artifact's files, and put them at `target` whole or not at all.

    The files are written into a folder beside `target`, flushed to disk and made read-only, then their
    manifest; the folder is renamed, and the folders above, up to `root`, are flushed: power that is lost
    leaves all or nothing. What is already in `target` (a step wrote there itself) becomes part of it.
    """
    aside = _aside(target)
    try:
        if aside.exists():
            shutil.rmtree(aside)
        aside.mkdir(parents=True)
        with remembering() as known:
            fill(aside)
        if (target / MANIFEST).exists():  # another's artifact: records that began anew count from 1 again
            _set_aside(target, root or target.parent)
        if target.is_dir():
            for left in list(target.iterdir()):
                left.rename(aside / left.name)
        manifest = _flushed(aside, known, durable=durable)
        _write_manifest(aside / MANIFEST, manifest, durable=durable)
        if durable:
            flush(aside)
        aside.replace(target)
        if durable:
            _flush_parents(target.parent, root)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise StoreUnavailableError(f"cannot store an artifact at {target}: {error}") from error
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return manifest


def write_manifest(
    folder: Path, digest: str, value_digest: Callable[[Path], str | None] = unchecked
) -> Manifest:
    """Give an artifact that was written before there were manifests its own; raises ArtifactError if it has changed since."""
    manifest = Manifest.of(folder)
    if (value_digest(folder) or manifest.digest) != digest:
        raise ArtifactError(
            f"the artifact at {folder} is not what was recorded: its content changed; "
            "run the pipeline again to make it anew"
        )
    aside = folder.with_name(f".{folder.name}.manifest.partial")
    aside.unlink(missing_ok=True)  # what was interrupted may have left it read-only
    _write_manifest(aside, manifest, durable=True)
    aside.replace(folder / MANIFEST)
    flush(folder)
    return manifest


def clear(target: Path) -> None:
    """Remove what a failed attempt left at `target` and aside: the folder is there, and empty, as before it."""
    try:
        for folder in (target, _aside(target)):
            if folder.exists():
                shutil.rmtree(folder)
        target.mkdir(parents=True)
    except OSError as error:
        raise StoreUnavailableError(
            f"cannot remove what a failed attempt left at {target}: {error}; run the pipeline again"
        ) from error


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.partial")


def _set_aside(folder: Path, root: Path) -> Path:
    below = folder.relative_to(root) if folder.is_relative_to(root) else Path(folder.name)
    base = root if folder.is_relative_to(root) else folder.parent
    where = base / QUARANTINE / f"{below}.{os.urandom(4).hex()}"
    where.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(where)
    os.utime(where)  # by which gc knows how long it is there
    return where


def _write_manifest(path: Path, manifest: Manifest, *, durable: bool) -> None:
    with path.open("wb") as file:
        file.write(manifest.to_json())
        if durable:
            file.flush()
            os.fsync(file.fileno())
    make_read_only(path)


def _flushed(folder: Path, known: Known, *, durable: bool) -> Manifest:
    """Digest the files while the disk takes what was written; what is small is not worth a thread."""
    if not durable or size_of(folder) < BIG:
        _protect(folder, durable=durable)
        return Manifest.of(folder, known)
    with ThreadPoolExecutor(1, initializer=disown) as beside:
        flushing = beside.submit(_protect, folder, durable=durable)
        manifest = Manifest.of(folder, known)
        flushing.result()
    return manifest


def _protect(folder: Path, *, durable: bool) -> None:
    """Make files read-only, and have them and the folders below last."""
    folders = []
    for path in folder.rglob("*"):
        if not path.is_file():
            folders.append(path)
            continue
        if durable:
            flush(path)
        make_read_only(path)
    for path in folders if durable else ():
        flush(path)


def make_read_only(path: Path) -> None:
    """Let nobody change a file by mistake."""
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)


def _flush_parents(folder: Path, root: Path | None) -> None:
    """Have a new name in a folder last, and the names of the folders above: any of them may be new."""
    flush(folder)
    if root is not None and folder != root and folder.is_relative_to(root):
        _flush_parents(folder.parent, root)
