"""Finds what holds a function of the project: globals, classes, and the subclasses that inherit it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zencache.code.module_origin import origin_of_file

if TYPE_CHECKING:
    import types
    from collections.abc import Iterable, Iterator


def _project_modules() -> Iterator[tuple[str, types.ModuleType]]:
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and "-packages/" not in file and origin_of_file(file) == "project":
            yield file, module


def holders(functions: Iterable[types.FunctionType]) -> Iterator[tuple[str, str]]:
    """Give the globals, and the attributes of classes, that hold functions, by file and qualified name."""
    ids = {id(function) for function in functions}
    for file, module in _project_modules():
        for name, value in list(vars(module).items()):
            inside = (
                vars(value).items() if isinstance(value, type) and value.__module__ == module.__name__ else ()
            )
            yield from ((file, f"{name}.{inner}") for inner, each in inside if id(each) in ids)
            if any(id(each) in ids for each in (value, *_inside(value))):
                yield file, name


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple | set | frozenset) else ()


def subclasses(methods: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Give the project's classes that inherit some methods, whose attributes these may read.

    Methods and classes are named by file and qualified name.
    """
    pairs = {(file, name.rpartition(".")[0]) for file, name in methods if "." in name}
    modules = dict(_project_modules()) if pairs else {}
    files = {module.__name__: file for file, module in modules.items()}
    for file, name in pairs:
        kind = _class(modules.get(file), name)
        stack: list[type] = [kind] if kind else []
        while stack:
            below: list[type] = type.__subclasses__(stack.pop())
            for each in below:
                stack.append(each)
                if each.__module__ in files:
                    yield files[each.__module__], each.__qualname__


def _class(holder: object, name: str) -> type | None:
    for part in name.split("."):
        holder = getattr(holder, part, None)
    return holder if isinstance(holder, type) else None
