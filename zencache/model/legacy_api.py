"""Connects code of older releases with `zencache.compat`, which is imported on the first use.

`zencache/__init__.py`, above all layers, registers the loader of the implementation. So nothing below
`compat` names it, and a program that does not use it does not import it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.machinery import ModuleSpec
    from pathlib import Path

P = TypeVar("P")


class LegacyApi(Protocol):
    """What the core asks on behalf of code of older releases."""

    def attribute(self, target: Any, name: str) -> Any:
        """Give an attribute that an object had; raises NoSuchAttributeError that names the nearest one."""

    def name_in(self, package: str, name: str) -> Any:
        """Give what a package had under a name."""

    def module(self, name: str) -> ModuleSpec | None:
        """Find a module that was there; raises NoSuchImportError that names the nearest one."""

    def check_options(self, where: str, options: Mapping[str, Any]) -> None:
        """Print a note of options that have no effect here; raises for all others."""

    def configured(
        self, pipeline: P, config_path: str | Path | None, options: Mapping[str, Any]
    ) -> tuple[P, dict[str, Any]]:
        """Give the pipeline of a configuration file and older options of `run`, and options of `run`."""


class _Port:
    """Holds how the implementation is loaded."""

    load: Callable[[], LegacyApi]


PORT = _Port()


class LegacyAttributes:
    """Base class with attributes of older releases: the port is asked for a missing attribute."""

    __slots__ = ()

    if not TYPE_CHECKING:  # a type checker shall go on to see a misspelt name

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_") or hasattr(type(self), name):  # the latter: a property raised
                return object.__getattribute__(self, name)
            return PORT.load().attribute(self, name)


class LegacyModules:
    """Finds modules of older releases, at the end of `sys.meta_path`: `zencache.client`, for example."""

    @staticmethod
    def find_spec(fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG004 - the import system's interface
        """Find a module of an older release; raises NoSuchImportError that names the nearest one."""
        if not fullname.startswith("zencache."):
            return None
        package = sys.modules.get(fullname.rpartition(".")[0])
        if path is None or list(path) != list(getattr(package, "__path__", ())):  # a tool that tries paths
            return None
        return PORT.load().module(fullname)


def legacy_names(package: str, *names: str) -> Callable[[str], Any]:
    """Make a package's `__getattr__`, which gives the names that the package had in older releases.

    >>> legacy_names("zencache.steps", "BaseStep")("BaseStep").__name__
    'BaseStep'
    """

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return PORT.load().name_in(package, name)

    return get


def check_options(where: str, options: Mapping[str, Any]) -> None:
    """Print a note of options of older releases that have no effect here; raises for all others."""
    if options:
        PORT.load().check_options(where, options)
