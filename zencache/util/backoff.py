"""Retries calls that fail temporarily, with growing delays."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from zencache.util.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zencache.util.clock import Clock

_T = TypeVar("_T")
_LARGEST_EXPONENT = 64  # a larger one would overflow some day


def doubled(first: float, longest: float, failed: int) -> float:
    """Give the seconds to wait after that many failed attempts.

    >>> [doubled(2, 10, failed) for failed in (1, 2, 3, 4)]
    [2.0, 4.0, 8.0, 10]
    """
    return min(first * 2.0 ** min(failed - 1, _LARGEST_EXPONENT), longest)


def delays(first: float, longest: float) -> Iterator[float]:
    """Give the seconds to wait before each further attempt, without end: doubling, less a random part.

    >>> all(0.5 * most <= delay <= most for delay, most in zip(delays(1, 3), [1, 2, 3, 3]))
    True
    """
    for failed in itertools.count(1):
        delay = doubled(first, longest, failed)
        yield delay * random.uniform(0.5, 1)  # noqa: S311 - so that many do not come back at once


def backoff(
    patience: float, first: float = 0.05, longest: float = 5.0, clock: Clock = SYSTEM_CLOCK
) -> Iterator[float]:
    """Give `delays` until `patience`, in seconds, has passed.

    >>> next(backoff(10, first=1)) <= 1
    True
    """
    started = clock.monotonic()
    for delay in delays(first, longest):
        if clock.monotonic() - started >= patience:
            return
        yield delay


class AttemptsExhaustedError(Exception):
    """The last attempt failed with a transient error, which is the cause of this one."""

    def __init__(self, attempts: int) -> None:
        super().__init__(f"gave up after {attempts} attempts")
        self.attempts = attempts


@dataclass(frozen=True)
class Retry:
    """How often a call is attempted, and how long to wait between attempts.

    >>> results = iter([ConnectionResetError("lost"), ConnectionResetError("lost"), "done"])
    >>> def shaky():
    ...     if isinstance(result := next(results), Exception):
    ...         raise result
    ...     return result
    >>> Retry(sleep=lambda seconds: None)(shaky, lambda error: isinstance(error, ConnectionError))
    'done'
    """

    attempts: int = 6
    first: float = 0.2
    """Seconds before the second attempt."""
    longest: float = 10.0
    """Seconds that a delay never exceeds."""
    sleep: Callable[[float], object] = SYSTEM_CLOCK.sleep

    def __call__(self, call: Callable[[], _T], is_transient: Callable[[Exception], bool]) -> _T:
        """Call until it succeeds.

        Raises an error that is not transient as it is, and AttemptsExhaustedError after the last attempt.
        """
        waits = delays(self.first, self.longest)
        for attempt in range(1, self.attempts + 1):
            try:
                return call()
            except Exception as error:
                if not is_transient(error):
                    raise
                if attempt == self.attempts:
                    raise AttemptsExhaustedError(attempt) from error
            self.sleep(next(waits))
        raise ValueError(f"a call needs at least one attempt, not {self.attempts}")
