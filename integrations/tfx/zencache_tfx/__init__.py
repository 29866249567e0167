"""TFX pipelines on zencache: the same pipeline object, its nodes cached by content.

>>> from zencache_tfx import ZencacheDagRunner
>>> ZencacheDagRunner
<class 'zencache_tfx.runner.ZencacheDagRunner'>

Importing this package imports no TFX: each name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zencache_tfx.adoption import adopt
    from zencache_tfx.mixed_bodies import channel
    from zencache_tfx.runner import ZencacheDagRunner
    from zencache_tfx.values import Artifact, Examples, Model

_MODULES = {
    "Artifact": "zencache_tfx.values",
    "Examples": "zencache_tfx.values",
    "Model": "zencache_tfx.values",
    "ZencacheDagRunner": "zencache_tfx.runner",
    "adopt": "zencache_tfx.adoption",
    "channel": "zencache_tfx.mixed_bodies",
}
__all__ = ["Artifact", "Examples", "Model", "ZencacheDagRunner", "adopt", "channel"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'zencache_tfx' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *_MODULES]
