"""Detects the side effects of an import: statements that may change what other statements bind."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from zencache.code.ast_shape import Part

FunctionDef = ast.FunctionDef | ast.AsyncFunctionDef
_SETS_LIBRARY = re.compile(
    r"^(un)?register|_register$|_register_|^add_|^set_|^set(err|locale|trace|profile|recursionlimit)|^seed$"
    r"|^install|subscribe|hook|^listens_for$|^(filterwarnings|simplefilter)$|^(basic|dict|file)Config$"
    r"|^(enable|disable)_|^insort|^heap(push|ify)|^shuffle$|^copyto$|^put(mask)?$"
)


def may_have_side_effects(statement: ast.stmt) -> bool:
    """Say whether a statement without a definition may have side effects: a call, a loop, an item set."""
    if isinstance(statement, ast.Assign):
        return not all(isinstance(target, ast.Name) for target in statement.targets)
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    return not isinstance(statement, ast.AnnAssign | ast.Import | ast.ImportFrom | ast.Pass)


def mutates_outside_object(node: ast.AST) -> bool:
    r"""Say whether a function changes an object that it neither created nor received as an argument.

    >>> mutates_outside_object(ast.parse("def known(f):\n    ALL[f.__name__] = f\n    return f").body[0])
    True
    >>> mutates_outside_object(ast.parse("def tagged(f):\n    f.tag = 1\n    return f").body[0])
    False
    """
    deletes = any(isinstance(each, ast.Delete) for each in ast.walk(node))
    return deletes or changes_outside_object(node, local_names(node))


def changes_outside_object(node: ast.AST, own: Collection[str]) -> bool:
    """Say whether code binds a global, or sets an item or an attribute of another object than `own` names."""
    stores = (each for each in ast.walk(node) if isinstance(each, ast.Subscript | ast.Attribute))
    return any(isinstance(each, ast.Global) for each in ast.walk(node)) or any(
        root_of(store) not in own for store in stores if not isinstance(store.ctx, ast.Load)
    )


def sets_library(name: str) -> bool:
    """Say whether a function of a library changes its state, by the function's name.

    >>> sets_library("register_adapter"), sets_library("set"), sets_library("dumps")
    (True, False, False)
    """
    return bool(_SETS_LIBRARY.search(name))


def runs_code_on_subclassing(node: ast.ClassDef) -> bool:
    """Say whether a class runs code when a subclass is defined."""
    return any(isinstance(each, FunctionDef) and each.name == "__init_subclass__" for each in node.body)


def calls_mutating_method(part: Part) -> bool:
    """Say whether code calls a method that changes a container from outside."""
    return any(chain.changed for chain in part.chains)


def local_names(function: ast.AST) -> set[str]:
    """List the names of a function's arguments, and those that it or a function in it binds."""
    return set(_own_names(function))


def _own_names(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, FunctionDef | ast.ClassDef):
            yield node.name


def root_of(node: ast.expr) -> str | None:
    """Give the name that a chain of attributes and items starts from; None for another expression."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
