"""Runs a probe with redun: the function is a task, and a scheduler on a SQLite file runs it."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from typing import TYPE_CHECKING

from redun import Scheduler, task
from redun.config import Config

if TYPE_CHECKING:
    from pathlib import Path

STATE: dict = {}
"""An empty database to copy, and the one of this side."""


def warm_up(scratch: Path) -> None:
    """Create a database once, because its migrations take longer than a task."""
    logging.getLogger("redun").setLevel(logging.CRITICAL)
    STATE["empty"] = scratch / f"empty{os.getpid()}.db"
    scheduler(STATE["empty"])


def scheduler(database: Path) -> Scheduler:
    made = Scheduler(config=Config({"backend": {"db_uri": f"sqlite:///{database}"}}))
    made.load()
    return made


def begin(store: Path, _folder: Path) -> None:
    STATE["database"] = store / "redun.db"
    if not STATE["database"].exists():
        shutil.copy(STATE["empty"], STATE["database"])


def decorate(function):
    return task(namespace="probe")(function)


def run(step, args, kwargs):
    result = scheduler(STATE["database"]).run(step.made(*args, **kwargs))
    with sqlite3.connect(STATE["database"]) as connection:
        ((cached,),) = connection.execute("SELECT cached FROM job ORDER BY start_time DESC LIMIT 1")
    return {"reused": bool(cached)}, result


def close() -> None:
    """Nothing is open."""
