"""Bytes that go: which folders may be deleted, how, and what lies about that no record names."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from zencache.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from zencache.config import Project

_SYSTEM = ".system"
_DEPTH = 3  # TFX's launcher puts artifacts at root/node/output/execution[/index]


@dataclass(frozen=True)
class Stray:
    """A file or folder that may belong to nothing."""

    path: Path
    execution: int | None = None
    """The execution that it was made for, as its place says."""
    is_working: bool = False
    """Whether TFX's launcher works there while a step runs."""
    is_trash: bool = False
    """Whether it was about to be deleted."""


def is_made_by(folder: Path, root: Path, execution: int) -> bool:
    """Say whether a folder lies where TFX's launcher puts what an execution makes below a root, without detours.

    >>> from pathlib import Path
    >>> is_made_by(Path("/r/load/output/7"), Path("/r"), 7), is_made_by(Path("/data/7"), Path("/r"), 7)
    (True, False)
    """
    if ".." in folder.parts or not folder.is_relative_to(root):
        return False
    inside = folder.relative_to(root).parts
    if not _DEPTH <= len(inside) <= _DEPTH + 1 or inside[_DEPTH - 1] != str(execution):
        return False
    steps = [root.joinpath(*inside[: n + 1]) for n in range(len(inside))]
    return not any(step.is_symlink() for step in steps)


def erase(folder: Path) -> None:
    """Delete an artifact's folder, or the file that it is: half-deleted, it is nowhere that anyone looks."""
    trash = folder.with_name(f".{folder.name}.trash")
    try:
        _remove(trash)
        if folder.exists():
            folder.rename(trash)
            _remove(trash)
    except OSError as error:
        raise StoreUnavailableError(
            f"cannot delete {folder}: {error}; what was chosen stays marked, and the next `zencache cache gc` goes on"
        ) from error


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def size_of(path: Path) -> int:
    """Measure a file or a folder, in bytes; what is gone has none."""
    return sum(size for size, _ in _entries(path))


def last_change(path: Path) -> datetime:
    """Give when something below a path changed last."""
    newest = max((when for _, when in _entries(path)), default=0.0)
    return datetime.fromtimestamp(newest, tz=timezone.utc)


def _entries(path: Path) -> Iterator[tuple[int, float]]:
    """List size and time of a path and of all below it; links are passed over, and what vanishes."""
    try:
        found = path.lstat()
    except OSError:
        return
    is_folder = path.is_dir() and not path.is_symlink()
    yield (0 if is_folder else found.st_size), found.st_mtime
    for each in _listed(path) if is_folder else ():
        yield from _entries(each)


def strays(project: Project) -> Iterator[Stray]:
    """List what may lie about in a project: candidates, which the records have to be asked about.

    In a folder that others use too nobody knows what is whose; nor does a server's project know what is
    recorded in the file that it had before.
    """
    if project.database.is_server:
        return
    for node in (each for each in _folders(project.own_artifacts) if each.name[0] not in "._"):
        for output in _folders(node):
            if output.name.startswith("."):
                places = _folders(output) if output.name == _SYSTEM else [output]
                yield from (Stray(each, is_working=True) for place in places for each in _listed(place))
            else:
                yield from (_stray(each) for each in _listed(output))


def _stray(path: Path) -> Stray:
    name = path.name.strip(".").partition(".")[0]
    number = int(name) if name.isdecimal() else None
    return Stray(path, number, is_trash=path.name.startswith(".") and path.name.endswith(".trash"))


def unnamed_files(project: Project, names: Iterable[str]) -> Iterator[Stray]:
    """List snapshots and source texts that have none of these names, and files that were never finished."""
    known = set(names)
    for folder in (project.snapshots, project.sources):
        for file in _listed(folder):
            if file.name.endswith(".partial") or file.name.partition(".")[0] not in known:
                yield Stray(file)
    yield from (Stray(file) for file in _listed(project.folder) if file.name.endswith(".partial"))


def _folders(path: Path) -> list[Path]:
    return [each for each in _listed(path) if each.is_dir()]


def _listed(path: Path) -> list[Path]:
    """List a folder; of links nobody knows what they lead to."""
    try:
        return sorted(each for each in path.iterdir() if not each.is_symlink())
    except OSError:
        return []
