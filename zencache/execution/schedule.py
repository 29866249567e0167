"""Schedules steps: each as soon as its upstream steps have ended, those on the longest path first."""

from __future__ import annotations

import heapq
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class StepSchedule:
    """Gives the steps of a graph to workers, each of which iterates over it.

    A worker waits while no step is ready, and stops when every step was given to a worker.

    >>> schedule = StepSchedule({"a": frozenset(), "b": frozenset("a"), "c": frozenset("a")}, {"c": 9.5})
    >>> for step in schedule:
    ...     print(step)
    a
    c
    b
    """

    def __init__(self, upstream: Mapping[str, frozenset[str]], seconds: Mapping[str, float]) -> None:
        """Take a graph, step to its upstream steps, in order; and the known durations of steps."""
        self._changed = threading.Condition()
        self._missing = {step: set(needs) for step, needs in upstream.items()}
        self._downstream: dict[str, list[str]] = {step: [] for step in upstream}
        for step, needs in upstream.items():
            for need in needs:
                self._downstream[need].append(step)
        self._ranks = self._ranked(seconds)
        self._ready = [rank for step, rank in self._ranks.items() if not upstream[step]]
        heapq.heapify(self._ready)
        self._left = len(upstream)

    @property
    def is_chain(self) -> bool:
        """Whether no two steps can run at once."""
        return len(self._ready) <= 1 and all(len(after) <= 1 for after in self._downstream.values())

    def __iter__(self) -> Iterator[str]:
        while (step := self._take()) is not None:
            try:
                yield step
            finally:
                self._ended(step)

    def _ranked(self, seconds: Mapping[str, float]) -> dict[str, tuple[float, int, str]]:
        """Rank steps by the seconds from their start to the end of the graph, then by their order."""
        longest: dict[str, float] = {}
        for step in reversed(self._downstream):
            after = (longest[each] for each in self._downstream[step])
            longest[step] = seconds.get(step, 0.0) + max(after, default=0.0)
        return {step: (-longest[step], number, step) for number, step in enumerate(self._downstream)}

    def _take(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._ready or not self._left)
            if not self._left:
                return None
            self._left -= 1
            if not self._left:
                self._changed.notify_all()
            return heapq.heappop(self._ready)[-1]

    def _ended(self, step: str) -> None:
        with self._changed:
            for after in self._downstream[step]:
                self._missing[after].discard(step)
                if not self._missing[after]:
                    heapq.heappush(self._ready, self._ranks[after])
            self._changed.notify_all()
