"""The decorator era: what code written for ZenML 0.5 to 0.39 uses beyond the public API.

Each piece names the releases that it stands for; `docs/compat.md` has the whole as a table. The core
reaches it by name only (`zencache.util.legacy_hooks`), when old code asks for something.
"""
