"""Digests of files and folders, remembered while the files stay the same.

The memory is a SQLite file of its own. It can be deleted at any time, and may be shared by processes::

    files(folder, name, size, mtime_ns, ctime_ns, inode, digest)      one row a file, the newest
"""

from __future__ import annotations

import glob
import os
import stat
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.errors import DefinitionError
from zencache.model.values import digest_of
from zencache.tracking.audit_events import unwatched
from zencache.util.hashing import file_digest, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zencache.util.remembered_rows import RememberedRows

_RACY = 2 * 10**9  # nanoseconds
_PENDING = 1000  # digests that wait to be written together, at most
_WAIT = 0.5  # seconds between two writes, so that many small files share one
_FORMAT = 1  # of the SQLite file; another one is left alone
_TABLE = """
create table if not exists files (
    folder text, name text, size integer, mtime_ns integer, ctime_ns integer, inode integer, digest text,
    primary key (folder, name)
) without rowid
"""
_OF_FOLDER = "select name, digest, size, mtime_ns, ctime_ns, inode from files where folder = ?"

_Stamp = tuple[int, ...]


class FileDigests:
    """Gives content digests, and reads an unchanged file only once.

    `reads` counts the files that were read. A method gives None for what does not exist.

    >>> from pathlib import Path
    >>> digests = FileDigests(None)
    >>> _ = Path("a.txt").write_text("a")
    >>> digests.digest(Path("a.txt"))[:8], digests.digest(Path("b.txt"))
    ('17762fdd', None)
    """

    def __init__(self, store: Path | None) -> None:
        self.reads = 0
        self.store = store
        self._known: dict[str, tuple[_Stamp, str]] = {}
        self._new: dict[str, tuple[_Stamp, str]] = {}
        self._asked: set[str] = set()  # folders whose files were looked up in the memory
        self._lock = threading.Lock()
        self._written = 0.0
        self._memory = _memory_in(store) if store is not None else None

    def digest(self, path: Path) -> str | None:
        """Give the digest of a file's content, or of all paths and contents below a folder."""
        with unwatched():
            return self._digest(os.path.abspath(path))  # noqa: PTH100 - Path.absolute() keeps `..`

    def listing(self, path: Path) -> str | None:
        """Give the digest that records of older releases have of a folder: of its names but hidden ones."""
        try:
            with unwatched():
                names = os.listdir(path)  # noqa: PTH208 - names, not paths
        except OSError:
            return None
        shown = sorted(name for name in names if not name.startswith(".") and name != "__pycache__")
        return digest_of(["listing/1", *map(printable, shown)])

    @staticmethod
    def entries(path: Path, asked: str) -> str:
        """Give what a record holds of a listed folder: what was asked of its entries, and their digest."""
        from zencache.tracking.listings import digest_of_entries  # noqa: PLC0415 - only where one was listed

        with unwatched():
            digest = digest_of_entries(path, asked)
        return f"{asked}:{digest}" if digest else ""

    @staticmethod
    def matches(pattern: str, root: Path) -> list[Path]:
        """Give the files that a path or a glob names, relative to `root`, sorted; a folder stands for itself.

        >>> from pathlib import Path
        >>> for name in ("b.csv", "a.csv", "c.txt"):
        ...     _ = Path(name).write_text("")
        >>> [path.name for path in FileDigests.matches("*.csv", Path.cwd())]
        ['a.csv', 'b.csv']
        """
        absolute_pattern = os.path.join(root, os.path.expanduser(pattern))  # noqa: PTH111, PTH118 - Path drops a trailing /
        if os.path.exists(absolute_pattern):  # noqa: PTH110 - a name may have [ or * in it
            return [Path(absolute_pattern)]
        if not glob.has_magic(pattern):
            raise DefinitionError(
                f"no file {pattern!r} in {root}; make it, or correct the path (it is relative to that folder)"
            )
        matches = sorted(Path(name) for name in glob.glob(absolute_pattern, recursive=True))  # noqa: PTH207 - takes absolute patterns
        files = [path for path in matches if path.is_file()]
        if not files:
            raise DefinitionError(
                f"no file matches {pattern!r} in {root}; correct the pattern (it is relative to that folder; "
                "`**` goes into folders below)"
            )
        return files

    def flush(self) -> None:
        """Write new digests to the file, for other processes."""
        with self._lock:
            new, self._new = self._new, {}
            self._written = time.monotonic()
        if self._memory is not None and new:
            rows = [
                (*printable(path).rpartition("/")[::2], *stamp, digest)
                for path, (stamp, digest) in new.items()
            ]
            self._memory.write("insert or replace into files values (?, ?, ?, ?, ?, ?, ?)", rows)

    def _digest(self, path: str) -> str | None:
        status = _status(path)
        if status is None:
            return None
        if stat.S_ISDIR(status.st_mode):
            return self._folder(Path(path))
        return self._file(path, status) if stat.S_ISREG(status.st_mode) else None

    def _file(self, path: str, status: os.stat_result) -> str | None:
        stamp = _stamp(status)
        remembered = self._remembered(path, stamp)
        if remembered is not None:
            return remembered
        began = time.time_ns()
        digest = _read(Path(path))
        if digest is None:
            return None
        with self._lock:
            self.reads += 1
        after = _status(path)
        # Within the clock's granularity a file can change again and keep its times, and on some file
        # systems that is two seconds: files younger than that are read again the next time.
        if after is not None and _stamp(after) == stamp and began - status.st_mtime_ns >= _RACY:
            self._remember(path, stamp, digest)
        return digest

    def _remembered(self, path: str, stamp: _Stamp) -> str | None:
        folder = path.rpartition("/")[0]
        if self._memory is not None and folder not in self._asked:
            self._asked.add(folder)
            # All files of a folder: they are usually needed together.
            for name, digest_before, *stamp_before in self._memory.read(_OF_FOLDER, [printable(folder)]):
                self._known.setdefault(f"{folder}/{name}", (tuple(stamp_before), digest_before))
        remembered = self._known.get(path)
        return remembered[1] if remembered is not None and remembered[0] == stamp else None

    def _remember(self, path: str, stamp: _Stamp, digest: str) -> None:
        with self._lock:
            self._known[path] = self._new[path] = (stamp, digest)
            due = len(self._new) >= _PENDING or time.monotonic() - self._written > _WAIT
        if due:
            self.flush()

    def _folder(self, folder: Path) -> str:
        digests = sorted(
            (printable(os.path.relpath(path, folder)), self._digest(str(path)))
            for path in files_below(folder)
        )
        return digest_of(["folder/1", *map(list, digests)])


def files_below(folder: Path) -> Iterator[Path]:
    """Give every regular file below a folder, through links too, each real folder once."""
    visited: set[tuple[int, int]] = set()
    for here, folders, names in os.walk(folder, followlinks=True):
        status = _status(here)
        if status is None or (status.st_dev, status.st_ino) in visited:
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        yield from (path for path in (Path(here, name) for name in names) if path.is_file())


def _memory_in(store: Path) -> RememberedRows:
    from zencache.util.remembered_rows import RememberedRows  # noqa: PLC0415 - declaring needs no SQLite

    return RememberedRows(store, _TABLE, _FORMAT)


def _read(path: Path) -> str | None:
    try:
        return file_digest(path)
    except OSError:
        return None


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - the hot path of a look-up
    except (OSError, ValueError):  # ValueError: a zero byte in the name
        return None


def _stamp(status: os.stat_result) -> _Stamp:
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
