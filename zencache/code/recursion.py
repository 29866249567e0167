"""Lets functions that follow nested structures go deeper than Python's limit."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 10_000  # calls; the smallest usual stack of a thread, 8 MiB, holds twice as many
_lock = threading.Lock()
_users = 0
_before = 0


@contextlib.contextmanager
def deeper_recursion() -> Iterator[None]:
    """Raise the limit within a context; the last of several threads sets it back, unless it changed."""
    global _users, _before  # noqa: PLW0603 - the limit belongs to the whole process
    with _lock:
        if _users == 0:
            _before = sys.getrecursionlimit()
            sys.setrecursionlimit(max(_before, _DEEPEST))
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0 and sys.getrecursionlimit() == _DEEPEST:
                sys.setrecursionlimit(_before)
