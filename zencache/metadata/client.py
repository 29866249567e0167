"""The door to ml_metadata: a connection a thread, its errors translated, properties as plain values."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from ml_metadata import errors
from ml_metadata.metadata_store import ListOptions, OrderByField, metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

from zencache.errors import StoreFormatError, StoreUnavailableError
from zencache.metadata.connection_config import connection_config, proxied_connection_config
from zencache.metadata.tcp_proxy import Relay
from zencache.metadata.text_encoding import as_read, to_write
from zencache.util.backoff import backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from zencache.model.database import Database


__all__ = [
    "Client",
    "ListOptions",
    "OrderByField",
    "errors",
    "get_properties",
    "in_parts",
    "pb",
    "set_properties",
]


class _Untold(logging.Filter):
    """Leaves out what ML Metadata logs of connections, passwords included, and of errors that are raised anyway."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith(("ConnectionConfig", "mlmd client"))


logging.getLogger("absl").addFilter(_Untold())

_AT_ONCE = 500  # ids in one call
_PATIENCE = 60.0  # seconds that a server may be away
_PASSING = (errors.AbortedError, errors.UnavailableError, errors.DeadlineExceededError, StoreUnavailableError)
_BEING_MADE = (
    "concurrent connection",
    "doesn't exist",
    "already exists",
    "Table definition has changed",
    "Deadlock",
)
"""What opening a server's database says while another process makes its tables."""
_AWAY = (
    "Lost connection",
    "gone away",
    "Deadlock",
    "Lock wait timeout",
    "server closed the connection",
    "terminating connection",
    "deadlock detected",
    "could not serialize",
    "current transaction is aborted",
    "duplicate key value",  # two wrote a property at once; in the second attempt it is an update
    "Duplicate entry",
)
_ADVICE = {
    False: "Check that it is a database of zencache, that its folder is writable and the disk is not full",
    True: "Check that the server runs and can be reached, and the user and password of the URL",
}


