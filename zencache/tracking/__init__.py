"""Tracks the undeclared inputs of a running step, and checks them before its result is reused."""

import os as _os
import sys as _sys
from typing import Any as _Any

random_at_import: list[_Any] = []
"""The state of `random` when steps could first be declared: one that draws do not lead to was seeded."""


def note_random_state() -> None:
    """Copy the state of `random`, once; where it is not loaded, nothing is seeded yet."""
    random = _sys.modules.get("random")
    if random is not None and not random_at_import:
        random_at_import.append(random.getstate())
        # After `random` has registered that it seeds itself there: Python calls the functions in their order.
        _os.register_at_fork(after_in_child=_forked)


def _forked() -> None:
    """Copy the state of `random` in a forked process, where Python has seeded it, and no code."""
    random = _sys.modules.get("random")
    if random is not None:
        random_at_import[:] = [random.getstate()]
        generator_state = _sys.modules.get(f"{__name__}.generator_state")
        forked = getattr(generator_state, "forked", None)
        if forked is not None:  # else that module is imported later, and copies the list
            forked()


note_random_state()
