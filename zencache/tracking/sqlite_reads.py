"""Records the databases that a step opens or attaches by SQLite, which opens files by itself."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.tracking.audit_events import absolute, recorders, unwatched
from zencache.tracking.stand_ins import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from zencache.tracking.audit_events import Opened, Recorder
    from zencache.tracking.patching import Wrapping

_OK, _ATTACH = 0, 24  # SQLITE_OK, SQLITE_ATTACH
_MAGIC = b"SQLite format 3\0"
_DESCRIPTORS = "/proc/self/fd"


def opened(recorder: Recorder, args: Opened) -> None:
    """Record a database and its write-ahead log; one that is not there yet is made, not read."""
    _record(recorder, os.fsdecode(args[0]))


def install(wrapping: Wrapping) -> None:
    """Have SQLite report what new connections attach; a program's own authorizer takes its place."""
    original = sqlite3.connect

    def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = original(*args, **kwargs)
        with suppress(Exception):  # a step must not fail because it is watched
            if recorders():
                sqlite3.Connection.set_authorizer(connection, _Authorizer())
        return connection

    put = stand_in(original, connect, "sqlite3")
    for module in (sqlite3, sqlite3.dbapi2):
        if vars(module).get("connect") is original:
            wrapping.replace(module, "connect", put)


def extended(recorder: Recorder, args: Opened) -> None:
    """Record an extension that a connection loads."""
    name = os.fsdecode(args[1])
    recorder.opened(name if Path(absolute(name, recorder.folder())).exists() else f"{name}.so", os.O_RDONLY)


class _Authorizer:
    """Allows all, and notes the file of an `ATTACH`.

    SQLite names the file only where the statement does. If it is a parameter, the descriptors are looked
    through when the next statement is prepared: then the file is open.
    """

    def __init__(self) -> None:
        self._is_unknown = False

    def __call__(self, action: int, name: str | None, *_: Any) -> int:
        if self._is_unknown or action == _ATTACH:
            with suppress(Exception):  # what is raised here would refuse the statement
                self._note(action, name)
        return _OK

    def _note(self, action: int, name: str | None) -> None:
        active = recorders()
        if self._is_unknown:
            self._is_unknown = False
            with unwatched():
                files = _open_databases()
            for recorder in active:
                for file in files:
                    _record(recorder, file)
        if action == _ATTACH:
            self._is_unknown = name is None
            for recorder in active if name else ():
                _record(recorder, str(name))


def _record(recorder: Recorder, name: str) -> None:
    if name.startswith("file:"):
        name = name.removeprefix("file:").partition("?")[0]
        if name.startswith("//"):
            name = f"/{name[2:].partition('/')[2]}"
    if name in ("", ":memory:"):
        return
    is_there = Path(absolute(name, recorder.folder())).exists()
    recorder.opened(name, os.O_RDWR if is_there else os.O_WRONLY)
    recorder.opened(f"{name}-wal", os.O_RDWR if is_there else os.O_WRONLY)


def _open_databases() -> list[str]:
    """Give the databases that this process has open, where the system shows it.

    They are read by their own descriptors: to close another one would drop the locks that SQLite holds.
    """
    if not sys.platform.startswith("linux"):
        return []
    files = []
    for descriptor in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - text
        with suppress(OSError):
            file = os.readlink(f"{_DESCRIPTORS}/{descriptor}")  # noqa: PTH115 - text
            if file.startswith("/") and Path(file).is_file():
                begins = os.pread(int(descriptor), len(_MAGIC), 0)
                files += [file] if begins == _MAGIC else []
    return files


EVENTS: dict[str, Callable[[Recorder, Opened], None]] = {
    "sqlite3.connect": opened,
    "sqlite3.load_extension": extended,
}
