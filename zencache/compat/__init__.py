"""Compatibility with ZenML 0.1 to 0.39: what code of those releases uses beyond the public API.

Each piece names the releases that it stands for; `docs/compat.md` lists all of them. The core asks through
the port `zencache.model.legacy_api`, which imports this package when older code first needs it.
"""
