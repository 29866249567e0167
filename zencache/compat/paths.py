"""Import paths of older releases: modules and names that zencache offers only to their code."""

from __future__ import annotations

import sys
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from zencache.compat import classic, missing_names
from zencache.model.moved_modules import MOVED
from zencache.util.imports import import_module

_STEPS, _PIPELINES = "zencache.steps", "zencache.pipelines"
_CONTEXT = {"StepContext": _STEPS}
_SCHEDULE = {"Schedule": "zencache.compat.pipelines"}
_BASE = {"BaseMaterializer": "zencache.compat.materializers"}

NAMES: dict[str, dict[str, str]] = {
    "zencache.artifacts": dict.fromkeys(  # 0.5 to 0.35
        (
            *("BaseArtifact", "DataArtifact", "DataAnalysisArtifact", "ModelArtifact"),
            *("SchemaArtifact", "ServiceArtifact", "StatisticsArtifact"),
        ),
        "zencache.compat.artifacts",
    ),
    "zencache.config": dict.fromkeys(("DockerSettings", "ResourceSettings"), "zencache.compat.settings"),
    "zencache.materializers": _BASE,
    "zencache.pipelines": {
        **dict.fromkeys(("BasePipeline", "Schedule"), "zencache.compat.pipelines"),
        "TrainingPipeline": "zencache.compat.classic",
    },
    "zencache.steps": dict.fromkeys(("BaseStep", "clone_step"), "zencache.compat.steps"),
}
"""A package of zencache to the names that it had in older releases, and the modules that define them now."""

MODULES: dict[str, dict[str, str]] = {
    "zencache.repository": {"Repository": "zencache.compat.client"},  # 0.6 to 0.23
    "zencache.client": {"Client": "zencache.compat.client"},  # 0.20 to 0.39
    "zencache.logger": {"get_logger": "zencache.compat.logger"},  # 0.3 to 0.39
    "zencache.enums": dict.fromkeys(("ExecutionStatus", "ArtifactType"), "zencache.compat.enums"),
    "zencache.io": {"fileio": "zencache.compat.fileio"},  # 0.5 to 0.39
    "zencache.integrations.constants": {"*": "zencache.compat.integrations"},  # 0.5 to 0.39
    "zencache.steps.base_step": {"BaseStep": "zencache.compat.steps"},
    "zencache.steps.base_step_config": {"BaseStepConfig": _STEPS},  # 0.5 to 0.20
    "zencache.steps.base_parameters": {"BaseParameters": _STEPS},  # 0.21 to 0.39
    "zencache.steps.step_output": {"Output": _STEPS},
    "zencache.steps.step_context": _CONTEXT,
    "zencache.steps.step_decorator": {"step": _STEPS},
    "zencache.steps.utils": {"clone_step": "zencache.compat.steps"},
    "zencache.pipelines.base_pipeline": {"BasePipeline": "zencache.compat.pipelines"},
    "zencache.pipelines.pipeline_decorator": {"pipeline": _PIPELINES},
    "zencache.pipelines.schedule": _SCHEDULE,  # 0.12 to 0.20
    "zencache.materializers.base_materializer": _BASE,
    "zencache.artifacts.data_artifact": {"DataArtifact": "zencache.compat.artifacts"},
    "zencache.artifacts.model_artifact": {"ModelArtifact": "zencache.compat.artifacts"},
    "zencache.artifacts.base_artifact": {"BaseArtifact": "zencache.compat.artifacts"},
    "zencache.config.docker_settings": {"DockerSettings": "zencache.compat.settings"},
    "zencache.config.resource_settings": {"ResourceSettings": "zencache.compat.settings"},
    "zencache.config.schedule": _SCHEDULE,  # 0.21 to 0.39
    "zencache.hooks": {"*": "zencache.compat.hooks"},  # 0.36 to 0.39
    "zencache.exceptions": {"*": "zencache.compat.exceptions"},  # 0.1 to 0.39
    **classic.modules(),  # 0.1 to 0.3
    # Until 0.1.0 of zencache; stored snapshots of steps refer to classes by these paths.
    "zencache.graph": {},
    **{old: {"*": new} for old, new in MOVED.items()},
    # Until 0.1.0 as well: what scripts that look after a store have imported.
    "zencache.stores": {},
    "zencache.stores.artifacts": {"*": "zencache.artifacts.store"},
    "zencache.stores.manifests": {"*": "zencache.artifacts.manifest"},
}
"""A module that exists only for older code to its names, and the modules that define them now."""


class _OldModules(Loader):
    """Makes a module of the table, whose names are imported on first use."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        """Give it a `__getattr__`."""
        modules = MODULES[module.__name__]
        module.__doc__ = "An import path of older releases; see docs/compat.md."

        def get(name: str) -> Any:
            defined_in = modules.get(name, modules.get("*"))
            if defined_in is None or name.startswith("__"):
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            if defined_in.endswith(f".{name}"):
                return import_module(defined_in)
            return getattr(import_module(defined_in), name)

        vars(module)["__getattr__"] = get
        module.__all__ = [name for name in modules if name != "*"]  # type: ignore[attr-defined]


def find(fullname: str) -> ModuleSpec | None:
    """Find a module of the table; raises NoSuchImportError that names the nearest one for any other."""
    if fullname in MODULES:
        return ModuleSpec(fullname, _OldModules(), is_package=True)
    parent, _, name = fullname.rpartition(".")
    if name.startswith("__"):
        return None
    raise missing_names.no_import(fullname, _names(parent), _modules(parent))


def _names(module: str) -> list[str]:
    """List the names that a module offers, with those for older code."""
    package = sys.modules.get(module, ModuleType(module))
    own = getattr(package, "__all__", None) or [name for name in vars(package) if not name.startswith("_")]
    return [*own, *NAMES.get(module, ())]


def _modules(module: str) -> list[str]:
    """List the modules below one, with those for older code."""
    places = getattr(sys.modules.get(module), "__path__", ())
    old = [name[len(module) + 1 :] for name in MODULES if name.startswith(f"{module}.")]
    return [
        *(submodule.name for submodule in iter_modules(places)),
        *(name for name in old if "." not in name),
    ]
