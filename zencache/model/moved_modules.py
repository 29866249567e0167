"""Modules of release 0.1.0 that moved: stored snapshots and cache keys name classes by the old path."""

from __future__ import annotations

MOVED = {
    "zencache.graph.context": "zencache.model.step_context",
    "zencache.graph.names": "zencache.model.names",
    "zencache.graph.secrets": "zencache.model.secrets",
    "zencache.graph.specs": "zencache.model.specs",
    "zencache.graph.types": "zencache.model.types",
    "zencache.graph.values": "zencache.model.values",
}
"""Old path to new path. An entry stays for as long as stores of that release are read."""
_OLD = {new: old for old, new in MOVED.items()}


def name_in_keys(dotted: str) -> str:
    """Give the name by which cache keys call something: a moved module is no other code.

    >>> name_in_keys("zencache.model.step_context.StepContext"), name_in_keys("json.dumps")
    ('zencache.graph.context.StepContext', 'json.dumps')
    """
    module, dot, name = dotted.rpartition(".")
    return f"{_OLD.get(module, module)}{dot}{name}"
