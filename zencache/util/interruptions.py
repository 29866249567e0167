"""Raises exceptions in other threads, and keeps them out of blocks of which half must not be done."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.RLock()  # a signal may arrive in a thread that holds it
_undisturbed: set[int] = set()
_postponed: dict[int, BaseException | type[BaseException]] = {}
"""Thread to what it raises once its undisturbed block has ended."""


def throw(thread: int, kind: type[BaseException] | None) -> None:
    """Have another thread raise an exception at its next line of Python; None cancels a pending one."""
    with _lock:
        _postponed.pop(thread, None)
        if kind is not None and thread in _undisturbed:
            _postponed[thread] = kind
            return
        import ctypes  # noqa: PLC0415 - few runs are interrupted

        thrown = ctypes.py_object(kind) if kind else None
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), thrown)


def postpone() -> bool:
    """Postpone what other threads throw into this one, until `resume`; False if it is postponed already."""
    thread = threading.get_ident()
    if thread in _undisturbed:
        return False
    try:
        with _lock:
            _undisturbed.add(thread)
    except BaseException as error:  # noqa: BLE001 - it was thrown just before
        with _lock:
            _undisturbed.add(thread)
            _postponed.setdefault(thread, error)
    return True


def resume() -> None:
    """Raise what was postponed."""
    thread = threading.get_ident()
    with _lock:
        _undisturbed.discard(thread)
        error = _postponed.pop(thread, None)
    if error is not None:
        raise error


@contextmanager
def undisturbed() -> Iterator[None]:
    """Raise what another thread throws, or Ctrl-C, at the end of the block.

    >>> try:
    ...     with undisturbed():
    ...         throw(threading.get_ident(), TimeoutError)
    ...         print("done as a whole")
    ... except TimeoutError:
    ...     print("too late")
    done as a whole
    too late
    """
    if not postpone():
        yield
        return
    thread = threading.get_ident()
    is_main = threading.current_thread() is threading.main_thread()
    takes_signal = is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        if takes_signal:
            signal.signal(signal.SIGINT, lambda *_: throw(thread, KeyboardInterrupt))
        yield
    finally:
        if takes_signal:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        resume()
