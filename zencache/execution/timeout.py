"""A time limit for code in a thread: it is interrupted between two lines of Python."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zencache.errors import StepTimeoutError
from zencache.util.durations import timeout_text
from zencache.util.interruptions import throw

if TYPE_CHECKING:
    from collections.abc import Iterator

_REPEAT_AFTER = 1.0  # seconds after which a thread that goes on is interrupted once more


def took_too_long(step: str, seconds: float) -> StepTimeoutError:
    """Make the error of a step that took longer than its timeout."""
    return StepTimeoutError(
        f"step {step} took longer than its timeout of {timeout_text(seconds)} and was ended; "
        "give it more time "
        "(`timeout=`), less to do, or another attempt (`retries=`)"
    )


class _TimeIsUp(BaseException):
    """Raised in a step's thread; no `except Exception` of the step stops it."""


@dataclass
class _Clock:
    """Interrupts one thread when its time is up, and again until its block ends."""

    thread: int
    seconds: float
    is_up: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        wait = self.seconds
        while not self._ended.wait(wait):
            with self._lock:
                if not self._ended.is_set():
                    self.is_up, wait = True, _REPEAT_AFTER
                    throw(self.thread, _TimeIsUp)

    def stop(self) -> None:
        """End it, and cancel an exception that the thread has not raised yet."""
        with self._lock:
            self._ended.set()
            if self.is_up:
                throw(self.thread, None)


@contextmanager
def time_limit(step: str, seconds: float | None) -> Iterator[None]:
    """Raise StepTimeoutError in this thread if the block takes longer than that many seconds.

    A call that waits outside of Python (`time.sleep`, a socket, a library's own code) is not interrupted;
    the error is raised when it returns.
    """
    if seconds is None:
        yield
        return
    clock = _Clock(threading.get_ident(), seconds)
    threading.Thread(target=clock.run, name=f"zencache-timeout-{step}", daemon=True).start()
    try:
        try:
            yield
        finally:
            clock.stop()
    except _TimeIsUp as up:
        clock.stop()
        raise took_too_long(step, seconds).with_traceback(up.__traceback__) from None
    if clock.is_up:  # the step caught the interruption
        raise took_too_long(step, seconds)
