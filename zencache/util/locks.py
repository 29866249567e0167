"""Locks on files: among the threads of a process, and among processes. They end with whoever holds them."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def is_read_only(error: BaseException) -> bool:
    """Say whether an error tells that a file may be read, and not be written."""
    return isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)


class StoreLock:
    """A lock on a file (`flock`), which the thread that holds it may take again; it ends with its process.

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

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            if not self._depth:
                file = open_locked(self._path)
                assert file is not None
                self._file = file
        except BaseException:
            self._threads.release()
            raise
        self._depth += 1

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if not self._depth:
            close_locked(self._file)
        self._threads.release()


def open_locked(path: Path, *, wait: bool = True) -> int | None:
    """Open a file with its lock, and give its descriptor; None where another holds it and one is not to wait."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    if not lock_or_close(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB):
        return None
    _held.add(file)
    return file


def lock_or_close(file: int, how: int) -> bool:
    """Lock an open file; False where another holds it and `how` says not to wait. It is closed unless it is locked."""
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        os.close(file)
        return False
    except BaseException:
        os.close(file)
        raise
    return True


def is_still(path: Path, file: int) -> bool:
    """Say whether an open file is the one of its name: it may have been deleted, and made anew, meanwhile."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def close_locked(file: int) -> None:
    """Give a lock back."""
    _held.discard(file)
    os.close(file)


_held: set[int] = set()


def _forget_held() -> None:
    """Leave the locks to the process that took them: a child that it forks would hold them as long as it lives."""
    for file in _held:
        os.close(file)
    _held.clear()


os.register_at_fork(after_in_child=_forget_held)
