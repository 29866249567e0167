"""The implementation of `zencache.model.legacy_api.LegacyApi`; each part is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from zencache.compat import paths

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.machinery import ModuleSpec
    from pathlib import Path

    from zencache.model.legacy_api import P
    from zencache.pipelines import Pipeline


class CompatApi:
    """What code of older releases uses beyond the public API."""

    def attribute(self, target: Any, name: str) -> Any:
        """Give an attribute that an object had; raises NoSuchAttributeError that names the nearest one."""
        from zencache.compat import methods  # noqa: PLC0415 - imports pipelines and records

        return methods.find(target, name)

    def name_in(self, package: str, name: str) -> Any:
        """Give what a package had under a name."""
        return getattr(import_module(paths.NAMES[package][name]), name)

    def module(self, name: str) -> ModuleSpec | None:
        """Find a module that was there; raises NoSuchImportError that names the nearest one."""
        return paths.find(name)

    def check_options(self, where: str, options: Mapping[str, Any]) -> None:
        """Print a note of options that have no effect here; raises for all others."""
        from zencache.compat.options import check_options  # noqa: PLC0415 - paths are asked for more often

        check_options(where, options)

    def configured(
        self, pipeline: P, config_path: str | Path | None, options: Mapping[str, Any]
    ) -> tuple[P, dict[str, Any]]:
        """Apply a file and older options of `run`: give the pipeline of one run, and options of that run."""
        from zencache.compat.configuration import for_run  # noqa: PLC0415 - imports pipelines and records

        return cast("tuple[P, dict[str, Any]]", for_run(cast("Pipeline", pipeline), config_path, options))
