"""Digests of files by their content: BLAKE3, on all cores where a file is large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blake3 import blake3

if TYPE_CHECKING:
    from pathlib import Path

BIG = 16 * 2**20
"""Bytes from which on several threads beat one, for digesting as for whatever goes on beside it."""
_CHUNK = (
    8 * 2**20
)  # bytes that are read at once: mapping the file instead would count as memory of the process


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
