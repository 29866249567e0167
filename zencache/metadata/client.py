"""Calls ML Metadata: connections, retries with backoff, translated errors, properties as plain values."""

from __future__ import annotations

import logging
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from ml_metadata import errors
from ml_metadata.metadata_store import ListOptions, OrderByField, metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

from zencache.errors import StoreFormatError, StoreUnavailableError
from zencache.metadata.connection_config import connection_config, proxied_connection_config
from zencache.metadata.text_encoding import decode_texts, encode_texts
from zencache.util.backoff import backoff
from zencache.util.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from zencache.metadata.tcp_proxy import TcpProxy
    from zencache.model.database import Database
    from zencache.util.clock import Clock


__all__ = [
    "ListOptions",
    "MetadataClient",
    "OrderByField",
    "errors",
    "get_properties",
    "in_batches",
    "pb",
    "set_properties",
]


class _SecretsFilter(logging.Filter):
    """Drops log lines of connections, which hold passwords, and of errors that are raised anyway."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith(("ConnectionConfig", "mlmd client"))


logging.getLogger("absl").addFilter(_SecretsFilter())

_BATCH = 500  # ids in one call
_PATIENCE = 60.0  # seconds that a server may be away
_TRANSIENT = (
    errors.AbortedError,
    errors.UnavailableError,
    errors.DeadlineExceededError,
    StoreUnavailableError,
)
_TABLES_IN_CREATION = (
    "concurrent connection",
    "doesn't exist",
    "already exists",
    "Table definition has changed",
    "Deadlock",
)
"""Parts of the messages of opening a server's database while another process creates its tables."""
_TRANSIENT_MESSAGES = (
    "Lost connection",
    "gone away",
    "Deadlock",
    "Lock wait timeout",
    "server closed the connection",
    "terminating connection",
    "deadlock detected",
    "could not serialize",
    "current transaction is aborted",
    "duplicate key value",  # two writers of one property: the second attempt is an update
    "Duplicate entry",
)
_ADVICE = {
    False: "Check that it is a database of zencache, that its folder is writable and the disk is not full",
    True: "Check that the server runs and can be reached, and the user and password of the URL",
}


