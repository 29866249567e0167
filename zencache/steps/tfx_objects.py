"""Recognizes TFX's objects by the names of their base classes, without importing TFX."""

from __future__ import annotations

import sys
from typing import Any

_CHANNEL = "tfx.types.channel.BaseChannel"
_NODE = "tfx.dsl.components.base.base_node.BaseNode"
_PIPELINE = "tfx.orchestration.pipeline.Pipeline"
_REGISTRY = "tfx.dsl.context_managers.dsl_context_registry"


def is_channel(value: Any) -> bool:
    """Say whether a value is a TFX channel: an output of a component."""
    return _is(value, _CHANNEL)


def is_component(value: Any) -> bool:
    """Say whether a value is a TFX component."""
    return _is(value, _NODE)


def is_pipeline(value: Any) -> bool:
    """Say whether a value is a TFX pipeline."""
    return _is(value, _PIPELINE)


def can_create_components() -> bool:
    """Say whether code of this process can create components: TFX is imported."""
    return _REGISTRY in sys.modules


def component_count() -> int:
    """Count the components that code of this process created, without those that zencache makes of steps."""
    nodes = sys.modules[_REGISTRY].get().all_nodes if _REGISTRY in sys.modules else ()
    executors = (getattr(getattr(node, "EXECUTOR_SPEC", None), "class_path", "") for node in nodes)
    return sum(not path.startswith("zencache.") for path in executors)


def _is(value: Any, name: str) -> bool:
    return any(f"{base.__module__}.{base.__qualname__}" == name for base in type(value).__mro__)
