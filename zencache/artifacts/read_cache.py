"""The read cache: files of remote artifacts on this machine, by content digest, bounded, shared by processes.

::

    .zencache/cache/<digest>/           an artifact's files and manifest, read-only; its time is the last use
    .zencache/cache/<digest>.partial/   a fetch that is going on, or was interrupted; its process holds a lock
    .zencache/cache/.gone-…/            a deletion that is going on

Each user of an artifact holds a shared lock (`flock`) on its folder, which ends with the process at the
latest. Only folders without a lock are deleted.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from blake3 import blake3

from zencache.artifacts.local_files import children
from zencache.artifacts.manifest import size_of
from zencache.util.locks import open_locked_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zencache.artifacts.orphan_candidates import OrphanCandidate

_DIGEST = re.compile(r"[0-9a-f]{64}")
_GONE = ".gone-"
_kept_locks: ContextVar[list[int] | None] = ContextVar("zencache_kept_locks", default=None)
"""Locks that are kept to the end of a `keep_cached`."""


@contextmanager
def keep_cached() -> Iterator[None]:
    """Keep what this thread uses meanwhile in the cache, until the end."""
    locks: list[int] = []
    token = _kept_locks.set(locks)
    try:
        yield
    finally:
        _kept_locks.reset(token)
        for lock in locks:
            os.close(lock)


class ReadCache:
    """Copies of remote artifacts, up to a size in bytes; the least recently used are deleted first."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit

    def place(self, digest: str) -> Path:
        """Give the folder of a digest; a materializer's digest may be any text, and is never a path."""
        name = digest if _DIGEST.fullmatch(digest) else blake3(digest.encode()).hexdigest()
        return self._folder / name

    @contextmanager
    def using(self, digest: str) -> Iterator[Path | None]:
        """Give the folder of a digest, which stays there meanwhile; None if it is not cached."""
        place = self.place(digest)
        lock = open_locked_folder(place, shared=True)
        if lock is None:
            yield None
            return
        with contextlib.suppress(OSError):
            os.utime(place)
        try:
            yield place
        finally:
            _release(lock)

    @contextmanager
    def filling(self, digest: str) -> Iterator[Path | None]:
        """Give the folder to fetch a digest's files into, which an interrupted fetch may have filled in part.

        One process at a time has it. On success it becomes the digest's folder. None if another process was
        faster.
        """
        place = self.place(digest)
        partial_folder = place.with_name(f"{place.name}.partial")
        lock = None
        while lock is None:
            partial_folder.mkdir(parents=True, exist_ok=True)
            lock = open_locked_folder(partial_folder)
        try:
            if place.exists():
                shutil.rmtree(partial_folder, ignore_errors=True)
                yield None
                return
            yield partial_folder
            partial_folder.rename(place)
        finally:
            os.close(lock)

    def adopt(self, folder: Path, digest: str) -> Path:
        """Move the files of a new artifact into the cache, unless equal ones are there."""
        place = self.place(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.rename(place)
        except OSError:
            if not place.exists():
                raise
            shutil.rmtree(folder, ignore_errors=True)
        with self.using(digest):
            self.shrink()
        return place

    def discard(self, digest: str) -> None:
        """Delete a damaged copy, even if it is in use."""
        _delete(self.place(digest))

    def forget(self, digest: str) -> None:
        """Delete the copy of a deleted artifact, unless it is in use."""
        _delete_unused(self.place(digest))

    def partial_fetches(self) -> Iterator[OrphanCandidate]:
        """List fetches that may have been interrupted; the next one of the same content continues it."""
        from zencache.artifacts.orphan_candidates import local_candidate  # noqa: PLC0415 - only gc lists orphans

        for path in children(self._folder):
            if path.name.endswith(".partial"):
                delete = partial(_delete_unused, path)
                yield replace(local_candidate(path), delete=delete, is_resumable=True)

    def shrink(self) -> None:
        """Delete the least recently used copies that are not in use, until the rest is within the bound."""
        for gone in self._folder.glob(f"{_GONE}*"):
            shutil.rmtree(gone, ignore_errors=True)
        copies = sorted(_copies(self._folder))
        total = sum(size for _, size, _ in copies)
        for _, size, path in copies:
            if total <= self._limit:
                return
            if _delete_unused(path):
                total -= size


def _copies(folder: Path) -> Iterator[tuple[float, int, Path]]:
    for path in folder.iterdir():
        if _DIGEST.match(path.name):
            with contextlib.suppress(OSError):  # another process deleted it
                yield path.stat().st_mtime, size_of(path), path


def _delete_unused(path: Path) -> bool:
    lock = open_locked_folder(path, wait=False)
    if lock is None:
        return False
    try:
        _delete(path)
    finally:
        os.close(lock)
    return True


def _delete(path: Path) -> None:
    gone = path.with_name(f"{_GONE}{os.urandom(8).hex()}")
    with contextlib.suppress(FileNotFoundError):
        path.rename(gone)  # first, so that nobody reads half of it
        shutil.rmtree(gone, ignore_errors=True)


def _release(lock: int) -> None:
    kept_locks = _kept_locks.get()
    if kept_locks is None:
        os.close(lock)
    else:
        kept_locks.append(lock)
