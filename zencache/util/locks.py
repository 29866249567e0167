"""Locks files (`flock`) between threads and processes; the system releases a lock when its holder ends."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from typing import TYPE_CHECKING

from zencache.util.interruptions import postpone, resume

if TYPE_CHECKING:
    from pathlib import Path


def is_read_only(error: BaseException) -> bool:
    """Say whether an error means that a file can be read but not written."""
    return isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)


class StoreLock:
    """A reentrant lock on a file: the thread that holds it may take it again.

    What other threads throw into that thread meanwhile is raised when the lock is free again.

    >>> from pathlib import Path
    >>> lock = StoreLock(Path("lock"))
    >>> with lock, lock:
    ...     print("nobody else writes")
    nobody else writes
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.RLock()
        self._depth = 0
        self._file = -1
        self._postpones = False

    def __enter__(self) -> None:
        is_first = postpone()
        try:
            with self._threads:
                if not self._depth:
                    file = open_locked(self._path)
                    assert file is not None
                    self._file, self._postpones = file, is_first
                self._depth += 1
                self._threads.acquire()
        except BaseException:
            if is_first:
                resume()
            raise

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        is_free = not self._depth
        postpones = self._postpones
        if is_free:
            close_locked(self._file)
        self._threads.release()
        if is_free and postpones:
            resume()


def open_locked(path: Path, *, wait: bool = True) -> int | None:
    """Open and lock a file, and give its descriptor; without `wait`, None if another holds the lock."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    if not _lock_or_close(file, fcntl.LOCK_EX, wait=wait):
        return None
    _held.add(file)
    return file


def open_locked_folder(folder: Path, *, shared: bool = False, wait: bool = True) -> int | None:
    """Open and lock a folder; None if it does not exist, or without `wait` if another holds the lock.

    Close the descriptor to release the lock; it is inherited by a forked child.
    """
    how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    while True:
        try:
            file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        if not _lock_or_close(file, how, wait=wait):
            return None
        if is_still(folder, file):
            return file
        os.close(file)  # the folder was deleted during the wait, and perhaps made again


def _lock_or_close(file: int, how: int, *, wait: bool) -> bool:
    """Lock an open file; False if another holds it. The file is closed unless it gets locked."""
    try:
        fcntl.flock(file, how if wait else how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    except BaseException:
        os.close(file)
        raise
    return True


def is_still(path: Path, file: int) -> bool:
    """Say whether a path still names an open file; another process may have deleted or replaced it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def close_locked(file: int) -> None:
    """Release a lock that `open_locked` took."""
    _held.discard(file)
    os.close(file)


_held: set[int] = set()


def _forget_held() -> None:
    """Close the locks in a forked child: else the child would hold them as long as it lives."""
    for file in _held:
        os.close(file)
    _held.clear()


os.register_at_fork(after_in_child=_forget_held)
