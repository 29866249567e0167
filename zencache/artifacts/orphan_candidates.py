"""Lists bytes that may belong to no artifact: of failed runs, killed processes, cut transfers, quarantine.

Only the records tell which of them are orphans: `maintenance.orphans` asks them.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from zencache.artifacts import local_files
from zencache.artifacts.local_files import children, folders
from zencache.artifacts.manifest import MANIFEST, Manifest
from zencache.artifacts.staging import QUARANTINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    ObjectInfo = Mapping[str, Any]
    """What a remote store says of an object."""

_SYSTEM = ".system"
_COPY = re.compile(r"(.+?\.[0-9a-f]{8})(?:/.*)?")
_DEPTH = 3  # names from a run's root to an artifact
_LONG_AGO = datetime.fromtimestamp(0, tz=timezone.utc)


@dataclass(frozen=True)
class OrphanCandidate:
    """Bytes in one place: a path of this machine, or the uri of objects in a remote store."""

    place: Path | str
    measure: Callable[[], tuple[int, datetime]] = field(repr=False, compare=False)
    """Gives the size in bytes, and when any of it changed last."""
    delete: Callable[[], object] = field(repr=False, compare=False)
    execution: int | None = None
    """The execution that it was made for, by its place."""
    is_working_folder: bool = False
    """Whether steps work there while they run."""
    is_trash: bool = False
    """Whether its deletion had begun."""
    is_resumable: bool = False
    """Whether it is a partial transfer, which the next attempt continues."""
    set_aside: Callable[[], object] | None = field(default=None, repr=False, compare=False)
    """Moves it to quarantine; None of what is never an artifact."""
    is_artifact: Callable[[], bool] = field(default=bool, repr=False, compare=False)
    """Says whether it is a whole artifact, with a valid manifest."""

    @property
    def size(self) -> int:
        """Its bytes, when it was first measured."""
        return self._measured[0]

    @property
    def changed(self) -> datetime:
        """When any of it changed last."""
        return self._measured[1]

    @cached_property
    def _measured(self) -> tuple[int, datetime]:
        return self.measure()


# -- on this machine ----------------------------------------------------------------------------------


def local_candidate(path: Path, execution: int | None = None, *, is_trash: bool = False) -> OrphanCandidate:
    """Make the candidate of a path of this machine."""
    measure, delete = partial(_measure, path), partial(local_files.delete, path)
    return OrphanCandidate(path, measure, delete, execution, is_trash=is_trash)


def working_folder(path: Path) -> OrphanCandidate:
    """Make the candidate of a folder where steps work while they run."""
    return replace(local_candidate(path), is_working_folder=True)


def _measure(path: Path) -> tuple[int, datetime]:
    return local_files.size_of(path), local_files.last_change(path)


def local_candidates(root: Path, set_aside: Callable[[Path], object]) -> Iterator[OrphanCandidate]:
    """List what is below a root: artifacts, and what TFX's launcher and steps put beside them."""
    for node in (folder for folder in folders(root) if folder.name[0] not in "._"):
        for output in folders(node):
            if output.name.startswith("."):
                places = folders(output) if output.name == _SYSTEM else [output]
                paths = (path for place in places for path in children(place))
                yield from (working_folder(path) for path in paths)
            else:
                paths = (path for path in children(output) if path.name != QUARANTINE)
                yield from (_output_candidate(path, set_aside) for path in paths)


def _output_candidate(path: Path, set_aside: Callable[[Path], object]) -> OrphanCandidate:
    name = path.name.strip(".").partition(".")[0]
    execution = int(name) if name.isdecimal() else None
    candidate = local_candidate(path, execution, is_trash=_is_trash(path))
    if path.name.startswith("."):
        return candidate
    return replace(candidate, set_aside=partial(set_aside, path), is_artifact=partial(_holds_artifact, path))


def _holds_artifact(path: Path) -> bool:
    """Say whether a folder, or one in it for an output of several artifacts, has a valid manifest."""
    return any(map(_has_valid_manifest, (path, *folders(path))))


def _has_valid_manifest(folder: Path) -> bool:
    try:
        return Manifest.read(folder) is not None
    except (OSError, ValueError):
        return False


def local_quarantine(base: Path) -> Iterator[OrphanCandidate]:
    """List the quarantined copies below a base, and those whose deletion had begun."""
    pending = children(base / QUARANTINE)
    while pending:
        path = pending.pop()
        if _COPY.fullmatch(path.name):
            yield local_candidate(path)
        elif _is_trash(path):
            measure = partial(_measure_trash, path)
            yield OrphanCandidate(path, measure, partial(local_files.delete, path), is_trash=True)
        else:
            pending += folders(path)


def _measure_trash(path: Path) -> tuple[int, datetime]:
    return local_files.size_of(path), _LONG_AGO


def _is_trash(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(".trash")


# -- in remote stores ---------------------------------------------------------------------------------


def remote_candidates(
    root: str,
    objects: Mapping[str, ObjectInfo],
    delete: Callable[[str], object],
    set_aside: Callable[[str], object],
) -> Iterator[OrphanCandidate]:
    """Group the objects below a root by artifact: whole ones, and partial uploads."""
    whole = {_group_of(name) for name in objects if name.endswith(f"/{MANIFEST}")}
    for candidate in _grouped(root, objects, _group_of, delete):
        uri = str(candidate.place)
        is_whole = uri.removeprefix(f"{root}/") in whole  # a manifest is uploaded last
        yield replace(candidate, set_aside=partial(set_aside, uri), is_artifact=partial(bool, is_whole))


def _group_of(name: str) -> str:
    return "/".join(name.split("/")[:_DEPTH])


def remote_quarantine(
    folder: str, objects: Mapping[str, ObjectInfo], delete: Callable[[str], object]
) -> Iterator[OrphanCandidate]:
    """Group the objects in a quarantine by copy."""
    copies = {name: info for name, info in objects.items() if _COPY.fullmatch(name)}
    return _grouped(folder, copies, lambda name: _COPY.sub(r"\1", name), delete)


def _grouped(
    root: str,
    objects: Mapping[str, ObjectInfo],
    group_of: Callable[[str], str],
    delete: Callable[[str], object],
) -> Iterator[OrphanCandidate]:
    infos_by_group: dict[str, list[ObjectInfo]] = {}
    for name, info in objects.items():
        infos_by_group.setdefault(group_of(name), []).append(info)
    for group, infos in infos_by_group.items():
        changed = _last_change(infos)
        if changed is not None:
            uri, measured = f"{root}/{group}", (sum(info["size"] for info in infos), changed)
            yield OrphanCandidate(uri, partial(tuple, measured), partial(delete, uri), is_resumable=True)


def _last_change(infos: Sequence[ObjectInfo]) -> datetime | None:
    """Give when any of the objects changed last; None where their store does not tell it of each."""
    times = [_changed(info) for info in infos]
    known_times = [time for time in times if time is not None]
    return max(known_times) if len(known_times) == len(times) else None


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
