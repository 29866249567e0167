"""Runs a probe with Hamilton: the function is the one node of a module; a driver with a cache executes it."""

from __future__ import annotations

import inspect
import os
import types
from typing import TYPE_CHECKING

os.environ["HAMILTON_TELEMETRY_ENABLED"] = "false"

from hamilton import driver
from hamilton.caching.adapter import CachingEventType

if TYPE_CHECKING:
    from pathlib import Path

STATE: dict = {}
"""The store of this side."""


def warm_up(scratch: Path) -> None:
    """Execute a node, so that a child imports nothing more."""

    def warm() -> int:
        return 1

    module = types.ModuleType(warm.__module__)
    module.warm = warm
    driver.Builder().with_modules(module).with_cache(path=str(scratch / f"warm{os.getpid()}")).build()


def begin(store: Path, _folder: Path) -> None:
    STATE["store"] = store


def decorate(function):
    return function


def run(step, args, kwargs):
    name = step.function.__name__
    module = types.ModuleType(step.function.__module__)
    setattr(module, name, step.function)
    inputs = inspect.signature(step.function).bind(*args, **kwargs).arguments
    built = driver.Builder().with_modules(module).with_cache(path=str(STATE["store"])).build()
    result = built.execute([name], inputs=dict(inputs))[name]
    events = [event for events in built.cache.logs().values() for event in events if event.node_name == name]
    ran = any(event.event_type is CachingEventType.EXECUTE_NODE for event in events)
    return {"reused": not ran}, result


def close() -> None:
    """Nothing is open."""
