"""Finds the installed distributions that a step used: those of its imports, and what these loaded in turn.

A distribution that another one requires counts only if it is loaded in this process: what is not loaded had
no effect. What a library imports without requiring it is found in the globals of its modules.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from zencache.code.module_origin import origin_of_file
from zencache.util.distributions import (
    holders,
    modules_by_distribution,
    name_and_version,
    normalized,
    requirements,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OURS = "zencache"
_DEPTH = 3  # parts of a name, by which distributions in one namespace are told apart
_tops_by_module: WeakKeyDictionary[ModuleType, frozenset[str]] = WeakKeyDictionary()


@dataclass(frozen=True)
class UsedPackages:
    """What a step used of installed code beyond the distributions that its key names."""

    versions: dict[str, str] = field(default_factory=dict)
    """Distribution to its version, and after a bar the distribution that loaded it."""
    files: frozenset[str] = frozenset()
    """Files of libraries without a version: editable ones, and modules copied beside installed ones."""


def used_packages(named: Iterable[str], imported: Iterable[str]) -> UsedPackages:
    """Give what distributions that a key names, and modules that were imported, use of installed code.

    >>> "scipy" in used_packages(["numpy"], []).versions
    False
    """
    return _Search().run(list(named), list(imported))


class _Search:
    """One search through the distributions that are loaded now."""

    def __init__(self) -> None:
        self._modules: dict[str, list[str]] = defaultdict(list)
        for name in list(sys.modules):
            self._modules[name.partition(".")[0]].append(name)
        self._tops_by_name = modules_by_distribution()

    def run(self, named: list[str], imported: list[str]) -> UsedPackages:
        in_key = {normalized(name) for name in named}
        by_name = dict.fromkeys(in_key, "")
        files: set[str] = set()
        for module in imported:
            for name in holders_of(module):
                by_name.setdefault(name, "")
        self._add_required(by_name)
        for parent in list(by_name):
            for name in sorted(self._referenced(parent, files)):
                # What requires its own user registered something there: Beam does so in dill.
                if parent not in requirements(name):
                    by_name.setdefault(name, parent)
        self._add_required(by_name)
        for name in by_name:
            files.update(self._editable_files(name))
        installed = versions()
        found = {
            name: f"{installed[name]}|{parent}"
            for name, parent in sorted(by_name.items())
            if name not in in_key and name in installed and not name.startswith(_OURS)
        }
        return UsedPackages(found, frozenset(files))

    def _add_required(self, by_name: dict[str, str]) -> None:
        """Add what distributions require, and what that requires, as far as it is loaded."""
        waiting = list(by_name)
        for parent in waiting:
            for name in requirements(parent):
                if name not in by_name and self._is_loaded(name):
                    by_name[name] = parent
                    waiting.append(name)

    def _modules_of(self, name: str) -> Iterator[str]:
        """Give the loaded modules of a distribution."""
        for top in self._tops_by_name.get(name, ()):
            is_shared = len(holders_of(top)) > 1
            yield from (m for m in self._modules.get(top, ()) if not is_shared or name in holders_of(m))

    def _is_loaded(self, name: str) -> bool:
        return next(self._modules_of(name), None) is not None

    def _referenced(self, name: str, files: set[str]) -> Iterator[str]:
        """Give the distributions whose modules, classes and functions stand in a distribution's modules."""
        for module_name in self._modules_of(name):
            module = sys.modules.get(module_name)
            if not isinstance(module, ModuleType):
                continue
            for other in _referenced_by(module):
                names = holders_of(other)
                yield from names
                if not names:
                    files.update(self._copied_files(other.partition(".")[0]))

    def _copied_files(self, top: str) -> Iterator[str]:
        """Give the loaded files of a module that lies among installed ones without a distribution."""
        return (
            file for file in self._files(top) if "-packages/" in file and origin_of_file(file) == "project"
        )

    def _editable_files(self, name: str) -> Iterator[str]:
        """Give the loaded files of what an installed distribution requires and is installed as editable."""
        for required in requirements(name):
            if (
                required in versions()
                and required not in self._tops_by_name
                and not required.startswith(_OURS)
            ):
                yield from self._files(required.replace("-", "_"))

    def _files(self, top: str) -> Iterator[str]:
        for name in self._modules.get(top, ()):
            file = getattr(sys.modules.get(name), "__file__", None)
            if isinstance(file, str):
                yield file


@lru_cache(maxsize=4096)
def holders_of(module: str) -> frozenset[str]:
    """Give the normalized names of the distributions that hold a module; of a namespace, those with its part.

    >>> holders_of("numpy.linalg"), holders_of("no_such_module")
    (frozenset({'numpy'}), frozenset())
    """
    parts = module.split(".")
    names_by_prefix = _names_by_prefix(parts[0])
    for length in range(min(len(parts), _DEPTH), 0, -1):
        if names := names_by_prefix.get(".".join(parts[:length])):
            return names
    return frozenset()


@lru_cache(maxsize=1024)
def _names_by_prefix(top: str) -> dict[str, frozenset[str]]:
    """Tell distributions apart that share a namespace, such as `google`, by the folders of their files."""
    sharing = holders(top)
    names_by_prefix: dict[str, set[str]] = defaultdict(set)
    for distribution in sharing:
        name = normalized(name_and_version(distribution)[0])
        names_by_prefix[top].add(name)
        record = (distribution.read_text("RECORD") or "") if len(sharing) > 1 else ""
        for file in re.findall(rf"^{re.escape(top)}/([\w./]+)", record, re.MULTILINE):
            parts = [top, *(part.partition(".")[0] for part in file.split("/"))]
            for length in range(2, min(len(parts), _DEPTH) + 1):
                names_by_prefix[".".join(parts[:length])].add(name)
    return {prefix: frozenset(names) for prefix, names in names_by_prefix.items()}


def _referenced_by(module: ModuleType) -> frozenset[str]:
    """Name the modules of other packages that a module's globals come from, in at most three parts."""
    names = _tops_by_module.get(module)
    if names is None:
        own = module.__name__.partition(".")[0]
        origins = {
            ".".join(origin.split(".")[:_DEPTH])
            for origin in map(_origin, list(vars(module).values()))
            if origin
        }
        names = frozenset(
            name
            for name in origins
            if (top := name.partition(".")[0]) != own
            and top not in sys.stdlib_module_names
            and top != "__main__"
        )
        _tops_by_module[module] = names
    return names


def _origin(value: object) -> str:
    """Name the module of a module, class or function. Only these: other objects may run code when asked."""
    kind = type(value)
    if kind is FunctionType or kind is BuiltinFunctionType:
        name = value.__module__
    elif issubclass(kind, ModuleType):
        name = object.__getattribute__(value, "__dict__").get("__name__")
    elif issubclass(kind, type):
        name = type.__getattribute__(value, "__dict__").get("__module__")
    else:
        return ""
    return name if isinstance(name, str) else ""
