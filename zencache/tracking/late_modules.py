"""Notes the modules of the project that are imported while a step is watched."""

from __future__ import annotations

import collections
import functools
import gc
import sys
import threading
import types
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec


class LateModules(MetaPathFinder):
    """Calls a function before and after a module of the project is executed."""

    def __init__(self, before: Callable[[str], None], after: Callable[[types.ModuleType], None]) -> None:
        self.before = before
        self.after = after
        self._within = threading.local()
        """`names`: the modules that the other finders are asked for, which may ask all finders again."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module by the other finders, and have its execution noted."""
        names: set[str] = vars(self._within).setdefault("names", set())
        if fullname in names:
            return None
        names.add(fullname)
        try:
            spec = self._found(fullname, path, target)
        finally:
            names.discard(fullname)
        origin = str(spec.origin) if spec is not None else ""
        is_candidate = origin.endswith(".py") and "-packages/" not in origin
        if spec is not None and is_candidate and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader, self)
        return spec

    def _found(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(fullname, path, target)
                if spec is not None:
                    return spec
        return None


class _Loader(Loader):
    def __init__(self, inner: Any, modules: LateModules) -> None:
        self.inner = inner
        self.modules = modules

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def create_module(self, spec: ModuleSpec) -> types.ModuleType | None:
        module: types.ModuleType | None = self.inner.create_module(spec)
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        spec = module.__spec__
        module.__loader__ = self.inner
        if spec is not None:
            spec.loader = self.inner
        with suppress(Exception):  # an import must not fail because it is noted
            self.modules.before(str(spec.origin if spec else ""))
        try:
            self.inner.exec_module(module)
        finally:
            with suppress(Exception):
                self.modules.after(module)


_HOLDERS = (
    *(dict, list, tuple, set, frozenset, collections.deque, types.MappingProxyType, types.CellType),
    *(types.MethodType, property, staticmethod, classmethod, functools.partial, functools.cached_property),
    *(functools.partialmethod, functools.singledispatchmethod, type(functools.lru_cache(len))),
)


def functions_of(module: types.ModuleType) -> Iterator[types.FunctionType]:
    """Give the functions that a module holds: also in its classes, in containers, wrappers and closures."""
    name = module.__name__
    stack: list[Any] = [vars(module)]
    visited: set[int] = set()
    while stack:
        value = stack.pop()
        if id(value) in visited:
            continue
        visited.add(id(value))
        if isinstance(value, types.FunctionType):
            yield value
            stack += [*(value.__closure__ or ()), vars(value)]
        elif isinstance(value, type):
            stack += vars(value).values() if value.__module__ == name else ()
        elif isinstance(value, _HOLDERS):
            stack += gc.get_referents(value)
        elif type(value).__module__ == name:
            stack.append(getattr(value, "__dict__", None))
