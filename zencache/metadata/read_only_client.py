"""A client for an SQLite file that cannot be written: it reads a copy."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from zencache.errors import StoreUnavailableError
from zencache.metadata.client import MetadataClient
from zencache.model.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

_COPY_ATTEMPTS = 20  # another process may be writing the file


class ReadOnlyClient(MetadataClient):
    """Reads a copy of an SQLite file: in WAL mode, SQLite writes to the directory even for reading."""

    is_read_only = True

    def __init__(self, database: Database, lock: AbstractContextManager[Any], refusal: str) -> None:
        """Copy the file; `refusal` is the message of the error that every write raises."""
        assert database.path is not None
        self._folder = TemporaryDirectory(prefix="zencache-read-only-")
        self._unwritable = refusal
        sources = [database.path.with_name(database.path.name + suffix) for suffix in ("", "-wal")]
        for _ in range(_COPY_ATTEMPTS):
            before = _stamps(sources)
            for file in (file for file in sources if file.exists()):
                shutil.copyfile(file, Path(self._folder.name, file.name))
            if _stamps(sources) == before:  # else the two files are not of one moment
                break
        super().__init__(Database.at(Path(self._folder.name, database.path.name)), lock)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("put_"):
            raise StoreUnavailableError(self._unwritable)
        return super().__getattr__(name)


def _stamps(files: Iterable[Path]) -> list[tuple[int, int]]:
    stats = (file.stat() for file in files if file.exists())
    return [(each.st_mtime_ns, each.st_size) for each in stats]
