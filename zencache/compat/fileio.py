"""File functions for materializers of older releases (`zenml.io.fileio`, 0.5 to 0.39); local files only."""

from __future__ import annotations

import glob as _glob
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Place = str | os.PathLike[str]


def open(path: Place, mode: str = "r") -> Any:  # noqa: A001 - its name
    """Open a file."""
    return Path(path).open(mode)


def copy(src: Place, dst: Place, overwrite: bool = False) -> None:
    """Copy a file; raises FileExistsError unless `overwrite`."""
    if Path(dst).exists() and not overwrite:
        raise FileExistsError(f"{os.fspath(dst)} is there already; say overwrite=True")
    shutil.copyfile(src, dst)


def rename(src: Place, dst: Place, overwrite: bool = False) -> None:
    """Move a file or a folder; raises FileExistsError unless `overwrite`."""
    if Path(dst).exists() and not overwrite:
        raise FileExistsError(f"{os.fspath(dst)} is there already; say overwrite=True")
    Path(src).replace(dst)


def exists(path: Place) -> bool:
    """Say whether there is a file or a folder."""
    return Path(path).exists()


def isdir(path: Place) -> bool:
    """Say whether there is a folder."""
    return Path(path).is_dir()


def glob(pattern: str) -> list[str]:
    """List the paths that match a pattern."""
    return sorted(_glob.glob(pattern))  # noqa: PTH207 - texts in, texts out


def listdir(path: Place) -> list[str]:
    """List the names in a folder."""
    return sorted(entry.name for entry in Path(path).iterdir())


def makedirs(path: Place) -> None:
    """Make a folder and those above it."""
    Path(path).mkdir(parents=True, exist_ok=True)


def mkdir(path: Place) -> None:
    """Make a folder."""
    Path(path).mkdir()


def remove(path: Place) -> None:
    """Remove a file."""
    Path(path).unlink()


def rmtree(path: Place) -> None:
    """Remove a folder with all that is in it."""
    shutil.rmtree(path)


def size(path: Place) -> int:
    """Give a file's size in bytes."""
    return Path(path).stat().st_size


def stat(path: Place) -> Any:
    """Give what the file system knows of a path."""
    return Path(path).stat()


def walk(top: Place, topdown: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """Walk a folder: path, folders, files."""
    yield from os.walk(os.fspath(top), topdown)
