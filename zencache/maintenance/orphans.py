"""What lies about that no record names: of runs that ended badly, of programs that were killed, and bad copies."""

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
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from zencache.artifacts.ownership import Reach
    from zencache.artifacts.store import ArtifactStore
    from zencache.config import Project

SET_ASIDE = timedelta(days=30)
"""How long a bad copy is kept to be looked at."""
RESUMABLE = timedelta(days=1)
"""How long what was fetched or sent in part waits for someone who goes on with it."""
_SYSTEM = ".system"
_COPY = re.compile(r"(.+?\.[0-9a-f]{8})(?:/.*)?")
_DEPTH = 3  # names from a run's root to an artifact


@dataclass(frozen=True)
class Stray:
    """A file or folder that may belong to nothing."""

    path: Path
    execution: int | None = None
    """The execution that it was made for, as its place says."""
    is_working: bool = False
    """Whether a step works there while it runs."""
    is_trash: bool = False
    """Whether it was about to be deleted."""
    grace: timedelta = GRACE
    """How long nothing may have changed in it before it is taken for a leftover."""


@dataclass(frozen=True)
class Found:
    """Bytes in one place that are no artifact: a path of this machine, or the uri of objects elsewhere."""

    place: Path | str
    size: int
    changed: datetime

    def is_older(self, span: timedelta, now: datetime) -> bool:
        """Say whether nothing of it changed for so long."""
        return now - self.changed > span

    def delete(self, store: ArtifactStore) -> None:
        """Delete it."""
        if isinstance(self.place, str):
            store.remote.clear(self.place)
        elif self.place.parent == store.project.read_cache:
            store.cache.give_up(self.place)
        else:
            deletion.erase(self.place)


def found_at(path: Path) -> Found:
    """Measure what lies on this machine."""
    return Found(path, deletion.size_of(path), deletion.last_change(path))


# -- on this machine ------------------------------------------------------------------------------------


def strays(project: Project) -> Iterator[Stray]:
    """List what may lie about in a project: candidates, which the records have to be asked about.

    In a folder that others use too nobody knows what is whose; nor does a server's project know what is
    recorded in the file that it had before.
    """
    yield from (Stray(each, is_working=True) for each in listed(project.work))
    fetched = (each for each in listed(project.read_cache) if each.name.endswith(".partial"))
    yield from (Stray(each, grace=RESUMABLE) for each in fetched)
    if not project.database.is_server:
        yield from strays_below(project.own_artifacts)


def strays_below(root: Path) -> Iterator[Stray]:
    """List what may lie about below a root, beside artifacts."""
    for node in (each for each in folders(root) if each.name[0] not in "._"):
        for output in folders(node):
            if output.name.startswith("."):
                places = folders(output) if output.name == _SYSTEM else [output]
                yield from (Stray(each, is_working=True) for place in places for each in listed(place))
            else:
                yield from (_stray(each) for each in listed(output) if each.name != QUARANTINE)


def _stray(path: Path) -> Stray:
    name = path.name.strip(".").partition(".")[0]
    number = int(name) if name.isdecimal() else None
    return Stray(path, number, is_trash=_is_trash(path))


def _is_trash(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(".trash")


def unnamed_files(project: Project, names: Iterable[str]) -> Iterator[Stray]:
    """List snapshots and source texts that have none of these names, and files that were never finished."""
    known = set(names)
    for folder in (project.snapshots, project.sources):
        for file in listed(folder):
            if file.name.endswith(".partial") or file.name.partition(".")[0] not in known:
                yield Stray(file)
    yield from (Stray(file) for file in listed(project.folder) if file.name.endswith(".partial"))


# -- elsewhere ------------------------------------------------------------------------------------------


def sent_below(store: ArtifactStore, roots: Iterable[str]) -> list[Found]:
    """Give what lies below the roots of runs elsewhere, artifact by artifact, and what was to become one."""
    elsewhere = sorted(root for root in roots if is_remote(root))
    listings = store.remote.listings(elsewhere) if elsewhere else {}
    found = []
    for root, names in listings.items():
        for place, told in _grouped(names, lambda name: "/".join(name.split("/")[:_DEPTH])).items():
            found += _measured(f"{root}/{place}", told)
    return found


def set_aside(store: ArtifactStore, reach: Reach, runs: AbstractSet[str]) -> list[Found]:
    """Give the bad copies of this project's artifacts; `runs` are the names of its runs' roots.

    In a folder or store that others may use too, those of other runs are none of ours.
    """
    own = str(store.project.own_artifacts)
    found: list[Found] = []
    for base in reach.bases:
        copies = _copies_elsewhere(store, base) if is_remote(base) else _copies(Path(base))
        start = f"{base}/{QUARANTINE}/"
        found += [
            each
            for each in copies
            if base == own or str(each.place).removeprefix(start).partition("/")[0] in runs
        ]
    return found


def _copies(base: Path) -> Iterator[Found]:
    waiting = listed(base / QUARANTINE)
    while waiting:
        path = waiting.pop()
        if _COPY.fullmatch(path.name):
            yield found_at(path)
        elif _is_trash(path):
            yield Found(path, deletion.size_of(path), datetime.fromtimestamp(0, tz=timezone.utc))
        else:
            waiting += folders(path)


def _copies_elsewhere(store: ArtifactStore, base: str) -> list[Found]:
    where = f"{base}/{QUARANTINE}"
    named = {name: told for name, told in store.remote.listing(where).items() if _COPY.fullmatch(name)}
    grouped = _grouped(named, lambda name: _COPY.sub(r"\1", name))
    return [each for place, told in grouped.items() for each in _measured(f"{where}/{place}", told)]


def _grouped(names: Mapping[str, Any], place: Any) -> dict[str, list[Mapping[str, Any]]]:
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for name, told in names.items():
        grouped.setdefault(place(name), []).append(told)
    return grouped


def _measured(uri: str, told: list[Mapping[str, Any]]) -> list[Found]:
    """Measure objects by what a store says of them; those whose age it does not tell are left out."""
    moments = [_changed(each) for each in told]
    known = [each for each in moments if each is not None]
    if len(known) < len(told):
        return []
    return [Found(uri, sum(each["size"] for each in told), max(known))]


def _changed(told: Mapping[str, Any]) -> datetime | None:
    """Read when an object was written, as S3, Azure, GCS, memory or a disk tells it."""
    for name in ("LastModified", "last_modified", "updated", "mtime", "created"):
        said = told.get(name)
        if isinstance(said, (int, float)):
            return datetime.fromtimestamp(said, tz=timezone.utc)
        if isinstance(said, str):
            with contextlib.suppress(ValueError):
                said = datetime.fromisoformat(said.replace("Z", "+00:00"))
        if isinstance(said, datetime):
            return said if said.tzinfo else said.replace(tzinfo=timezone.utc)
    return None
