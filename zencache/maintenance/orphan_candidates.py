"""Lists what may be an orphan: files of failed runs and killed processes, and quarantined copies."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.artifacts import deletion
from zencache.artifacts.deletion import folders, listed
from zencache.artifacts.store import QUARANTINE, is_remote
from zencache.metadata.run_status import GRACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from zencache.artifacts.ownership import Reach
    from zencache.artifacts.store import ArtifactStore
    from zencache.config import Project

    ObjectInfo = Mapping[str, Any]
    """What a remote store says of an object."""

QUARANTINE_PERIOD = timedelta(days=30)
"""How long a bad copy is kept in quarantine."""
RESUMABLE = timedelta(days=1)
"""How long a partial download or upload is kept for the next attempt to continue it."""
_SYSTEM = ".system"
_COPY = re.compile(r"(.+?\.[0-9a-f]{8})(?:/.*)?")
_DEPTH = 3  # names from a run's root to an artifact


@dataclass(frozen=True)
class OrphanCandidate:
    """A file or folder of this machine that may belong to nothing."""

    path: Path
    execution: int | None = None
    """The execution that it was made for, by its path."""
    is_working_folder: bool = False
    """Whether steps work there while they run."""
    is_trash: bool = False
    """Whether its deletion had begun."""
    grace: timedelta = GRACE
    """How long it must be unchanged before it counts as an orphan."""


@dataclass(frozen=True)
class Orphan:
    """Bytes in one place that are no artifact: a path of this machine, or the uri of objects elsewhere."""

    place: Path | str
    size: int
    changed: datetime

    def is_older(self, age: timedelta, now: datetime) -> bool:
        """Say whether all of it is unchanged for longer than an age."""
        return now - self.changed > age

    def delete(self, store: ArtifactStore) -> None:
        """Delete it."""
        if isinstance(self.place, str):
            store.remote.clear(self.place)
        elif self.place.parent == store.project.read_cache:
            store.cache.give_up(self.place)
        else:
            deletion.erase(self.place)


def local_orphan(path: Path) -> Orphan:
    """Measure a path of this machine."""
    return Orphan(path, deletion.size_of(path), deletion.last_change(path))


# -- on this machine ----------------------------------------------------------------------------------


def candidates(project: Project) -> Iterator[OrphanCandidate]:
    """List candidates in a project's folder; only the records tell which of them are orphans.

    Of a project on a server no artifact folder is listed: an SQLite file that it had before may name it.
    """
    yield from (OrphanCandidate(path, is_working_folder=True) for path in listed(project.work))
    partial = (path for path in listed(project.read_cache) if path.name.endswith(".partial"))
    yield from (OrphanCandidate(path, grace=RESUMABLE) for path in partial)
    if not project.database.is_server:
        yield from candidates_below(project.own_artifacts)


def candidates_below(root: Path) -> Iterator[OrphanCandidate]:
    """List candidates below a pipeline root, artifacts included."""
    for node in (folder for folder in folders(root) if folder.name[0] not in "._"):
        for output in folders(node):
            if output.name.startswith("."):
                places = folders(output) if output.name == _SYSTEM else [output]
                paths = (path for place in places for path in listed(place))
                yield from (OrphanCandidate(path, is_working_folder=True) for path in paths)
            else:
                yield from (_candidate(path) for path in listed(output) if path.name != QUARANTINE)


def _candidate(path: Path) -> OrphanCandidate:
    name = path.name.strip(".").partition(".")[0]
    execution = int(name) if name.isdecimal() else None
    return OrphanCandidate(path, execution, is_trash=_is_trash(path))


def _is_trash(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(".trash")


def unnamed_files(project: Project, names: AbstractSet[str]) -> Iterator[OrphanCandidate]:
    """List snapshots and source texts with none of these names, and files that were not finished."""
    for folder in (project.snapshots, project.sources):
        for file in listed(folder):
            if file.name.endswith(".partial") or file.name.partition(".")[0] not in names:
                yield OrphanCandidate(file)
    yield from (OrphanCandidate(file) for file in listed(project.folder) if file.name.endswith(".partial"))


# -- elsewhere ----------------------------------------------------------------------------------------


def remote_objects(store: ArtifactStore, roots: Iterable[str]) -> list[Orphan]:
    """List what is below the remote ones of these run roots: artifacts, and partial uploads."""
    remote_roots = sorted(root for root in roots if is_remote(root))
    listings = store.remote.listings(remote_roots) if remote_roots else {}
    return [
        orphan
        for root, objects in listings.items()
        for place, infos in _grouped(objects, _artifact_name).items()
        for orphan in _remote_orphan(f"{root}/{place}", infos)
    ]


def _artifact_name(name: str) -> str:
    return "/".join(name.split("/")[:_DEPTH])


def quarantined(store: ArtifactStore, reach: Reach, run_roots: AbstractSet[str]) -> list[Orphan]:
    """List the quarantined copies of this project's artifacts; `run_roots` names the roots of its runs.

    In a folder or store that others may use too, copies of other runs are not this project's.
    """
    own_base = str(store.project.own_artifacts)
    own_copies: list[Orphan] = []
    for base in reach.bases:
        copies = _remote_copies(store, base) if is_remote(base) else _local_copies(Path(base))
        prefix = f"{base}/{QUARANTINE}/"
        own_copies += [
            copy
            for copy in copies
            if base == own_base or str(copy.place).removeprefix(prefix).partition("/")[0] in run_roots
        ]
    return own_copies


def _local_copies(base: Path) -> Iterator[Orphan]:
    pending = listed(base / QUARANTINE)
    while pending:
        path = pending.pop()
        if _COPY.fullmatch(path.name):
            yield local_orphan(path)
        elif _is_trash(path):
            yield Orphan(path, deletion.size_of(path), datetime.fromtimestamp(0, tz=timezone.utc))
        else:
            pending += folders(path)


def _remote_copies(store: ArtifactStore, base: str) -> list[Orphan]:
    folder = f"{base}/{QUARANTINE}"
    copies = {name: info for name, info in store.remote.listing(folder).items() if _COPY.fullmatch(name)}
    grouped = _grouped(copies, lambda name: _COPY.sub(r"\1", name))
    return [
        orphan for place, infos in grouped.items() for orphan in _remote_orphan(f"{folder}/{place}", infos)
    ]


def _grouped(
    objects: Mapping[str, ObjectInfo], group_of: Callable[[str], str]
) -> dict[str, list[ObjectInfo]]:
    grouped: dict[str, list[ObjectInfo]] = {}
    for name, info in objects.items():
        grouped.setdefault(group_of(name), []).append(info)
    return grouped


def _remote_orphan(uri: str, infos: list[ObjectInfo]) -> list[Orphan]:
    """Measure objects by what their store says of them; gives nothing where it does not tell their age."""
    times = [_changed(info) for info in infos]
    known_times = [time for time in times if time is not None]
    if len(known_times) < len(times):
        return []
    return [Orphan(uri, sum(info["size"] for info in infos), max(known_times))]


def _changed(info: ObjectInfo) -> datetime | None:
    """Read when an object was written, as S3, Azure, GCS, memory or a disk tells it."""
    for name in ("LastModified", "last_modified", "updated", "mtime", "created"):
        time = info.get(name)
        if isinstance(time, (int, float)):
            return datetime.fromtimestamp(time, tz=timezone.utc)
        if isinstance(time, str):
            with contextlib.suppress(ValueError):
                time = datetime.fromisoformat(time.replace("Z", "+00:00"))
        if isinstance(time, datetime):
            return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    return None
