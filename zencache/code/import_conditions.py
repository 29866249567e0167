"""Decides which top-level statements of a module run when it is imported: not those of scripts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TYPING = frozenset({"typing", "typing_extensions", "t", "tp"})


def run_at_import(statements: Sequence[ast.stmt], module: str) -> Iterator[ast.stmt]:
    r"""List the statements that run at the import of a module; a decided `if` stands for its branch.

    >>> tree = ast.parse("if __name__ != '__main__':\n    a = 1\nif __name__ == '__main__':\n    b = 1")
    >>> [ast.unparse(statement) for statement in run_at_import(tree.body, "prep")]
    ['a = 1']
    """
    for statement in statements:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        truth = None
        if isinstance(statement, ast.If) and not isinstance(statement.test, ast.Constant):
            truth = _truth(statement.test, module)
        if truth is None or not isinstance(statement, ast.If):
            yield statement
        else:
            yield from run_at_import(statement.body if truth else statement.orelse, module)


def _truth(test: ast.expr, module: str) -> bool | None:  # noqa: PLR0911 - one line a kind
    """Say what a test gives at the import of a module; None if its text does not tell."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Name(id="TYPE_CHECKING"):
            return False
        case ast.Attribute(value=ast.Name(id=name), attr="TYPE_CHECKING") if name in _TYPING:
            return False
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _truth(operand, module)
            return None if inner is None else not inner
        case ast.BoolOp(op=operator, values=values):
            return _combined([_truth(value, module) for value in values], isinstance(operator, ast.Or))
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return _compared(left, operator, right, module)
    return None


def _combined(truths: list[bool | None], decisive: bool) -> bool | None:
    """Combine the operands of `or` (true is decisive) or of `and` (false is)."""
    if decisive in truths:
        return decisive
    return None if None in truths else not decisive


def _compared(left: ast.expr, operator: ast.cmpop, right: ast.expr, module: str) -> bool | None:
    """Compare the module's name with texts, of which one is `__main__`."""
    if not isinstance(left, ast.Name):
        left, right = (right, left) if isinstance(operator, ast.Eq | ast.NotEq) else (left, right)
    if not (isinstance(left, ast.Name) and left.id == "__name__"):
        return None
    texts = _texts(right)
    if "__main__" not in texts:
        return None
    is_collection = isinstance(operator, ast.In | ast.NotIn) and not isinstance(right, ast.Constant)
    is_text = isinstance(operator, ast.Eq | ast.NotEq) and isinstance(right, ast.Constant)
    if not is_collection and not is_text:
        return None
    return (module in texts) == isinstance(operator, ast.Eq | ast.In)


def _texts(node: ast.expr) -> list[str]:
    elements = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    texts = [each.value for each in elements if isinstance(each, ast.Constant)]
    return [text for text in texts if isinstance(text, str)] if len(texts) == len(elements) else []
