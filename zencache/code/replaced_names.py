"""Finds names of imported modules that got other values than the module's text binds, as by a patch."""

from __future__ import annotations

import ast
import sys
import types
from typing import TYPE_CHECKING, Any

from zencache.code.dynamic import absolute
from zencache.code.module_origin import origin_of_file
from zencache.code.source import agrees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zencache.code.module_texts import StaticModule
    from zencache.code.scopes import Imported
    from zencache.code.static_bindings import Binder

_MISSING = object()


def is_replaced(module: StaticModule, name: str, binders: Sequence[Binder]) -> bool:
    """Say whether a module is imported and a name in it has another value than its only binder gives.

    A definition with decorators, and a value that is computed, are taken as the text gives them.
    """
    live = sys.modules.get(module.name)
    value = vars(live).get(name, _MISSING) if isinstance(live, types.ModuleType) else _MISSING
    if value is _MISSING or len(binders) != 1 or getattr(live, "__file__", None) != module.file:
        return False
    match binders[0]:
        case (ast.FunctionDef(decorator_list=[]) | ast.AsyncFunctionDef(decorator_list=[]), (), True):
            return not _is_function_of(value, name, module.file)
        case (ast.ClassDef(decorator_list=[]), (), True):
            return not _is_class_of(value, name, module)
        case (ast.Assign() | ast.AnnAssign() as statement, (), True):
            is_other = not agrees([statement], {name: value}, any_type=True)
            return is_other or _is_changed_table(statement, value)
        case (ast.Import() | ast.ImportFrom(), (target,), True):
            return _is_not(value, target, module)
    return False


def _is_changed_table(statement: ast.Assign | ast.AnnAssign, value: Any) -> bool:
    """Say whether a table that the text spells out holds other entries now.

    An empty one is a place that the program fills: what fills it is followed in the texts.

    >>> statement = ast.parse("table = {'a': [1, 2]}").body[0]
    >>> _is_changed_table(statement, {"a": [1, 2]}), _is_changed_table(statement, {"a": [1, 3]})
    (False, True)
    """
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    display = statement.value
    if not isinstance(display, ast.Dict | ast.List | ast.Set) or not all(
        isinstance(target, ast.Name) for target in targets
    ):
        return False
    try:
        literal = ast.literal_eval(display)
    except (ValueError, TypeError, RecursionError):  # it holds more than literals
        return False
    return bool(literal) and not _is_same(value, literal)


def _is_same(value: Any, literal: Any) -> bool:
    if type(value) is not type(literal):
        return False
    if isinstance(literal, dict):
        return _is_same(list(value.items()), list(literal.items()))
    if isinstance(literal, list | tuple):
        return len(value) == len(literal) and all(map(_is_same, value, literal))
    return bool(value == literal)


def _is_function_of(value: Any, name: str, file: str) -> bool:
    is_function = isinstance(value, types.FunctionType)
    return is_function and (value.__code__.co_filename, value.__code__.co_name) == (file, name)


def _is_class_of(value: Any, name: str, module: StaticModule) -> bool:
    if not isinstance(value, type) or (value.__module__, value.__qualname__) != (module.name, name):
        return False
    files = {
        member.__code__.co_filename
        for member in vars(value).values()
        if isinstance(member, types.FunctionType)
    }
    return all(file == module.file or file.startswith("<") or _is_foreign(file) for file in files)


def _is_foreign(file: str) -> bool:
    return origin_of_file(file) != "project"


def _is_not(value: Any, target: Imported, module: StaticModule) -> bool:
    """Say whether a value is not the present one of the import that bound it."""
    source = sys.modules.get(absolute("." * target.level + target.module, module.package))
    if source is None:
        return False
    if target.attribute is None:
        return value is not source
    present = vars(source).get(target.attribute, _MISSING)
    return present is not _MISSING and present is not value
