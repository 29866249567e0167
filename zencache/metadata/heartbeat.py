"""The heartbeat: writes the time into the context of an active run or a held lease, every few seconds."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import set_properties
from zencache.tracking.audit_events import unwatched
from zencache.util.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zencache.metadata.client import MetadataClient
    from zencache.util.clock import Clock

SERVER_INTERVAL = 2.0  # seconds between two heartbeats where other machines watch
FILE_INTERVAL = 10.0

_beating: set[tuple[str, int | None]] = set()
"""Store and context: a store may be opened several times in a process."""


class Heartbeat:
    """Writes the time into contexts every few seconds, in a thread that runs as long as there are any.

    Do not call its methods while holding the lock of the store: a heartbeat takes that lock.
    """

    def __init__(
        self, client: MetadataClient, store: str, interval: float, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._client = client
        self._store = store
        self._interval = interval
        self._clock = clock
        self._contexts: dict[int, Any] = {}
        self._due: dict[int, float] = {}
        self._changed = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None

    def start(self, context: Any) -> None:
        """Start to write heartbeats into a context; until they stop, nothing else may write it."""
        with self._changed:
            self._contexts[context.id] = context
            self._due[context.id] = self._clock.monotonic() + self._interval
            _beating.add((self._store, context.id))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="zencache-heartbeat", daemon=True)
                self._thread.start()

    def stop(self, context_id: int | None) -> None:
        """Stop the heartbeats of a context; when this returns, others may write it."""
        with self._changed:
            self._contexts.pop(context_id, None)  # type: ignore[arg-type]
            self._due.pop(context_id, None)  # type: ignore[arg-type]
            _beating.discard((self._store, context_id))
            self._changed.notify_all()

    def stop_all(self) -> None:
        """Stop the heartbeats of all contexts."""
        for context_id in list(self._contexts):
            self.stop(context_id)

    def is_beating(self, context_id: int) -> bool:
        """Return whether this process writes heartbeats into a context, by whichever opened store."""
        return (self._store, context_id) in _beating

    def beat(self) -> None:
        """Write the heartbeats that are due."""
        with self._changed:
            self._beat_due()

    def _run(self) -> None:
        with self._changed:
            while self._contexts:
                self._changed.wait(max(0.0, min(self._due.values()) - self._clock.monotonic()))
                self._beat_due()
            self._thread = None

    def _beat_due(self) -> None:
        now = self._clock.monotonic()
        if due := [context_id for context_id, moment in self._due.items() if moment <= now]:
            self._write(due)

    def _write(self, context_ids: Sequence[int]) -> None:
        contexts = [self._contexts[context_id] for context_id in context_ids]
        for context in contexts:
            set_properties(context.custom_properties, {schema.BEAT: int(self._clock.time())})
        # An error does not stop the heartbeat: the next one tries again, and the run's own writes report it.
        with unwatched(), contextlib.suppress(Exception):
            self._client.put_contexts(contexts)
        self._due.update(dict.fromkeys(context_ids, self._clock.monotonic() + self._interval))
