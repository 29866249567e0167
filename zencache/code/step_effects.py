"""Remembers what watched steps change in this process, so that a digest reads it as a fresh process does.

These are the modules that a step imported, and the functions that are replaced while one runs. `tracking`
notes both. This module is imported with `zencache`, so it imports nothing that Python has not loaded.
"""

from __future__ import annotations

from typing import Any

FILES: set[str] = set()
"""The files of modules that were executed first while a step ran."""
_originals: dict[int, tuple[Any, Any]] = {}
"""By the id of what stands for something: that itself, so that its id is not reused, and the original."""


def is_late(file: str) -> bool:
    """Say whether a module is in memory only because a step imported it.

    >>> is_late("/home/ada/settings.py")
    False
    """
    return file in FILES


def replaced(original: Any, stand_in: Any) -> None:
    """Have a digest read `original` where it meets `stand_in`."""
    _originals[id(stand_in)] = (stand_in, original)


def put_back(stand_in: Any) -> None:
    """Forget a stand-in that is put away."""
    _originals.pop(id(stand_in), None)


def original_of(value: Any) -> Any:
    """Give what a value stands for; any other value as it is.

    >>> def stand_in(): ...
    >>> replaced(len, stand_in)
    >>> original_of(stand_in), original_of(max)
    (<built-in function len>, <built-in function max>)
    >>> put_back(stand_in)
    """
    entry = _originals.get(id(value))
    return entry[1] if entry is not None else value
