"""Takes measures in turns, so that other load of the machine affects all of them alike."""

from __future__ import annotations

import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def in_turns(
    repeats: int,
    ways: Mapping[str, Callable[[], float]],
    choose: Callable[[list[float]], float] = median,
) -> dict[str, float]:
    """Measure several ways in turns, repeatedly; give the median of each, or another choice."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            taken[name].append(way())
    return {name: choose(values) for name, values in taken.items()}


def seconds(call: Callable[[], object]) -> float:
    """Give the seconds that a call takes."""
    return timed(call)[0]


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Give the seconds that a call takes, and its result."""
    started = time.perf_counter()
    answer = call()
    return time.perf_counter() - started, answer


def tell(text: str) -> None:
    """Print progress to standard error."""
    print(text, file=sys.stderr, flush=True)
