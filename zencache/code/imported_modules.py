"""Tells which modules of the project the import of a module imports, by their texts.

An import inside a function counts if the function was called while modules were imported.
"""

from __future__ import annotations

import ast
import re
import sys
import types
from typing import TYPE_CHECKING

from zencache.code.dynamic import absolute
from zencache.code.import_conditions import run_at_import
from zencache.code.module_origin import origin_of_module
from zencache.code.module_texts import with_parents
from zencache.code.scopes import own_nodes
from zencache.code.source import Text, find_function, texts_of
from zencache.code.step_effects import is_late
from zencache.util.imports import own_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

AS_IMPORTED = ""
"""Stands for a module's name: what only a script runs registers nothing where the module is imported."""
_IMPORT = re.compile(
    r"^(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(?:\(([^)]*)\)|([\w \t,.*]*))|import[ \t]+([\w \t,.]+))",
    re.MULTILINE,
)
_INNER_IMPORT = re.compile(r"(?:^[ \t]+|[:;][ \t]*)(?:from|import)\b", re.MULTILINE)


def imported_with(
    modules: dict[str, types.ModuleType], root: types.ModuleType
) -> dict[str, types.ModuleType]:
    """Give modules with those that they import at their top level, directly or not."""
    followed = dict(modules)
    pending = list(modules.values())
    while pending:
        module = pending.pop()
        more = modules_of(_imported(module), followed, root)
        followed |= more
        pending += more.values()
    return followed


def modules_of(
    names: Iterable[str], without: dict[str, types.ModuleType], root: types.ModuleType
) -> dict[str, types.ModuleType]:
    """Give the project's imported modules of some names.

    A module that only a step imported is followed from the step's text, as in a fresh process; but not if the
    step imported the module that all starts from.
    """
    modules: dict[str, types.ModuleType] = {}
    is_all_late = _is_late(root)
    for name in names:
        module = sys.modules.get(name)
        if name in without or module is None or not issubclass(type(module), types.ModuleType):
            continue
        if origin_of_module(name) == "project" and (is_all_late or not _is_late(module)):
            modules[name] = module
    return modules


def calls_at_import(module: types.ModuleType) -> list[ast.expr]:
    """List what the top-level statements of a module call, decorators included."""
    text = last_text(module)
    statements = run_at_import(text.tree.body if text and text.tree else [], AS_IMPORTED)
    nodes = list(own_nodes(list(statements)))
    decorators = [each for node in nodes for each in getattr(node, "decorator_list", ())]
    calls = [node for node in (*nodes, *decorators) if isinstance(node, ast.Call)]
    return [*(call.func for call in calls), *(each for each in decorators if not isinstance(each, ast.Call))]


def imports_in_functions(modules: Iterable[types.ModuleType]) -> list[str]:
    """List what modules import anywhere."""
    texts = [(module, last_text(module)) for module in modules]
    inner = [(m, t) for m, t in texts if t is not None and _imports_inside(t)]
    return [
        name for module, text in inner for name in _names(_imports_anywhere(text), _package_of(vars(module)))
    ]


def imports_of(function: types.FunctionType) -> list[str]:
    """List what a function imports, with what is inside of it."""
    source = find_function(function.__code__)
    return list(_names(_imports(ast.walk(source[1])), _package_of(function.__globals__))) if source else []


def _imports_anywhere(text: Text) -> list[tuple[str, list[str]]]:
    return text.memory.value("imports anywhere", lambda: _imports(ast.walk(text.tree)) if text.tree else [])


def _imports_inside(text: Text) -> bool:
    """Say whether a text has imports that are not at its margin."""
    return text.memory.value("imports inside", lambda: bool(_INNER_IMPORT.search(text.text)))


def _is_late(module: types.ModuleType) -> bool:
    return is_late(str(module.__dict__.get("__file__")))


def _package_of(names: dict[str, object]) -> str:
    return str(names.get("__package__") or str(names.get("__name__")).rpartition(".")[0])


def _imported(module: types.ModuleType) -> Iterator[str]:
    text = last_text(module)
    yield from _names(_imports_in(text), _package_of(vars(module))) if text else ()


def _names(imports: Sequence[tuple[str, list[str]]], package: str) -> Iterator[str]:
    """List the modules that imports may import; names of attributes are among them."""
    for source, attributes in imports:
        base = absolute(source, package) if source else ""
        names = [f"{base}.{each}" if base else own_name(each) for each in attributes]
        for name in [base, *names] if base else names:
            yield from with_parents(name)


def _imports_in(text: Text) -> list[tuple[str, list[str]]]:
    return text.memory.value("imports", lambda: _imports_at_top(text))


def _imports_at_top(text: Text) -> list[tuple[str, list[str]]]:
    """List the imports of a module's own scope: a source, and what is imported from it.

    A text with imports at its margin alone is not parsed; what only looks like one names no imported module.
    """
    if not _imports_inside(text):
        matches = _IMPORT.finditer(text.text)
        return [
            (match[1] or "", _without_aliases(match[2] or match[3] or match[4] or "")) for match in matches
        ]
    return _imports(own_nodes(list(run_at_import(text.tree.body if text.tree else [], AS_IMPORTED))))


def _imports(nodes: Iterable[ast.AST]) -> list[tuple[str, list[str]]]:
    return [
        ("." * node.level + (node.module or ""), [alias.name for alias in node.names])
        if isinstance(node, ast.ImportFrom)
        else ("", [alias.name for alias in node.names])
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def _without_aliases(names: str) -> list[str]:
    return [name.split(" as ")[0].strip() for name in names.split(",")]


def last_text(module: types.ModuleType) -> Text | None:
    """Give the last text of a module's file that was read."""
    file = module.__dict__.get("__file__")
    texts = texts_of(file) if isinstance(file, str) and file.endswith(".py") else []
    return texts[-1] if texts else None
