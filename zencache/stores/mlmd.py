"""The door to ml_metadata: a connection a thread, its errors translated, properties as plain values."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from ml_metadata import errors
from ml_metadata.metadata_store import ListOptions, OrderByField, metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

from zencache.errors import StoreFormatError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from zencache.stores.lock import StoreLock

__all__ = [
    "Client",
    "ListOptions",
    "OrderByField",
    "connection_config",
    "errors",
    "get_properties",
    "make_database",
    "pb",
    "set_properties",
]

_RETRIES = 10  # MLMD retries an aborted write itself; a publish is under our lock, a launcher's is not


def make_database(path: Path) -> None:
    """Make an empty SQLite file in WAL mode: MLMD gives no access to it, and two SQLites must not share a file."""
    if path.exists():
        return
    try:
        connection = sqlite3.connect(path)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreUnavailableError(f"cannot make the metadata store {path}: {error}") from error


def connection_config(path: Path) -> Any:
    """Say how MLMD connects to the SQLite file."""
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(path)
    config.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    config.retry_options.max_num_retries = _RETRIES
    return config


class Client:
    """`metadata_store.MetadataStore` by its method names: one connection a thread, one writer at a time.

    SQLite refuses a second writer, and MLMD then sleeps, for two seconds on average.
    """

    def __init__(self, path: Path, lock: StoreLock) -> None:
        self._path = path
        self._lock = lock
        self._threads = threading.local()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            writes = self._lock if name.startswith("put_") else nullcontext()
            try:
                with writes:
                    return getattr(self._connection(), name)(*args, **kwargs)
            except (errors.AlreadyExistsError, errors.NotFoundError):
                raise
            except errors.StatusError as error:
                raise StoreUnavailableError(f"the metadata store {self._path} failed: {error}") from error

        return call

    def _connection(self) -> Any:
        store = getattr(self._threads, "store", None)
        if store is None:
            with self._lock:  # the first to open makes the tables
                store = self._threads.store = self._open()
        return store

    def _open(self) -> Any:
        try:
            return metadata_store.MetadataStore(connection_config(self._path))
        except errors.FailedPreconditionError as error:
            raise StoreFormatError(
                f"{self._path} was written by another version of ML Metadata: {error}"
            ) from error
        except (errors.StatusError, RuntimeError) as error:
            raise StoreUnavailableError(
                f"cannot open the metadata store {self._path}: {str(error).partition(' query:')[0]}. "
                "Check that it is a database of zencache, that its folder is writable and the disk is not full"
            ) from error


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
