"""zencache runs machine-learning pipelines and never computes the same thing twice.

>>> from zencache import step, pipeline
>>> @step
... def load() -> list:
...     return [3, 1, 2]
>>> @step
... def sort(numbers: list, reverse: bool = False) -> list:
...     return sorted(numbers, reverse=reverse)
>>> @pipeline
... def sorting(reverse: bool = False):
...     sort(load(), reverse=reverse)
>>> print(sorting().plan())  # nothing is computed
step  action    seconds  reason
load  run             ?  no earlier result of this step
sort  wait            ?  waits for the result of load
To compute: load, sort for the first time.

Importing this package imports next to nothing: each name is loaded when it is first used. From then on,
`zencache.tracking.read_owners` notes what the project's code reads.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

from zencache.model.legacy_api import PORT, LegacyModules
from zencache.tracking import read_owners
from zencache.util.imports import import_module

if TYPE_CHECKING:
    from zencache.errors import ZencacheError
    from zencache.materializers import Materializer, register
    from zencache.model.legacy_api import LegacyApi
    from zencache.pipelines import Pipeline, PipelineRun, PipelineVersion, RunPlan, pipeline
    from zencache.policy import CachePolicy
    from zencache.repo import Repository
    from zencache.steps import BaseParameters, BaseStepConfig, Output, Step, StepContext, step

__version__ = "0.1.0"

_MODULES = {
    "BaseParameters": "zencache.steps",
    "BaseStepConfig": "zencache.steps",
    "CachePolicy": "zencache.policy",
    "Materializer": "zencache.materializers",
    "Output": "zencache.steps",
    "Pipeline": "zencache.pipelines",
    "PipelineRun": "zencache.pipelines",
    "PipelineVersion": "zencache.pipelines",
    "Repository": "zencache.repo",
    "RunPlan": "zencache.pipelines",
    "Step": "zencache.steps",
    "StepContext": "zencache.steps",
    "ZencacheError": "zencache.errors",
    "pipeline": "zencache.pipelines",
    "register": "zencache.materializers",
    "step": "zencache.steps",
}

__all__ = [
    "BaseParameters",
    "BaseStepConfig",
    "CachePolicy",
    "Materializer",
    "Output",
    "Pipeline",
    "PipelineRun",
    "PipelineVersion",
    "Repository",
    "RunPlan",
    "Step",
    "StepContext",
    "ZencacheError",
    "pipeline",
    "register",
    "step",
]

# Google's libraries, which TensorFlow and Beam import, warn of every Python that is not the newest few.
if os.environ.get("ZENCACHE_LOG", "").lower() != "debug":
    warnings.filterwarnings("ignore", "You are using a (non-supported )?Python version", FutureWarning)


def _load_legacy_api() -> LegacyApi:
    from zencache.compat.legacy_api import CompatApi  # noqa: PLC0415 - only code of older releases needs it

    return CompatApi()


read_owners.install()
PORT.load = _load_legacy_api
sys.meta_path.append(LegacyModules)
if "ZENCACHE_ALIAS" in os.environ:  # `zencache compat run` started this process, or its parent
    from zencache.compat.alias import install

    install(os.environ["ZENCACHE_ALIAS"])


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'zencache' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *_MODULES]
