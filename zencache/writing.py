"""Writing files whole or not at all, whoever else writes them at once."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(file: Path, data: bytes) -> None:
    """Write a file, or put another in the place of one that is there."""
    file.parent.mkdir(exist_ok=True)
    aside = file.with_name(f"{file.stem}.{os.getpid()}.{threading.get_ident()}.partial")
    aside.write_bytes(data)
    aside.replace(file)


def write_once(file: Path, data: bytes) -> None:
    """Write a file that is named by its content, unless it is there: then it is as new, for whoever clears up."""
    try:
        os.utime(file)
    except OSError:  # it is not there, or cannot be written
        if not file.exists():
            write_whole(file, data)
