"""Raises exceptions in other threads, and keeps them out of blocks of which half must not be done."""

from __future__ import annotations

import ctypes
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()
_undisturbed: set[int] = set()
_postponed: dict[int, type[BaseException]] = {}
"""Thread to what it raises once its undisturbed block has ended."""


def throw(thread: int, kind: type[BaseException] | None) -> None:
    """Have another thread raise an exception at its next line of Python; None cancels a pending one."""
    with _lock:
        _postponed.pop(thread, None)
        if kind is not None and thread in _undisturbed:
            _postponed[thread] = kind
            return
        thrown = ctypes.py_object(kind) if kind else None
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), thrown)


def postpone() -> bool:
    """Postpone what other threads throw into this one, until `resume`; False if it is postponed already."""
    thread = threading.get_ident()
    if thread in _undisturbed:
        return False
    with _lock:
        _undisturbed.add(thread)
    return True


def resume() -> None:
    """Raise what was postponed."""
    thread = threading.get_ident()
    with _lock:
        _undisturbed.discard(thread)
        kind = _postponed.pop(thread, None)
    if kind is not None:
        raise kind


@contextmanager
def undisturbed() -> Iterator[None]:
    """Raise what another thread throws at the end of the block.

    >>> try:
    ...     with undisturbed():
    ...         throw(threading.get_ident(), TimeoutError)
    ...         print("done as a whole")
    ... except TimeoutError:
    ...     print("too late")
    done as a whole
    too late
    """
    is_first = False
    try:
        is_first = postpone()
        yield
    finally:
        if is_first:
            resume()
