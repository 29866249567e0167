"""One writer at a time on a local store: among the threads of a process, and among processes."""

from __future__ import annotations

import fcntl
import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from zencache.config import Project


def one_writer(project: Project) -> AbstractContextManager[Any]:
    """Give what orders the writers of a project's records: of a file, among processes; a server orders them itself."""
    return threading.RLock() if project.database.is_server else StoreLock(project.lock)


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
                self._file = _locked(self._path)
        except BaseException:
            self._threads.release()
            raise
        self._depth += 1

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if not self._depth:
            os.close(self._file)
        self._threads.release()


def _locked(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except BaseException:
        os.close(file)
        raise
    return file
