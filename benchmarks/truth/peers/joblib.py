"""Runs a probe with joblib.Memory: the function is wrapped where it is defined, and called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joblib import Memory

if TYPE_CHECKING:
    from pathlib import Path

STATE: dict = {}
"""The store of this side, and whether an entry was found valid."""


def warm_up(scratch: Path) -> None:
    """Do nothing; the imports above suffice."""


def begin(store: Path, _folder: Path) -> None:
    STATE.update(memory=Memory(store, verbose=0), reused=False)


def decorate(function):
    return STATE["memory"].cache(function, cache_validation_callback=seen)


def seen(_metadata) -> bool:
    """Note that joblib has an entry with this code and these arguments."""
    STATE["reused"] = True
    return True


def run(step, args, kwargs):
    result = step.made(*args, **kwargs)
    return {"reused": STATE["reused"]}, result


def close() -> None:
    """Nothing is open."""
