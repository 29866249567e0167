"""Bytes of this machine that go: how they are deleted, and how many they are."""

from __future__ import annotations

import shutil
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from zencache.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def erase(folder: Path) -> None:
    """Delete an artifact's folder, or the file that it is: half-deleted, it is nowhere that anyone looks."""
    trash = folder.with_name(f".{folder.name}.trash")
    try:
        _remove(trash)
        if folder.exists():
            folder.rename(trash)
            _remove(trash)
    except OSError as error:
        raise StoreUnavailableError(f"cannot delete {folder}: {error}") from error


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
    for each in listed(path) if is_folder else ():
        yield from _entries(each)


def folders(path: Path) -> list[Path]:
    """List the folders in one."""
    return [each for each in listed(path) if each.is_dir()]


def listed(path: Path) -> list[Path]:
    """List a folder; of links nobody knows what they lead to."""
    try:
        return sorted(each for each in path.iterdir() if not each.is_symlink())
    except OSError:
        return []
