"""Detects the side effects of an import: statements that may change what other statements bind."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zencache.code.ast_shape import Part

FunctionDef = ast.FunctionDef | ast.AsyncFunctionDef


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
    nodes = list(ast.walk(node))
    if any(isinstance(each, ast.Global | ast.Delete) for each in nodes):
        return True
    own = set(_own_names(nodes))
    kinds = (ast.Subscript, ast.Attribute)
    stores = (each for each in nodes if isinstance(each, kinds) and isinstance(each.ctx, ast.Store))
    return any(_root(store) not in own for store in stores)


def runs_code_on_subclassing(node: ast.ClassDef) -> bool:
    """Say whether a class runs code when a subclass is defined."""
    return any(isinstance(each, FunctionDef) and each.name == "__init_subclass__" for each in node.body)


def calls_mutating_method(part: Part) -> bool:
    """Say whether code calls a method that changes a container from outside."""
    return any(chain.changed for chain in part.chains)


def _own_names(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, FunctionDef | ast.ClassDef):
            yield node.name


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
