"""How ML Metadata connects to a database of each kind, and the making of an SQLite file for it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_metadata.proto import metadata_store_pb2 as pb

from zencache.errors import SettingsError, StoreUnavailableError

if TYPE_CHECKING:
    from zencache.model.database import Database

_SQLITE_RETRIES = 10  # of an aborted write: a run's writes are under our lock, those of a launcher are not
_SERVER_RETRIES = 1  # `MetadataClient` retries calls to a server itself, and waits less


def make_database(path: Path) -> None:
    """Create an empty SQLite file in WAL mode, unless there is a file.

    ML Metadata cannot set that mode, and its SQLite must not share an open file with Python's.
    """
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


def connection_config(database: Database) -> Any:
    """Return ML Metadata's configuration for a connection to a database."""
    return _CONFIGS[database.kind](database)


def _sqlite(database: Database) -> Any:
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(database.path)
    config.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    config.retry_options.max_num_retries = _SQLITE_RETRIES
    return config


def _mysql(database: Database) -> Any:
    config = pb.ConnectionConfig()
    config.mysql.host, config.mysql.port, config.mysql.database = database.host, database.port, database.name
    config.retry_options.max_num_retries = _SERVER_RETRIES
    config.mysql.user, config.mysql.password = database.user, database.password.get_secret_value()
    for name, value in database.secured.items():
        secured = config.mysql.ssl_options
        setattr(secured, name, value == "true" if name == "verify_server_cert" else value)
    return config


def _postgresql(database: Database) -> Any:
    config = pb.ConnectionConfig()
    config.postgresql.host, config.postgresql.port = database.host, str(database.port)
    config.postgresql.dbname, config.postgresql.user = database.name, database.user
    config.retry_options.max_num_retries = _SERVER_RETRIES
    config.postgresql.password = database.password.get_secret_value()
    for name, value in database.secured.items():
        setattr(config.postgresql.ssloption, name, value)
    return config


def _grpc(database: Database) -> Any:
    config = pb.MetadataStoreClientConfig(host=database.host, port=database.port)
    config.client_timeout_sec = database.timeout
    for name, value in database.secured.items():
        setattr(config.ssl_config, name, _text_of(name, Path(value)))
    return config


def _text_of(option: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"the metadata store's URL names a file that cannot be read, {option}={file}: {error}"
        ) from error


def proxied_connection_config(database: Database, port: int) -> Any:
    """Return the configuration for a connection to a database server through a proxy on a local port."""
    config = connection_config(database)
    if database.kind == "mysql":
        config.mysql.host, config.mysql.port = "127.0.0.1", port
    else:
        config.postgresql.host, config.postgresql.port = "127.0.0.1", str(port)
    return config


_CONFIGS = {"sqlite": _sqlite, "mysql": _mysql, "postgresql": _postgresql, "grpc": _grpc}
