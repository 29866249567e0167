"""Leases: whoever holds a key's computes it, whoever else needs it waits. A lease ends with its owner.

On a local store a lease is a locked file. On a shared one it is a context of the records, named by key and
number: making it is what only one can do. It is given back by a property; the next owner's has the next
number. One whose owner has died is passed over: a process of this machine is looked for, one of
another is taken for dead when its beat was not seen to change for some seconds, by the clock of
whoever watches.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from zencache.errors import StoreUnavailableError
from zencache.metadata import schema
from zencache.metadata.client import errors, get_properties, pb, set_properties
from zencache.metadata.heartbeat import SILENCE
from zencache.util.locks import close_locked, is_still, open_locked
from zencache.util.process_id import Owner, this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from zencache.metadata.store import MetadataStore

_POLL = 0.05  # seconds between two looks at a lease that another holds


@dataclass(frozen=True)
class Holder:
    """Who holds a lease: a run, in a process."""

    run: str
    owner: Owner

    def __str__(self) -> str:
        return f"run {self.run} ({self.owner})"

    def to_text(self) -> str:
        """Give it as JSON."""
        return json.dumps([self.run, self.owner.to_text()])

    @classmethod
    def of(cls, text: str) -> Holder:
        """Read what `to_text` wrote; raises ValueError for any other text."""
        try:
            run, owner = json.loads(text)
            return cls(run, Owner.of(owner))
        except TypeError as error:
            raise ValueError(f"no run is named by {text!r}") from error

    @classmethod
    def recorded(cls, text: str | None) -> Holder | None:
        """Read whom a lease names; None where it names nobody, or in a form that is not known here."""
        try:
            return cls.of(text) if text else None
        except ValueError:
            return None


class Leases(Protocol):
    """Leases of one store."""

    def take(self, key: str, me: Holder) -> Callable[[], None] | Holder | None:
        """Take a key's lease and give what gives it back; or say who holds it, None where that is not known yet."""


def leases_of(metadata: MetadataStore) -> Leases:
    """Give the leases of a store."""
    project = metadata.project
    return RecordedLeases(metadata) if project.database.is_server else FileLeases(project.leases)


@contextlib.contextmanager
def held(
    leases: Leases, key: str, run: str, *, waiting: Callable[[str], None], is_over: Callable[[], bool]
) -> Iterator[bool]:
    """Hold a key's lease, once whoever holds it gives it back or dies; yields False where `is_over` came first.

    `waiting` is told, once for each, who holds it.
    """
    me, told, wait = Holder(run, this_process()), "", 0.0
    while callable(found := leases.take(key, me)) is False and not is_over():
        if found is not None and str(found) != told:
            told = str(found)
            waiting(told)
        wait = min(1.0, wait + _POLL)
        time.sleep(wait)
    if not callable(found):
        yield False
        return
    try:
        yield True
    finally:
        found()


class FileLeases:
    """Locked files in a folder, named by key; who holds one is written in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, key: str, me: Holder) -> Callable[[], None] | Holder | None:
        """See `Leases.take`."""
        path = self._folder / key
        try:
            self._folder.mkdir(exist_ok=True)
            file = open_locked(path, wait=False)
        except OSError as error:
            raise StoreUnavailableError(f"cannot write to the store {self._folder}: {error}") from error
        if file is None:
            return _written_in(path)
        if not is_still(path, file):  # it was given back, and taken away, between opening and locking
            close_locked(file)
            return None

        def give_back() -> None:
            try:
                path.unlink(missing_ok=True)
            finally:
                close_locked(file)

        with contextlib.suppress(OSError):  # on a full disk others wait for somebody whom they cannot name
            os.ftruncate(file, 0)
            os.write(file, me.to_text().encode())
        return give_back


def _written_in(path: Path) -> Holder | None:
    try:
        return Holder.recorded(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # it was given back, or is no text
        return None


class RecordedLeases:
    """Contexts of the records, for stores that several machines share."""

    def __init__(self, metadata: MetadataStore) -> None:
        self._metadata = metadata
        self._watched: dict[str, tuple[Any, float]] = {}
        """The name of a lease to its last beat, and when that was seen first."""
        self._seen: dict[str, int] = {}
        """Key to the newest number that was seen."""

    def take(self, key: str, me: Holder) -> Callable[[], None] | Holder | None:
        """See `Leases.take`."""
        number = self._seen[key] = self._newest(key, self._seen.get(key, 0))
        known = self._context(key, number) if number else None
        if known is not None:
            told = get_properties(known.custom_properties)
            holder = Holder.recorded(told.get(schema.OWNER))
            if not told.get(schema.RELEASED) and self._lives(known, holder, told.get(schema.BEAT)):
                return holder
        return self._taken(f"{key}:{number + 1}", me)

    def _context(self, key: str, number: int) -> Any | None:
        return self._metadata.context(schema.LEASE_CONTEXT, f"{key}:{number}")

    def _newest(self, key: str, number: int) -> int:
        """Find the last number there is, not before one that is: all others were given back, or their owners have died."""
        step = 1
        while self._context(key, number + step) is not None:
            number, step = number + step, 2 * step
        while step := step // 2:
            if self._context(key, number + step) is not None:
                number += step
        return number

    def _lives(self, known: Any, holder: Holder | None, beat: Any) -> bool:
        """Say whether a lease's holder lives: as its process tells, else as its beat does."""
        name, owner = known.name, holder.owner if holder else None
        alive = owner.is_alive() if owner else None
        is_lost = owner == this_process() and not self._metadata.heart.beats_in(known.id)
        if alive is not None and not is_lost:
            return alive
        now = time.monotonic()
        last, since = self._watched.get(name, (None, now))
        if name not in self._watched or last != beat:
            self._watched[name] = (beat, now)
            return True
        return now - since < SILENCE

    def _taken(self, name: str, me: Holder) -> Callable[[], None] | None:
        context = pb.Context(type_id=self._metadata.context_types[schema.LEASE_CONTEXT], name=name)
        token = secrets.token_hex(8)
        told = {schema.OWNER: me.to_text(), schema.TOKEN: token}
        set_properties(context.custom_properties, told)
        try:
            [context.id] = self._metadata.client.put_contexts([context])
        except errors.AlreadyExistsError:
            there = self._metadata.context(schema.LEASE_CONTEXT, name)
            if there is None or get_properties(there.custom_properties).get(schema.TOKEN) != token:
                return None
            context.id = there.id  # it is ours: a server took it, and went away before it said so
        self._metadata.heart.beat_in(context)

        def give_back() -> None:
            self._metadata.heart.leave(context.id)
            set_properties(context.custom_properties, {schema.RELEASED: 1})
            try:
                self._metadata.client.put_contexts([context])
            except BaseException:
                self._metadata.heart.beat_in(context)  # a later beat tells it, once the server is there again
                raise

        return give_back
