"""How the core finds `zencache.compat`: by name, and only when code of the decorator era asks for something.

Nothing below that room imports it, so that code which needs none of it pays for none of it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from zencache.util.imports import import_module

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.machinery import ModuleSpec


class Older:
    """Base of what has methods and attributes of older releases: looked up in `zencache.compat.methods` when asked for."""

    __slots__ = ()

    if not TYPE_CHECKING:  # a type checker shall go on to see a misspelt name

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_") or hasattr(type(self), name):  # the latter: a property raised
                return object.__getattribute__(self, name)
            return import_module("zencache.compat.methods").find(self, name)


class OldPaths:
    """Finds modules of older releases, at the end of `sys.meta_path`: `zencache.client`, say."""

    @staticmethod
    def find_spec(fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG004 - the import system's interface
        """Find an old module of ours; raises NoSuchImportError that names the nearest thing."""
        package = sys.modules.get(fullname.rpartition(".")[0])
        if not fullname.startswith("zencache.") or fullname.startswith("zencache.compat."):
            return None
        if path is None or list(path) != list(getattr(package, "__path__", ())):  # a tool that tries places
            return None
        found: ModuleSpec | None = import_module("zencache.compat.paths").find(fullname)
        return found


def names_of(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make a package's `__getattr__`, which imports what older code looks for there from where it lives.

    >>> names_of("zencache.steps", {"BaseStep": "zencache.compat.steps"})("BaseStep").__name__
    'BaseStep'
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    vars(get)["names"] = tuple(homes)
    return get


def check_options(what: str, options: Mapping[str, Any]) -> None:
    """Pass over options of older releases that mean nothing here, with a note; raise for all others."""
    if options:
        import_module("zencache.compat.options").check(what, options)
