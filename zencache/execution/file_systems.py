"""TensorFlow's file systems (`gs://`, `s3://`, …) in TFX: registered when a path first asks for one of them.

TFX registers them when its `fileio` is imported, where TensorFlow can be; see `tfx_sdk`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tfx.dsl.io import filesystem, filesystem_registry
from tfx.dsl.io.plugins import tensorflow_gfile

if TYPE_CHECKING:
    from collections.abc import Callable

_REGISTRY = filesystem_registry.DEFAULT_FILESYSTEM_REGISTRY
_LAST = 1000  # of the priorities, of which the lowest number goes first; TFX's own are 10 and 20


def register() -> None:
    """Have TensorFlow imported for its file systems when one is used, unless it is there already."""
    if tensorflow_gfile.TensorflowFilesystem is None:
        _REGISTRY.register(_OnDemand, priority=_LAST, use_as_fallback=True)


def _asking(method: str) -> Callable[..., Any]:
    def ask(path: Any, *args: Any, **kwargs: Any) -> Any:
        importlib.reload(tensorflow_gfile)  # registers what TensorFlow has, if it can be imported
        found = _REGISTRY.get_filesystem_for_path(path)
        if found is _OnDemand:
            raise ModuleNotFoundError(
                f"{path} needs TensorFlow's file systems: pip install 'zencache[tensorflow]'",
                name="tensorflow",
            )
        return getattr(found, method)(path, *args, **kwargs)

    return ask


_METHODS = [name for name, member in vars(filesystem.Filesystem).items() if isinstance(member, staticmethod)]
_OnDemand: Any = type(
    "OnDemand",
    (filesystem.Filesystem,),
    {"SUPPORTED_SCHEMES": ["gs://", "hdfs://", "s3://"], **{n: staticmethod(_asking(n)) for n in _METHODS}},
)
