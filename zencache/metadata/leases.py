"""Leases: one process computes a key, others wait. A lease ends when it is released, or when its holder dies.

In a local store a lease is a locked file. In a shared store it is a context of the records, named by key
and number, which only one process can create. A property marks it as released; the next lease has the next
number. The lease of a dead holder is ignored. The system knows whether a process of this machine lives. A
process of another machine counts as dead if its heartbeat does not change for `EXPIRY` seconds, by the clock
of this machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from zencache.errors import StoreUnavailableError
from zencache.metadata import schema
from zencache.metadata.client import errors, get_properties, pb, set_properties
from zencache.util.clock import SYSTEM_CLOCK
from zencache.util.locks import close_locked, is_still, open_locked
from zencache.util.process_id import Owner, this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from zencache.metadata.store import MetadataStore
    from zencache.util.clock import Clock

EXPIRY = 10.0
"""Seconds without a heartbeat after which a lease of another machine has expired."""
_FIRST_WAIT = 0.05  # seconds between two attempts to take a lease
_LONGEST_WAIT = 1.0


@dataclass(frozen=True)
class Holder:
    """Who holds a lease: a run, in a process."""

    run: str
    owner: Owner

    def __str__(self) -> str:
        return f"run {self.run} ({self.owner})"

    def to_text(self) -> str:
        """Return it as JSON."""
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
        """Read the holder that a lease names; None if it names none, or in an unknown form."""
        try:
            return cls.of(text) if text else None
        except ValueError:
            return None


@dataclass(frozen=True)
class Lease:
    """A lease that this process holds."""

    release: Callable[[], None]
    """Ends it: others can take the key's lease from then on."""


@dataclass(frozen=True)
class Taken:
    """The answer if another holds the lease."""

    by: Holder | None
    """None if the holder is not known yet."""


class Leases(Protocol):
    """The leases of one store."""

    def take(self, key: str, holder: Holder) -> Lease | Taken:
        """Take a key's lease, unless another holds it."""


def leases_of(metadata: MetadataStore) -> Leases:
    """Return the leases of a store."""
    project = metadata.project
    return (
        RecordedLeases(metadata, metadata.clock) if project.database.is_server else FileLeases(project.leases)
    )


@contextlib.contextmanager
def hold_lease(
    leases: Leases,
    key: str,
    run: str,
    *,
    on_wait: Callable[[str], None],
    is_cancelled: Callable[[], bool],
    clock: Clock = SYSTEM_CLOCK,
) -> Iterator[bool]:
    """Hold a key's lease for a `with` block, once others have released it; yields False if cancelled before.

    `on_wait` is called once for each holder that it waits for, with a description.
    """
    lease = _wait_for_lease(leases, key, Holder(run, this_process()), on_wait, is_cancelled, clock)
    if lease is None:
        yield False
        return
    try:
        yield True
    finally:
        lease.release()


def _wait_for_lease(
    leases: Leases,
    key: str,
    holder: Holder,
    on_wait: Callable[[str], None],
    is_cancelled: Callable[[], bool],
    clock: Clock,
) -> Lease | None:
    reported: Holder | None = None
    wait = 0.0
    while True:
        answer = leases.take(key, holder)
        if isinstance(answer, Lease):
            return answer
        if is_cancelled():
            return None
        if answer.by is not None and answer.by != reported:
            reported = answer.by
            on_wait(str(answer.by))
        wait = min(_LONGEST_WAIT, wait + _FIRST_WAIT)
        clock.sleep(wait)


