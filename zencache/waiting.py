"""Waiting for what is away for a while."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def backoff(patience: float, first: float = 0.05, longest: float = 5.0) -> Iterator[float]:
    """Give how many seconds to wait before each further attempt, doubling and a little random, until patience ends.

    >>> next(backoff(10, first=1)) <= 1
    True
    """
    started, wait = time.monotonic(), first
    while time.monotonic() - started < patience:
        yield wait * random.uniform(0.5, 1)  # noqa: S311 - so that many do not come back at once
        wait = min(2 * wait, longest)
