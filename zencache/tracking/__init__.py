"""Tracks the undeclared inputs of a running step, and checks them before its result is reused."""

import sys as _sys

_random = _sys.modules.get("random")
random_at_import = None if _random is None else _random.getstate()
"""The state of `random` when zencache was imported: a later one that draws do not lead to was seeded."""
