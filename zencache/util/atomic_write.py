"""Writes files atomically, also with concurrent writers, and gives a private temporary folder."""

from __future__ import annotations

import contextlib
import functools
import os
import stat
import tempfile
import threading
from pathlib import Path


def write_whole(file: Path, data: bytes) -> None:
    """Write or replace a file."""
    file.parent.mkdir(exist_ok=True)
    aside = partial_beside(file)
    aside.write_bytes(data)
    aside.replace(file)


def partial_beside(file: Path) -> Path:
    """Name a file of this thread alone, to be written beside a file and then to replace it."""
    return file.with_name(f"{file.stem[:100]}.{os.getpid()}.{threading.get_ident()}.partial")


def write_once(file: Path, data: bytes) -> None:
    """Write a file that is named by its content; if it exists, only renew its time, which gc goes by."""
    try:
        os.utime(file)
    except OSError:  # it is not there, or cannot be written
        if not file.exists():
            write_whole(file, data)


def flush(path: Path) -> None:
    """Have a file or a folder last, as it is now, when power is lost."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def private_folder() -> Path:
    """Give a folder for temporary files that are found again, which this user alone can write to.

    Its name can be foretold: one that another user made first, or a link, is not used, but a new one.
    """
    folder = Path(tempfile.gettempdir(), f"zencache-{os.getuid()}")
    with contextlib.suppress(FileExistsError):  # also a link that leads nowhere
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    is_own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077
    return folder if is_own else _folder_of_process()


@functools.cache
def _folder_of_process() -> Path:
    return Path(tempfile.mkdtemp(prefix="zencache-"))
