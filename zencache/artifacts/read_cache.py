"""What was read from a store elsewhere, kept on this machine by content digest, bounded, for all processes.

::

    .zencache/cache/<digest>/           an artifact's files and manifest, read-only; its time is that of the last use
    .zencache/cache/<digest>.partial/   one that is being fetched, by the process that has it locked
    .zencache/cache/.gone-…/            one that is being deleted

Who uses an artifact holds a shared lock (`flock`) on its folder, which ends with the process at the latest; only
what nobody holds is deleted.
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

from zencache.artifacts.deletion import children
from zencache.artifacts.manifest import size_of
from zencache.artifacts.orphan_candidates import local_candidate
from zencache.util.locks import open_locked_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zencache.artifacts.orphan_candidates import OrphanCandidate

_DIGEST = re.compile(r"[0-9a-f]{64}")
_GONE = ".gone-"
_held: ContextVar[list[int] | None] = ContextVar("zencache_held", default=None)
"""Locks that are kept to the end of a `holding`."""


@contextmanager
def holding() -> Iterator[None]:
    """Have what is used meanwhile, in this thread, stay until the end of it."""
    held: list[int] = []
    token = _held.set(held)
    try:
        yield
    finally:
        _held.reset(token)
        for file in held:
            os.close(file)


class ReadCache:
    """Artifacts from elsewhere, at most so many bytes of them; what was not used for longest goes first."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit

    def place(self, digest: str) -> Path:
        """Give the folder of a digest; one that a materializer made up is never a path."""
        name = digest if _DIGEST.fullmatch(digest) else blake3(digest.encode()).hexdigest()
        return self._folder / name

    @contextmanager
    def using(self, digest: str) -> Iterator[Path | None]:
        """Give the folder of a digest, which stays there meanwhile; None if there is none."""
        place = self.place(digest)
        file = open_locked_folder(place, shared=True)
        if file is None:
            yield None
            return
        with contextlib.suppress(OSError):
            os.utime(place)
        try:
            yield place
        finally:
            _release(file)

    @contextmanager
    def filling(self, digest: str) -> Iterator[Path | None]:
        """Give the folder to fetch a digest's files into, with what an earlier try left there; one process at a time.

        At the end it takes its place, unless that failed. None if it has come into its place meanwhile.
        """
        place = self.place(digest)
        aside = place.with_name(f"{place.name}.partial")
        file = None
        while file is None:
            aside.mkdir(parents=True, exist_ok=True)
            file = open_locked_folder(aside)
        try:
            if place.exists():
                shutil.rmtree(aside, ignore_errors=True)
                yield None
                return
            yield aside
            aside.rename(place)
        finally:
            os.close(file)

    def adopt(self, folder: Path, digest: str) -> Path:
        """Move the files of a new artifact into their place, or leave those that are there."""
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
        """Delete a copy that is bad, whoever uses it."""
        _delete(self.place(digest))

    def forget(self, digest: str) -> None:
        """Delete the copy of what is no artifact any more, unless it is in use."""
        _delete_unused(self.place(digest))

    def partial_fetches(self) -> Iterator[OrphanCandidate]:
        """List fetches that may have been interrupted; the next one of the same content continues it."""
        for path in children(self._folder):
            if path.name.endswith(".partial"):
                delete = partial(_delete_unused, path)
                yield replace(local_candidate(path), delete=delete, is_resumable=True)

    def shrink(self) -> None:
        """Delete what was not used for longest and is not in use, until what is left is within the bound."""
        for gone in self._folder.glob(f"{_GONE}*"):
            shutil.rmtree(gone, ignore_errors=True)
        there = sorted(_entries(self._folder))
        total = sum(size for _, size, _ in there)
        for _, size, path in there:
            if total <= self._limit:
                return
            if _delete_unused(path):
                total -= size


def _entries(folder: Path) -> Iterator[tuple[float, int, Path]]:
    for path in folder.iterdir():
        if _DIGEST.match(path.name):
            with contextlib.suppress(OSError):  # another process deleted it
                yield path.stat().st_mtime, size_of(path), path


def _delete_unused(path: Path) -> bool:
    file = open_locked_folder(path, wait=False)
    if file is None:
        return False
    try:
        _delete(path)
    finally:
        os.close(file)
    return True


def _delete(path: Path) -> None:
    gone = path.with_name(f"{_GONE}{os.urandom(8).hex()}")
    with contextlib.suppress(FileNotFoundError):
        path.rename(gone)  # at once: nobody finds half of it
        shutil.rmtree(gone, ignore_errors=True)


def _release(file: int) -> None:
    held = _held.get()
    if held is None:
        os.close(file)
    else:
        held.append(file)
