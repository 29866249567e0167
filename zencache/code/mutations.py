"""Detects statements that only change an object: `calls.append(1)`, `count["n"] += 1`.

The earlier content of the object then does not count, unless other code reads it.
"""

from __future__ import annotations

import ast

# Methods that change containers and streams, and whose value does not depend on the earlier content.
_METHODS = frozenset(
    {
        "append",
        "appendleft",
        "add",
        "extend",
        "extendleft",
        "update",
        "insert",
        "discard",
        "clear",
        "put",
        "write",
    }
)
_ELSEWHERE = (
    *(ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def changed_by(node: ast.stmt) -> dict[int, str]:
    """Give the names (by the ids of their nodes) that a statement only changes, and how.

    >>> statement = ast.parse('count["n"] = count.get("n", 0) + 1').body[0]
    >>> sorted(changed_by(statement).values())
    ['item', 'item']
    >>> changed_by(ast.parse('count["n"] = work(count)').body[0]).values()
    dict_values(['item'])
    """
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=value, attr=name))) if name in _METHODS:
            return _base(value, "method")
        case ast.AugAssign(target=target):
            return _target(target)
        case ast.Assign(targets=[target], value=value):
            changed = _target(target)
            return changed | (
                _reads_of_itself(target, value) if changed or isinstance(target, ast.Name) else {}
            )
    return {}


def _target(target: ast.expr) -> dict[int, str]:
    if isinstance(target, ast.Subscript | ast.Attribute):
        return _base(target.value, "item" if isinstance(target, ast.Subscript) else "attribute")
    return {}


def _base(node: ast.expr, how: str) -> dict[int, str]:
    name = _name(node)
    return {id(name): how} if name is not None else {}


def _name(node: ast.expr) -> ast.Name | None:
    """Give the name that a chain of attributes starts from."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node if isinstance(node, ast.Name) else None


def _reads_of_itself(target: ast.expr, value: ast.expr) -> dict[int, str]:
    """Find the reads of a target in the value that is assigned to it, if they affect only that value."""
    base = target.value if isinstance(target, ast.Subscript | ast.Attribute) else target
    if not isinstance(base, ast.Name):
        return {}
    nodes = list(ast.walk(value))
    if any(isinstance(node, _ELSEWHERE) for node in nodes) or not all(_is_get(n, base.id) for n in nodes):
        return {}
    how = "item" if isinstance(target, ast.Subscript) else "name"
    return {id(node): how for each in nodes for node in _read_of(each, target, base.id)}


def _is_get(node: ast.AST, name: str) -> bool:
    """Say whether a node is not a call, or is a call of the target's own `get`."""
    if not isinstance(node, ast.Call):
        return True
    match node.func:
        case ast.Attribute(value=ast.Name(id=called), attr="get"):
            return called == name
    return False


def _read_of(node: ast.AST, target: ast.expr, name: str) -> list[ast.Name]:
    """Give the name in a read of what is assigned to: of another entry, `C["a"] = C["b"]`, there is none."""
    match node, target:
        case ast.Name(id=read), ast.Name() if read == name:
            return [node]
        case ast.Subscript(value=ast.Name(id=read) as base, slice=key), ast.Subscript(slice=own):
            return [base] if read == name and ast.dump(key) == ast.dump(own) else []
        case ast.Call(func=ast.Attribute(value=ast.Name() as base), args=[key, *_]), ast.Subscript(slice=own):
            return [base] if ast.dump(key) == ast.dump(own) else []
        case ast.Attribute(value=ast.Name(id=read) as base, attr=key), ast.Attribute(attr=own):
            return [base] if read == name and key == own else []
    return []
