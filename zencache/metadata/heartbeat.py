"""The sign of life that a process gives in the records of what it does: a number that grows while it lives."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import set_properties
from zencache.tracking.audit_events import unwatched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zencache.metadata.client import Client

BEATS_OF_A_SERVER = 2.0  # seconds between two beats where other machines watch
BEATS_OF_A_FILE = 10.0
SILENCE = 10.0  # seconds without a beat after which who watches takes the process for dead


_beating: set[tuple[str, int | None]] = set()
"""Store and context: a store may be opened several times in a process."""


class Heart:
    """Writes the time into contexts, every few seconds, as long as there are any.

    Its methods are not called while one holds the lock of the store: a beat takes that.
    """

    def __init__(self, client: Client, store: str, every: float) -> None:
        self._client = client
        self._store = store
        self._every = every
        self._contexts: dict[int, Any] = {}
        self._due: dict[int, float] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None

    def beat_in(self, context: Any) -> None:
        """Begin to beat in a context, which nobody else may write meanwhile."""
        with self._lock:
            self._contexts[context.id] = context
            self._due[context.id] = time.monotonic() + self._every
            _beating.add((self._store, context.id))
            if self._thread is None:
                self._thread = threading.Thread(target=self._go_on, name="zencache-heart", daemon=True)
                self._thread.start()

    def leave(self, context_id: int | None) -> None:
        """Stop to beat in a context; when this returns, it may be written."""
        with self._lock:
            self._contexts.pop(context_id, None)  # type: ignore[arg-type]
            self._due.pop(context_id, None)  # type: ignore[arg-type]
            _beating.discard((self._store, context_id))
            self._changed.notify_all()

    def beats_in(self, context_id: int) -> bool:
        """Say whether this process is doing what a context stands for."""
        return (self._store, context_id) in _beating

    def _go_on(self) -> None:
        with self._lock:
            while self._contexts:
                self._changed.wait(max(0.0, min(self._due.values()) - time.monotonic()))
                now = time.monotonic()
                if due := [number for number, moment in self._due.items() if moment <= now]:
                    self._beat(due)
            self._thread = None

    def _beat(self, numbers: Sequence[int]) -> None:
        contexts = [self._contexts[number] for number in numbers]
        for context in contexts:
            set_properties(context.custom_properties, {schema.BEAT: int(time.time())})
        # A heart does not stop: the next beat tries again, and what the run writes will tell.
        with unwatched(), contextlib.suppress(Exception):
            self._client.put_contexts(contexts)
        self._due.update(dict.fromkeys(numbers, time.monotonic() + self._every))
