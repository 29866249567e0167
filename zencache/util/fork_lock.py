"""Locks of threads that are free in a forked process if another thread held them at the fork."""

from __future__ import annotations

import os
import threading
from typing import Any
from weakref import WeakSet

_locks: WeakSet[Any] = WeakSet()


def fork_lock() -> threading.RLock:
    """Make a reentrant lock; a forked process gets it free, unless the thread that forked holds it.

    It is Python's own, whose `with` block begins and ends in C: an interruption between two lines of Python
    would leave a lock with methods in Python taken for good.

    >>> lock = fork_lock()
    >>> with lock, lock:
    ...     pass
    """
    lock = threading.RLock()
    _locks.add(lock)
    return lock


def _free_all() -> None:
    for lock in list(_locks):
        if lock.acquire(blocking=False):
            lock.release()
        else:  # another thread holds it, which does not exist in the forked process
            lock._at_fork_reinit()  # noqa: SLF001 - as Python's own modules do


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_free_all)
