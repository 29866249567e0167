"""Waiting for what is away for a while."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def growing(first: float, longest: float) -> Iterator[float]:
    """Give the seconds to wait before each further attempt, without end: doubling, and a random part less.

    >>> all(0.5 * most <= wait <= most for wait, most in zip(growing(1, 3), [1, 2, 3, 3]))
    True
    """
    wait = min(first, longest)
    while True:
        yield wait * random.uniform(0.5, 1)  # noqa: S311 - so that many do not come back at once
        wait = min(2 * wait, longest)


def backoff(patience: float, first: float = 0.05, longest: float = 5.0) -> Iterator[float]:
    """Give the waits of `growing` until patience, in seconds, ends.

    >>> next(backoff(10, first=1)) <= 1
    True
    """
    started = time.monotonic()
    for wait in growing(first, longest):
        if time.monotonic() - started >= patience:
            return
        yield wait
