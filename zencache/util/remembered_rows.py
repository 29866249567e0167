"""A SQLite file of results that can be computed again.

If it cannot be used, or has another format, nothing is remembered and nothing fails. It can be deleted at any
time, and may be shared by processes.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from zencache.util.fork_lock import fork_lock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class RememberedRows:
    """The file with its one table; `version` is the format of the table's content.

    >>> from pathlib import Path
    >>> rows = RememberedRows(Path.cwd() / "squares.db", "create table squares (n, square)", 1)
    >>> rows.read("select square from squares where n = ?", [3])
    []
    >>> rows.write("insert into squares values (?, ?)", [(3, 9)])
    >>> rows.read("select square from squares where n = ?", [3])
    [(9,)]
    >>> rows.close()
    """

    def __init__(self, file: Path, table: str, version: int) -> None:
        self._file = file
        self._table = table
        self._version = version
        self._lock = fork_lock()
        self._reader: tuple[int, sqlite3.Connection | None] | None = None

    def read(self, query: str, parameters: Sequence[Any]) -> list[Any]:
        """Give the rows of a query; none if the file cannot be read."""
        with self._lock:
            try:
                connection = self._open_reader()
                return connection.execute(query, parameters).fetchall() if connection else []
            except sqlite3.Error:
                return []

    def write(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each row, in one transaction."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._lock, closing(sqlite3.connect(self._file, timeout=2)) as connection, connection:
                if self._is_prepared(connection):
                    connection.executemany(statement, rows)
        except (sqlite3.Error, OSError):
            return

    def close(self) -> None:
        """Close the file; it is opened again where it is needed."""
        with self._lock:
            if self._reader is not None and self._reader[0] == os.getpid() and self._reader[1] is not None:
                self._reader[1].close()
            self._reader = None

    def _open_reader(self) -> sqlite3.Connection | None:
        """Open the file once a process: SQLite forbids to carry a connection through a fork."""
        if self._reader is None or self._reader[0] != os.getpid():
            if not self._file.is_file():
                return None
            uri = f"{self._file.absolute().as_uri()}?mode=ro"
            connection = sqlite3.connect(uri, uri=True, timeout=1, check_same_thread=False)
            self._reader = (os.getpid(), connection if _version_of(connection) == self._version else None)
        return self._reader[1]

    def _is_prepared(self, connection: sqlite3.Connection) -> bool:
        """Make the table in a new file; say whether the file is of our format."""
        if _version_of(connection) == 0:
            connection.execute(self._table)
            connection.execute(f"pragma user_version = {self._version}")
        # What is lost with the machine's power is computed again.
        connection.execute("pragma synchronous = off")
        return _version_of(connection) == self._version


def _version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma user_version").fetchone()[0])