class FileLeases:
    """Locked files in a directory, named by key; each names its holder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, key: str, holder: Holder) -> Lease | Taken:
        """See `Leases.take`."""
        path = self._folder / key
        try:
            self._folder.mkdir(exist_ok=True)
            file = open_locked(path, wait=False)
        except OSError as error:
            raise StoreUnavailableError(f"cannot write to the store {self._folder}: {error}") from error
        if file is None:
            return Taken(_holder_in(path))
        if not is_still(path, file):  # it was released, and deleted, between opening and locking
            close_locked(file)
            return Taken(None)

        def release() -> None:
            try:
                path.unlink(missing_ok=True)
            finally:
                close_locked(file)

        with contextlib.suppress(OSError):  # on a full disk others wait without knowing for whom
            os.ftruncate(file, 0)
            os.write(file, holder.to_text().encode())
        return Lease(release)


def _holder_in(path: Path) -> Holder | None:
    try:
        return Holder.recorded(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # it was released, or is not text
        return None


class RecordedLeases:
    """Contexts of the records, for stores that several machines share."""

    def __init__(self, metadata: MetadataStore, clock: Clock = SYSTEM_CLOCK) -> None:
        self._metadata = metadata
        self._clock = clock
        self._observed_beats: dict[str, tuple[Any, float]] = {}
        """By a lease's name, its last heartbeat and when that was first seen."""
        self._last_numbers: dict[str, int] = {}
        """By key, the last number of a lease that was seen."""

    def take(self, key: str, holder: Holder) -> Lease | Taken:
        """See `Leases.take`."""
        number = self._last_number(key, self._last_numbers.get(key, 0))
        self._last_numbers[key] = number
        context = self._find(key, number) if number else None
        if context is not None:
            properties = get_properties(context.custom_properties)
            other = Holder.recorded(properties.get(schema.OWNER))
            is_released = bool(properties.get(schema.RELEASED))
            if not is_released and not self._has_expired(context, other, properties.get(schema.BEAT)):
                return Taken(other)
        return self._create(f"{key}:{number + 1}", holder)

    def _find(self, key: str, number: int) -> Any | None:
        return self._metadata.contexts.find(schema.LEASE_CONTEXT, f"{key}:{number}")

    def _last_number(self, key: str, known: int) -> int:
        """Find a key's last lease, from a number that is `known` to exist: only the last one can be held."""
        number, step = known, 1
        while self._find(key, number + step) is not None:
            number, step = number + step, 2 * step
        while step := step // 2:
            if self._find(key, number + step) is not None:
                number += step
        return number

    def _has_expired(self, context: Any, holder: Holder | None, beat: Any) -> bool:
        """Return whether a lease's holder is dead: by its process, or by its heartbeat."""
        owner = holder.owner if holder else None
        is_alive = owner.is_alive() if owner else None
        is_abandoned = owner == this_process() and not self._metadata.heartbeat.is_beating(context.id)
        if is_alive is not None and not is_abandoned:
            return not is_alive
        now = self._clock.monotonic()
        observed = self._observed_beats.get(context.name)
        if observed is None or observed[0] != beat:
            self._observed_beats[context.name] = (beat, now)
            return False
        return now - observed[1] >= EXPIRY

    def _create(self, name: str, holder: Holder) -> Lease | Taken:
        """Create the context of a lease; another process may have been faster."""
        metadata = self._metadata
        context = pb.Context(type_id=metadata.contexts.types[schema.LEASE_CONTEXT], name=name)
        token = secrets.token_hex(8)
        set_properties(context.custom_properties, {schema.OWNER: holder.to_text(), schema.TOKEN: token})
        try:
            [context.id] = metadata.client.put_contexts([context])
        except errors.AlreadyExistsError:
            existing = metadata.contexts.find(schema.LEASE_CONTEXT, name)
            if existing is None or get_properties(existing.custom_properties).get(schema.TOKEN) != token:
                return Taken(None)
            context.id = existing.id  # it is ours: a server wrote it, but its answer was lost
        metadata.heartbeat.start(context)

        def release() -> None:
            metadata.heartbeat.stop(context.id)
            set_properties(context.custom_properties, {schema.RELEASED: 1})
            try:
                metadata.client.put_contexts([context])
            except BaseException:
                metadata.heartbeat.start(context)  # a later heartbeat releases it, once the server is back
                raise

        return Lease(release)