class MetadataClient:
    """Has the methods of `metadata_store.MetadataStore`; retries calls while a server is away.

    An SQLite file has a connection for each thread, and one writer at a time: SQLite refuses a second
    writer, and ML Metadata then sleeps for two seconds on average. A server has one connection for the
    process: ML Metadata holds the interpreter's lock while it waits, so more connections would not help.
    """

    is_read_only = False
    _refusal: str | None = None

    def __init__(
        self, database: Database, lock: AbstractContextManager[Any], clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._database = database
        self._lock = lock
        self._clock = clock
        self._connections: Any = _SharedConnection() if database.is_server else threading.local()
        self._was_open = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if self._refusal and name.startswith("put_"):
            raise StoreUnavailableError(self._refusal)

        def call(*args: Any, **kwargs: Any) -> Any:
            needs_lock = name.startswith("put_") or self._database.is_server
            with self._lock if needs_lock else nullcontext():
                return self._call(name, args, kwargs)

        return call

    def refuse_writes(self, message: str) -> None:
        """Have every write raise StoreUnavailableError with a message."""
        self.is_read_only, self._refusal = True, message

    def allow_writes(self) -> None:
        """Undo `refuse_writes`; raises StoreUnavailableError where the database itself is read-only."""
        if self.is_read_only and self._refusal is None:
            raise StoreUnavailableError(f"the metadata store {self._database} cannot be written")
        self.is_read_only, self._refusal = False, None

    def _call(self, name: str, args: Any, kwargs: Any) -> Any:
        """Call a method; while a server that could be reached before is away, retry with backoff."""
        is_retried = self._database.is_server and self._was_open
        waits = backoff(_PATIENCE, clock=self._clock) if is_retried else iter(())
        if self._database.is_server:
            args, kwargs = encode_texts([args, kwargs], self._database.kind)
        is_retry = False
        while True:
            try:
                answer = getattr(self._connection(), name)(*args, **kwargs)
                return decode_texts(answer) if self._database.is_server else answer
            except (errors.AlreadyExistsError, errors.NotFoundError) as error:  # noqa: PERF203 - a retry
                if is_retry and name == "put_execution" and isinstance(error, errors.AlreadyExistsError):
                    return _result_of_earlier_call(self._connection(), **kwargs)
                raise
            except (errors.StatusError, StoreUnavailableError) as error:
                wait = next(waits, None) if _is_transient(error) else None
                if wait is None:
                    raise self._failed(error) from self._without_secret(error)
                self._connections.store = None
                is_retry = True
                self._clock.sleep(wait)

    def _failed(self, error: Exception) -> StoreUnavailableError:
        if isinstance(error, StoreUnavailableError):
            return error
        return StoreUnavailableError(f"the metadata store {self._database} failed: {self._message_of(error)}")

    def _message_of(self, error: Exception) -> str:
        """Return an error's message without query and password."""
        secret = self._database.password.get_secret_value()
        text = " ".join(str(error).partition(" query:")[0].split())
        return text.replace(secret, "***") if secret else text

    def _without_secret(self, error: Exception) -> Exception | None:
        """Return an error as the cause of another; None if its text holds the password."""
        secret = self._database.password.get_secret_value()
        return None if secret and secret in str(error) else error

    def _connection(self) -> Any:
        store = getattr(self._connections, "store", None)
        if store is None:
            with self._lock:  # the first connection creates the tables
                store = self._connections.store = self._open_with_retries()
                self._was_open = True
        return store

    def _config(self) -> Any:
        """Return how to connect: to a database server through a proxy, as ML Metadata knows no time limit."""
        if not self._database.uses_proxy:
            return connection_config(self._database)
        from zencache.metadata.tcp_proxy import TcpProxy  # noqa: PLC0415 - an SQLite file needs none

        proxy = self._connections.proxy
        if proxy is None or not proxy.is_running:
            database = self._database
            proxy = self._connections.proxy = TcpProxy(database.host, database.port, database.timeout)
        return proxied_connection_config(self._database, proxy.port)

    def _open_with_retries(self) -> Any:
        """Open the database; wait while another process creates its tables."""
        waits = backoff(_PATIENCE, clock=self._clock) if self._database.is_server else iter(())
        while True:
            try:
                return self._open()
            except StoreUnavailableError as error:  # noqa: PERF203 - the loop retries
                wait = next(waits, None) if any(text in str(error) for text in _TABLES_IN_CREATION) else None
                if wait is None:
                    raise
                self._clock.sleep(wait)

    def _open(self) -> Any:
        try:
            return metadata_store.MetadataStore(self._config())
        except errors.FailedPreconditionError as error:
            raise StoreFormatError(
                f"{self._database} was written by another version of ML Metadata: {self._message_of(error)}"
            ) from self._without_secret(error)
        except (errors.StatusError, RuntimeError) as error:
            advice = _ADVICE[self._database.is_server]
            raise StoreUnavailableError(
                f"cannot open the metadata store {self._database}: {self._message_of(error)}. {advice}"
            ) from self._without_secret(error)


def _result_of_earlier_call(
    store: Any, execution: Any, artifact_and_events: Any, contexts: Any, **_: Any
) -> Any:
    """Return the answer of an earlier `put_execution` that was lost: the execution is found by its name."""
    [execution_type] = store.get_execution_types_by_id([execution.type_id])
    written = store.get_execution_by_type_and_name(execution_type.name, execution.name)
    type_names = {each.id: each.name for each in store.get_context_types()}
    context_ids = [store.get_context_by_type_and_name(type_names[c.type_id], c.name).id for c in contexts]
    return written.id, [artifact.id for artifact, _ in artifact_and_events], context_ids


class _SharedConnection:
    """A connection that all threads of a process share, and the proxy that it uses."""

    store: Any = None
    proxy: TcpProxy | None = None


def _is_transient(error: Exception) -> bool:
    """Return whether an error means that a server is away, or that two writers collided."""
    return isinstance(error, _TRANSIENT) or any(text in str(error) for text in _TRANSIENT_MESSAGES)


def in_batches(ids: Iterable[int]) -> Iterator[list[int]]:
    """Return distinct ids in order, in lists that are short enough for one call."""
    distinct_ids = sorted(set(ids))
    for start in range(0, len(distinct_ids), _BATCH):
        yield distinct_ids[start : start + _BATCH]


def set_properties(target: Any, values: Mapping[str, str | int | float | None]) -> None:
    """Write plain values into a map of ML Metadata's values; None is left out."""
    for name, value in values.items():
        if isinstance(value, str):
            target[name].string_value = value
        elif isinstance(value, int):
            target[name].int_value = value
        elif value is not None:
            target[name].double_value = value


def get_properties(source: Any) -> dict[str, Any]:
    """Read a map of ML Metadata's values as plain values."""
    return {
        name: getattr(value, value.WhichOneof("value"))
        for name, value in source.items()
        if value.WhichOneof("value")
    }
