"""Imports modules with garbage collection paused or when they are used, and gives modules a second name.

An imported module stays in memory, and each collection walks through all of it: 48 ms of the 370 that a
cached run takes beyond the user's own imports.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
else:  # the base class does nothing, and on Python 3.13 its module loads 30 others
    Loader = object

ALIASES: dict[str, str] = {}
"""Other names of a top package in this process, to its own: `zenml` while an old script runs."""


class PausedCollection:
    """Pauses garbage collection in a `with` block; afterwards it is on or off as it was before.

    >>> import gc
    >>> with PausedCollection():
    ...     gc.isenabled()
    False
    """

    def __enter__(self) -> None:
        import gc  # noqa: PLC0415 - `import zencache` loads as little as it can

        self._was_enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        import gc  # noqa: PLC0415 - likewise

        if self._was_enabled:
            gc.enable()


def import_module(name: str) -> ModuleType:
    """Import a module with garbage collection paused.

    >>> import_module("json").__name__
    'json'
    """
    with PausedCollection():
        return importlib.import_module(name)


class ImportedWhenUsed(ModuleType):
    """Stands for a module inside of a `with` block: who imports it there loads it at the first use.

    `importlib.util.LazyLoader` does not serve: the import system reads an attribute at the second import.

    >>> with ImportedWhenUsed("wave"):
    ...     import wave
    >>> "wave" in sys.modules, wave.Error.__name__, "wave" in sys.modules
    (False, 'Error', True)
    """

    def __enter__(self) -> None:
        sys.modules.setdefault(self.__name__, self)

    def __exit__(self, *_: object) -> None:
        self._withdraw()

    def __getattr__(self, name: str) -> Any:
        self._withdraw()  # another thread may use the module while the block goes on
        return getattr(importlib.import_module(self.__name__), name)

    def _withdraw(self) -> None:
        if sys.modules.get(self.__name__) is self:
            sys.modules.pop(self.__name__, None)


def remove_finders(*finders: object) -> None:
    """Take finders out of `sys.meta_path`, which becomes another list.

    A thread that imports meanwhile goes through the list: if an entry went, it would pass over the next one.
    """
    sys.meta_path = [finder for finder in sys.meta_path if finder not in finders]


def find_spec(name: str) -> ModuleSpec | None:
    """Find a module as the import system does, parents first, without an import."""
    parent, _, _ = name.rpartition(".")
    path: Any = None
    if parent:
        above = find_spec(parent)
        path = above.submodule_search_locations if above else None
        if path is None:
            return None
    for finder in sys.meta_path:
        try:
            spec: ModuleSpec | None = finder.find_spec(name, path, None)
        except Exception:  # noqa: BLE001, S112 - a third-party finder may raise anything
            continue
        if spec is not None:
            return spec
    return None


def silence_tensorflow() -> None:
    """Keep TensorFlow's C++ code from logging once it is imported; a value that the user set stays."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def own_name(module: str) -> str:
    """Give a module's own name, where it is called by an alias.

    >>> own_name("numpy.linalg")
    'numpy.linalg'
    """
    top, dot, rest = module.partition(".")
    return f"{ALIASES[top]}{dot}{rest}" if top in ALIASES else module


class OtherName(Loader):
    """Loads a module that is there under its own name, the spec's `origin`: one module under two names."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Give the module itself."""
        assert spec.origin is not None
        module = importlib.import_module(spec.origin)
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec back: it ran already, under its own name."""
        alias = module.__spec__
        assert alias is not None
        module.__spec__ = alias.loader_state
