"""Where bytes live: one folder an artifact, written aside and renamed into place, read-only afterwards."""

from __future__ import annotations

import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blake3 import blake3

from zencache.errors import ArtifactError, StoreUnavailableError
from zencache.graph.values import to_text
from zencache.hashing import BIG, known_digest, remembering
from zencache.watch.digests import files_below

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zencache.hashing import Known


@dataclass(frozen=True)
class Manifest:
    """What an artifact's folder holds: for each file its relative path, size in bytes and BLAKE3 digest."""

    files: tuple[tuple[str, int, str], ...]

    @property
    def size(self) -> int:
        """Give the sum of the files' sizes, in bytes."""
        return sum(size for _, size, _ in self.files)

    @property
    def digest(self) -> str:
        """Give one digest for all: of the paths, sizes and digests in order."""
        return blake3(to_text(["artifact/1", *map(list, self.files)]).encode()).hexdigest()

    @classmethod
    def of(cls, folder: Path, known: Known | None = None) -> Manifest:
        """Read every file below `folder` (or the one file that it is) whose digest is not known from writing it."""
        below = [folder] if folder.is_file() else list(files_below(folder))
        paths = sorted((path.relative_to(folder).as_posix(), path) for path in below)
        return cls(
            tuple((name, path.stat().st_size, known_digest(path, known or {})) for name, path in paths)
        )


def content_digest(folder: Path) -> str:
    """Give the digest of all files below a folder: their relative paths and content."""
    return Manifest.of(folder).digest


def write_aside(target: Path, fill: Callable[[Path], None]) -> Manifest:
    """Have `fill` write an artifact's files, and put them at `target` whole or not at all.

    The files are written into a folder beside `target`, flushed to disk, made read-only, and the
    folder is renamed. What is already in `target` (a step wrote there itself) becomes part of it.
    """
    aside = _aside(target)
    try:
        if aside.exists():
            shutil.rmtree(aside)
        aside.mkdir(parents=True)
        with remembering() as known:
            fill(aside)
        if target.is_dir():
            for left in list(target.iterdir()):
                left.rename(aside / left.name)
        manifest = _flushed(aside, known)
        aside.replace(target)
        _flush_folder(target.parent)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise StoreUnavailableError(f"cannot store an artifact at {target}: {error}") from error
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
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


def is_whole(folder: Path, size: int) -> bool:
    """Say whether an artifact exists and has the recorded size; reads no content."""
    try:
        return folder.exists() and _size(folder) == size
    except OSError:
        return False


def check(folder: Path, digest: str, *, name: str, value_digest: Callable[[Path], str | None]) -> None:
    """Raise ArtifactError unless the artifact's content is what was recorded."""
    if not folder.exists():
        raise ArtifactError(
            f"the artifact {name} is gone from {folder}; run the pipeline again to make it anew"
        )
    if (value_digest(folder) or content_digest(folder)) != digest:
        raise ArtifactError(
            f"the artifact {name} at {folder} is not what was recorded: its content changed; "
            "run the pipeline again to make it anew"
        )


def _size(folder: Path) -> int:
    if folder.is_file():
        return folder.stat().st_size
    return sum(path.stat().st_size for path in files_below(folder))


def _flushed(folder: Path, known: Known) -> Manifest:
    """Digest the files while the disk takes what was written; what is small is not worth a thread."""
    if _size(folder) < BIG:
        _flush(folder)
        return Manifest.of(folder, known)
    with ThreadPoolExecutor(1) as beside:
        flushing = beside.submit(_flush, folder)
        manifest = Manifest.of(folder, known)
        flushing.result()
    return manifest


def _flush(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)
        else:
            _flush_folder(path)
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
