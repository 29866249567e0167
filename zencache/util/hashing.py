"""Digests files by content with BLAKE3: on all cores if a file is large, or while it is written."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Buffer, Self

BIG = 16 * 2**20
"""Bytes from which on several threads beat one, for digesting as for whatever goes on beside it."""
_CHUNK = 8 * 2**20
"""Bytes that are read at once: mapping the file instead would count as memory of the process."""


def file_digest(path: Path) -> str:
    """Give the BLAKE3 digest of a file's content, as 64 hexadecimal digits; raises OSError.

    >>> from pathlib import Path
    >>> _ = Path("a.txt").write_text("a")
    >>> file_digest(Path("a.txt"))[:8]
    '17762fdd'
    """
    with path.open("rb", buffering=0) as file:
        start = file.read(_CHUNK)
        if len(start) < _CHUNK:
            return blake3(start + file.read()).hexdigest()
        hasher = blake3(start, max_threads=blake3.AUTO)
        buffer = memoryview(bytearray(_CHUNK))
        while count := file.readinto(buffer):
            hasher.update(buffer[:count])
    return hasher.hexdigest()


Known = dict[str, tuple[tuple[int, int], str]]
"""Files to their size and time of change when they were digested, and the digest."""
_known: ContextVar[Known | None] = ContextVar("zencache_digests", default=None)


@contextmanager
def remembering() -> Iterator[Known]:
    """Give the digests of the `DigestedFile`s that are written meanwhile."""
    digests: Known = {}
    token = _known.set(digests)
    try:
        yield digests
    finally:
        _known.reset(token)


def known_digest(path: Path, digests: Known) -> str:
    """Give a file's digest: the one that was made while it was written, unless it has changed since."""
    stamp, digest = digests.get(str(path), (None, ""))
    return digest if stamp == _stamp(path) else file_digest(path)


class DigestedFile:
    """A new file that is digested from memory while the system writes it, and flushed to disk at the end.

    What is written must stay as it is until then.

    >>> from pathlib import Path
    >>> with remembering() as known, DigestedFile(Path("a.txt")) as file:
    ...     file.write(b"a")
    >>> known_digest(Path("a.txt"), known)[:8]
    '17762fdd'
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hasher = blake3()
        self._beside = ThreadPoolExecutor(1)
        self._jobs: list[Future[None]] = []
        self._file = path.open("xb", buffering=0)

    def __enter__(self) -> Self:
        return self

    def write(self, data: Buffer) -> None:
        """Write bytes after those that are there."""
        rest = memoryview(data).cast("B")
        self._jobs.append(self._beside.submit(self._digest, rest))
        while rest:
            rest = rest[self._file.write(rest) :]

    def _digest(self, data: memoryview) -> None:
        for start in range(0, len(data), _CHUNK):
            self._hasher.update(data[start : start + _CHUNK])

    def __exit__(self, kind: object, *error: object) -> None:
        with self._file, self._beside:
            if kind is None:
                os.fsync(self._file.fileno())
        for job in self._jobs:
            job.result()
        digests = _known.get()
        if kind is None and digests is not None:
            digests[str(self._path)] = (_stamp(self._path), self._hasher.hexdigest())


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def printable(name: str) -> str:
    """Make a name that is not UTF-8 one that JSON and SQLite can hold."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
