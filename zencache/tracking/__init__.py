"""Tracks the undeclared inputs of a running step, and checks them before its result is reused."""

import sys as _sys
from typing import Any as _Any

random_at_import: list[_Any] = []
"""The state of `random` when steps could first be declared: one that draws do not lead to was seeded."""


def note_random_state() -> None:
    """Copy the state of `random`, once; where it is not loaded, nothing is seeded yet."""
    random = _sys.modules.get("random")
    if random is not None and not random_at_import:
        random_at_import.append(random.getstate())


note_random_state()
