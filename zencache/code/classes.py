"""Decides what counts of a live class: its text, its members, and later changes."""

from __future__ import annotations

import abc
import functools
import sys
import types
from typing import TYPE_CHECKING, Any

from zencache.code.namespaces import origin_of
from zencache.code.source import Text, agrees, function_of, texts_of
from zencache.model.types import type_name

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping

_FUNCTION_LIKE = (
    *(types.FunctionType, staticmethod, classmethod, property, functools.cached_property),
    *(functools.partialmethod, functools.singledispatchmethod),
)


def is_users(value: Any) -> bool:
    """Say whether the user added a member to a library's class."""
    return type(value) is types.FunctionType and origin_of(value) == "project"


def registered(kind: type) -> list[type]:
    """List the classes that were registered with an abstract base class."""
    if not isinstance(kind, abc.ABCMeta):
        return []
    registry = getattr(abc, "_get_dump", lambda _: [()])(kind)[0]  # there is no public API for it
    return sorted(filter(None, (reference() for reference in registry)), key=type_name)


def is_live_member(value: Any) -> bool:
    """Say whether a member is read from the live class instead of the class's text."""
    return issubclass(type(value), (*_FUNCTION_LIKE, type))


def names_around(kind: type) -> Mapping[str, Any]:
    """Give the globals in which a class was defined."""
    for value in list(vars(kind).values()):
        function = function_of(value)
        if function is None or function.__globals__.get("__name__") != kind.__module__:
            continue
        if not function.__code__.co_filename.startswith("<"):
            return function.__globals__
    module = sys.modules.get(kind.__module__)
    return vars(module) if module else {"__name__": kind.__module__}


def class_source(kind: type) -> tuple[Text, ast.ClassDef] | None:
    """Find the text of a live class: the text that its methods and its plain attributes match."""
    names = names_around(kind)
    file = str(names.get("__file__") or _file_of_methods(kind) or "")
    for text in texts_of(file) if file else ():
        for node in reversed(text.classes(kind.__qualname__)):
            if _fits(node, kind, text):
                return text, node
    return None


def _file_of_methods(kind: type) -> str | None:
    for value in list(vars(kind).values()):
        if type(value) is types.FunctionType and value.__module__ == kind.__module__:
            return value.__code__.co_filename
    return None


def _fits(node: ast.ClassDef, kind: type, text: Text) -> bool:
    """Say whether a text matches the live class, as far as can be checked."""
    lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    for name, value in list(vars(kind).items()):
        function = function_of(value)
        if function is None or function.__name__ != name:
            continue
        code = function.__code__
        if code.co_filename == text.file and code.co_firstlineno in lines and text.find(code) is None:
            return False
    models = getattr(kind, "model_fields", None)
    fields = (
        {n: f.default for n, f in models.items() if hasattr(f, "default")} if isinstance(models, dict) else {}
    )
    return agrees(node.body, {**vars(kind), **fields})
