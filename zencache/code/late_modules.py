"""Remembers which modules a step imported, so that a digest treats them as a fresh process does.

`tracking.read_owners` fills it. It is imported with `zencache`, so it imports nothing.
"""

from __future__ import annotations

FILES: set[str] = set()
"""The files of modules that were executed first while a step ran."""


def is_late(file: str) -> bool:
    """Say whether a module is in memory only because a step imported it.

    >>> is_late("/home/ada/settings.py")
    False
    """
    return file in FILES
