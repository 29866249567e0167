"""Runs a probe with Flyte 2: the function is a task with `cache="auto"`, which a local run executes."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any

import flyte
import flyte._persistence._recorder  # a run imports it
from flyte.syncify import syncify

if TYPE_CHECKING:
    from pathlib import Path

STATE: dict = {}
"""The home and the task environment of this side."""


def warm_up(scratch: Path) -> None:
    """Do nothing; the imports above suffice."""


def begin(store: Path, _folder: Path) -> None:
    os.environ["HOME"] = str(store)
    loop = syncify._bg_loop  # the thread belongs to the parent; a fork starts it again
    loop.__init__(loop.thread.name)
    STATE.update(store=store, environment=flyte.TaskEnvironment(name="probe", cache="auto"))


def decorate(function):
    function.__annotations__["return"] = Any
    return STATE["environment"].task(function)


def run(step, args, kwargs):
    flyte.init(local_persistence=True)
    context = flyte.with_runcontext(mode="local", raw_data_path=str(STATE["store"] / "data"))
    result = context.run(step.made, *args, **kwargs).outputs()[0]
    with sqlite3.connect(STATE["store"] / ".flyte/local-cache/cache.db") as connection:
        ((hit,),) = connection.execute("SELECT cache_hit FROM runs ORDER BY start_time DESC LIMIT 1")
    return {"reused": bool(hit)}, result


def close() -> None:
    """Nothing is open."""
