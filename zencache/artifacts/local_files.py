"""Deletes files and folders of this machine, and measures them; links are neither followed nor counted."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator


def delete(folder: Path) -> None:
    """Delete a folder or a file: it is renamed first, so that nobody reads half of it."""
    trash = folder.with_name(f".{folder.name}.trash")
    try:
        remove(trash)
        if folder.exists():
            folder.rename(trash)
            remove(trash)
    except OSError as error:
        raise StoreUnavailableError(f"cannot delete {folder}: {error}") from error


def remove(path: Path) -> None:
    """Remove a file or a folder, also one whose folders lack the write bit; raises OSError."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except PermissionError:
        make_writable(path)
        shutil.rmtree(path)


def make_writable(folder: Path) -> None:
    """Let the owner list and change a folder and all folders below; another user's are left as they are."""
    _add_owner_bits(folder)
    for here, names, _ in os.walk(folder):  # a folder is changed before the walk enters it
        for name in names:
            _add_owner_bits(Path(here, name))


def _add_owner_bits(folder: Path) -> None:
    mode = folder.lstat().st_mode
    if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
        with contextlib.suppress(PermissionError):
            folder.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)


def size_of(path: Path) -> int:
    """Measure a file or a folder, in bytes; a missing one has none."""
    return sum(size for size, _ in _entries(path))


def last_change(path: Path) -> datetime:
    """Give when a path, or anything below it, changed last."""
    newest = max((changed for _, changed in _entries(path)), default=0.0)
    return datetime.fromtimestamp(newest, tz=timezone.utc)


def _entries(path: Path) -> Iterator[tuple[int, float]]:
    """Give size and time of a path and of all below it; links are skipped, and what vanishes meanwhile."""
    try:
        status = path.lstat()
    except OSError:
        return
    is_folder = path.is_dir() and not path.is_symlink()
    yield (0 if is_folder else status.st_size), status.st_mtime
    for child in children(path) if is_folder else ():
        yield from _entries(child)


def folders(path: Path) -> list[Path]:
    """List the folders in a folder, without links."""
    return [child for child in children(path) if child.is_dir()]


def children(path: Path) -> list[Path]:
    """List a folder, without links: they may lead anywhere. Empty if it is not there."""
    try:
        return sorted(child for child in path.iterdir() if not child.is_symlink())
    except OSError:
        return []
