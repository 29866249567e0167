"""Backs up an SQLite store while others use it.

A separate process makes the copy: this one has the file open through ML Metadata, which has an SQLite of its
own, and two SQLites in one process do not see each other's locks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from blake3 import blake3

from zencache.errors import StoreUnavailableError
from zencache.util.atomic_write import flush
from zencache.util.locks import StoreLock

if TYPE_CHECKING:
    from pathlib import Path

    from zencache.config import Project

_COPY = """
import sqlite3, sys
from pathlib import Path
source = sqlite3.connect(Path(sys.argv[1]).as_uri() + "?mode=ro", uri=True, timeout=60)
target = sqlite3.connect(sys.argv[2])
source.backup(target)
[[check]] = target.execute("PRAGMA quick_check(1)")
target.close()
if check != "ok":
    raise SystemExit("the copy is damaged: " + check)
"""


def back_up(file: Path, target: Path, settings: Path) -> None:
    """Copy the settings, and then all that was committed to an SQLite file, whole or not at all.

    Raises StoreUnavailableError if the copy cannot be made.
    """
    # Each attempt uses the same name, and there is one at a time: an interrupted one leaves nothing behind.
    partial = target.with_name(f"{file.stem}-{blake3(os.fsencode(file.absolute())).hexdigest()[:8]}.partial")
    try:
        target.parent.mkdir(exist_ok=True)
        for leftover in target.parent.glob(f"{partial.name}*"):
            leftover.unlink()
        shutil.copyfile(settings, target.with_suffix(".toml"))
        _copy(file, partial)
        flush(partial)
        partial.rename(target)
        flush(target.parent)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StoreUnavailableError(
            f"cannot back up {file} to {target}: {error}. Nothing was changed; "
            "free space, or make the folder writable"
        ) from error


def restore(project: Project, backup: Path) -> Path | None:
    """Restore a copy of a backup as a project's SQLite file, and give where what was there is kept.

    Raises StoreUnavailableError for a server, and for a backup that is no whole SQLite file.
    """
    database = project.database.path
    if database is None:
        raise StoreUnavailableError(f"{project.database} is on a server: put its backup back there")
    partial = database.with_name(f"{database.name}.restored.partial")
    kept = project.backups / f"{database.stem}-replaced-{os.urandom(4).hex()}.db"
    try:
        partial.unlink(missing_ok=True)
        _copy(backup, partial)
        with StoreLock(project.lock):
            has_replaced = database.exists()
            project.backups.mkdir(exist_ok=True)
            for suffix in ("-shm", "-wal", ""):
                if (part := database.with_name(database.name + suffix)).exists():
                    part.rename(kept.with_name(kept.name + suffix))
            partial.rename(database)
            flush(database.parent)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StoreUnavailableError(f"cannot restore {backup} to {database}: {error}") from error
    return kept if has_replaced else None


def _copy(file: Path, target: Path) -> None:
    if not file.stat().st_size:
        raise OSError(f"{file} is empty")
    command = [sys.executable, "-I", "-c", _COPY, str(file.absolute()), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own text
    if done.returncode:
        raise OSError((done.stderr.strip().splitlines() or ["its process was ended"])[-1])
