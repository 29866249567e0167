"""A lock of threads that is free in a forked process if another thread held it at the fork."""

from __future__ import annotations

import os
import threading
from weakref import WeakSet

_locks: WeakSet[ForkLock] = WeakSet()


class ForkLock:
    """A reentrant lock; a forked process gets it free, unless the thread that forked holds it.

    >>> lock = ForkLock()
    >>> with lock, lock:
    ...     pass
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _locks.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def free(self) -> None:
        """Replace the lock if another thread holds it: in a forked process, that thread does not exist."""
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self._lock = threading.RLock()


def _free_all() -> None:
    for lock in list(_locks):
        lock.free()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_free_all)
