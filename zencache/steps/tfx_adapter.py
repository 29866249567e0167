"""The seam to TFX components in a pipeline's body: `zencache_tfx` knows them. Nothing here imports TFX.

A component is known by the name of its base class, so that whoever has none pays nothing.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from zencache.errors import DefinitionError
from zencache.util.imports import import_module

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from zencache.steps.trace import Trace

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


def _is(value: Any, name: str) -> bool:
    return any(f"{base.__module__}.{base.__qualname__}" == name for base in type(value).__mro__)


def collecting(trace: Trace) -> AbstractContextManager[Any]:
    """Note the components that a pipeline's body makes meanwhile, where TFX is there at all."""
    return nullcontext() if _REGISTRY not in sys.modules else adapter("mixed_bodies").collecting(trace)


def quieten() -> None:
    """Keep TensorFlow's C++ side, which reads this when it is imported, from talking; a user's own value stays."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def adapter(module: str) -> Any:
    """Import a module of `zencache_tfx`; raises DefinitionError where that is not installed."""
    quieten()
    try:
        return import_module(f"zencache_tfx.{module}")
    except ModuleNotFoundError as error:
        if error.name != "zencache_tfx":
            raise
        raise DefinitionError(
            "TFX components in a zencache pipeline need zencache-tfx: pip install 'zencache[tfx]'"
        ) from error