class Client:
    """`metadata_store.MetadataStore` by its method names: what fails because a server was away is tried again.

    An SQLite file has a connection a thread and one writer at a time: SQLite refuses a second writer, and MLMD then
    sleeps, for two seconds on average. A server has one connection a process: MLMD holds the
    interpreter's lock while it waits for an answer, so that more would not help.
    """

    is_read_only = False

    def __init__(self, database: Database, lock: AbstractContextManager[Any]) -> None:
        self._database = database
        self._lock = lock
        self._connections: Any = _Shared() if database.is_server else threading.local()
        self._was_open = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            takes_turns = name.startswith("put_") or self._database.is_server
            with self._lock if takes_turns else nullcontext():
                return self._answer(name, args, kwargs)

        return call

    def _answer(self, name: str, args: Any, kwargs: Any) -> Any:
        """Call once, or while a server is away as often as its patience lasts."""
        is_patient = self._database.is_server and self._was_open  # what was never there is not waited for
        waits = backoff(_PATIENCE) if is_patient else iter(())
        if self._database.is_server:
            args, kwargs = to_write([args, kwargs], self._database.kind)
        is_again = False
        while True:
            try:
                found = getattr(self._connection(), name)(*args, **kwargs)
                return as_read(found) if self._database.is_server else found
            except (errors.AlreadyExistsError, errors.NotFoundError) as error:  # noqa: PERF203 - trying again is what the loop is for
                if is_again and name == "put_execution" and isinstance(error, errors.AlreadyExistsError):
                    return written_before(self._connection(), **kwargs)
                raise
            except (errors.StatusError, StoreUnavailableError) as error:
                wait = next(waits, None) if _is_passing(error) else None
                if wait is None:
                    raise self._failed(error) from self._untold(error)
                self._connections.store = None
                is_again = True
                time.sleep(wait)

    def _failed(self, error: Exception) -> StoreUnavailableError:
        if isinstance(error, StoreUnavailableError):
            return error
        return StoreUnavailableError(f"the metadata store {self._database} failed: {self._told(error)}")

    def _told(self, error: Exception) -> str:
        """Give an error's text without what nobody should read."""
        secret = self._database.password.get_secret_value()
        text = " ".join(str(error).partition(" query:")[0].split())
        return text.replace(secret, "***") if secret else text

    def _untold(self, error: Exception) -> Exception | None:
        """Give an error as a cause that a traceback may show; None if it tells the password."""
        secret = self._database.password.get_secret_value()
        return None if secret and secret in str(error) else error

    def _connection(self) -> Any:
        store = getattr(self._connections, "store", None)
        if store is None:
            with self._lock:  # the first to open makes the tables
                store = self._connections.store = self._opened()
                self._was_open = True
        return store

    def _config(self) -> Any:
        """Say how to connect: to a database server through a relay, as ML Metadata waits for one without limit."""
        if not self._database.is_relayed:
            return connection_config(self._database)
        relay = self._connections.relay
        if relay is None or not relay.is_there:
            there = self._database
            relay = self._connections.relay = Relay(there.host, there.port, there.timeout)
        return proxied_connection_config(self._database, relay.port)

    def _opened(self) -> Any:
        """Open the database; what another process is making is waited for."""
        waits = backoff(_PATIENCE) if self._database.is_server else iter(())
        while True:
            try:
                return self._open()
            except StoreUnavailableError as error:  # noqa: PERF203 - trying again is what the loop is for
                wait = next(waits, None) if any(text in str(error) for text in _BEING_MADE) else None
                if wait is None:
                    raise
                time.sleep(wait)

    def _open(self) -> Any:
        try:
            return metadata_store.MetadataStore(self._config())
        except errors.FailedPreconditionError as error:
            raise StoreFormatError(
                f"{self._database} was written by another version of ML Metadata: {self._told(error)}"
            ) from self._untold(error)
        except (errors.StatusError, RuntimeError) as error:
            raise StoreUnavailableError(
                f"cannot open the metadata store {self._database}: {self._told(error)}. {_ADVICE[self._database.is_server]}"
            ) from self._untold(error)


def written_before(store: Any, execution: Any, artifact_and_events: Any, contexts: Any, **_: Any) -> Any:
    """Find what `put_execution` wrote of an execution by its name, which is its own, and give what that call gives."""
    [kind] = store.get_execution_types_by_id([execution.type_id])
    found = store.get_execution_by_type_and_name(kind.name, execution.name)
    names = {each.id: each.name for each in store.get_context_types()}
    there = [store.get_context_by_type_and_name(names[each.type_id], each.name).id for each in contexts]
    return found.id, [artifact.id for artifact, _ in artifact_and_events], there


class _Shared:
    """A connection that all threads of a process share, and what it goes through."""

    store: Any = None
    relay: Relay | None = None


def _is_passing(error: Exception) -> bool:
    """Say whether an error tells of a server that is away, or of writers that were in each other's way."""
    return isinstance(error, _PASSING) or any(text in str(error) for text in _AWAY)


def in_parts(ids: Iterable[int]) -> Iterator[list[int]]:
    """Give ids, each once and in order, as many at once as a call should have."""
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _AT_ONCE):
        yield wanted[start : start + _AT_ONCE]


def set_properties(target: Any, values: Mapping[str, str | int | float | None]) -> None:
    """Write plain values into a map of MLMD values; None is left out."""
    for name, value in values.items():
        if isinstance(value, str):
            target[name].string_value = value
        elif isinstance(value, int):
            target[name].int_value = value
        elif value is not None:
            target[name].double_value = value


def get_properties(source: Any) -> dict[str, Any]:
    """Read a map of MLMD values as plain values."""
    return {
        name: getattr(value, value.WhichOneof("value"))
        for name, value in source.items()
        if value.WhichOneof("value")
    }
