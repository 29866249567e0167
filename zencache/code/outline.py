"""Parses a source text without the bodies of its functions, which are parsed where they are asked for.

Each long body is replaced by spaces and one character where it ends, so that all other nodes of the tree keep
their positions. What that gives is compared with the whole tree once, when the outline of a text is made.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Span = tuple[int, int, int, int]
"""The line of a function's `def`, the first line of its body, and the line and the column of its end."""
_SHORTEST = 3  # lines of a body that is worth it
_POSITIONS = ("lineno", "col_offset", "end_lineno", "end_col_offset")
_UNUSUAL = "\r\f\0"  # Python splits lines at these, or refuses them


class _Lines:
    """The lines of a text in UTF-8, in which columns count."""

    def __init__(self, text: str) -> None:
        self.lines = text.encode().split(b"\n")

    def function(self, first: int, last: int) -> ast.FunctionDef | ast.AsyncFunctionDef:
        """Parse the lines of one function, at their place."""
        lines = self.lines[first - 1 : last]
        if lines[0][:1] in (b" ", b"\t"):
            tree = ast.parse("\n" * (first - 2) + "if 1:\n" + b"\n".join(lines).decode())
            block: Any = tree.body[0]
            function = block.body[0]
        else:
            function = ast.parse("\n" * (first - 1) + b"\n".join(lines).decode()).body[0]
        assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        return function

    def without(self, spans: Sequence[Span]) -> str:
        """Give the text without some bodies."""
        lines = list(self.lines)
        for _, first, last, column in spans:
            lines[first - 1 : last] = [b""] * (last - first) + [b" " * (column - 1) + b"0"]
        return b"\n".join(lines).decode()


class _LateBody:
    """Parses the body of a function when it is asked for."""

    __slots__ = ()

    @property
    def body(self) -> list[ast.stmt]:
        """The statements of the body."""
        values = vars(self)
        if "_body" not in values:
            lines, first, last = values["_place"]
            values["_body"] = lines.function(first, last).body
        body: list[ast.stmt] = values["_body"]
        return body

    @body.setter
    def body(self, body: list[ast.stmt]) -> None:
        vars(self)["_body"] = body


# With the names of the classes that they stand for: a shape of code has the names of its nodes' classes.
_LATE: dict[type[ast.AST], Any] = {
    kind: type(kind.__name__, (_LateBody, kind), {"__slots__": (), "__module__": __name__})
    for kind in (ast.FunctionDef, ast.AsyncFunctionDef)
}


def outline_of(text: str, tree: ast.Module) -> list[Span]:
    """Give the bodies that can be parsed later; none if the rest of the text would be read in another way."""
    if any(each in text for each in _UNUSUAL):
        return []
    lines = _Lines(text)
    spans = [span for node in _functions(tree.body) if (span := _span(node, lines)) is not None]
    if not spans:
        return []
    try:
        return spans if _is_same(tree, _parsed(lines, spans)) else []
    except (SyntaxError, ValueError, RecursionError):
        return []


def parsed(text: str, spans: Sequence[Sequence[int]]) -> ast.Module:
    r"""Parse a text by its outline.

    >>> text = "def f(x):\n    y = x\n    z = y\n    return z\n\nA = 1\n"
    >>> tree = parsed(text, outline_of(text, ast.parse(text)))
    >>> ast.dump(tree, include_attributes=True) == ast.dump(ast.parse(text), include_attributes=True)
    True
    """
    return _parsed(_Lines(text), [(first, body, last, column) for first, body, last, column in spans])


def _parsed(lines: _Lines, spans: Sequence[Span]) -> ast.Module:
    tree = ast.parse(lines.without(spans))
    last_lines = {first: last for first, _, last, _ in spans}
    for block in _blocks(tree.body):
        for number, node in enumerate(block):
            last = last_lines.get(node.lineno) if type(node) in _LATE else None
            if last is not None:
                block[number] = _late(node, (lines, node.lineno, last))
    return tree


def _late(node: ast.stmt, place: tuple[_Lines, int, int]) -> Any:
    late = _LATE[type(node)](**vars(node))
    values = vars(late)
    del values["_body"]
    values["_place"] = place
    return late


def _functions(body: list[ast.stmt]) -> Iterator[Any]:
    return (node for block in _blocks(body) for node in block if type(node) in _LATE)


def _blocks(body: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """List the blocks of statements outside of functions."""
    pending = [body]
    while pending:
        block = pending.pop()
        yield block
        for node in block:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for name in ("body", "orelse", "finalbody"):
                inner = getattr(node, name, None)
                pending += [inner] if isinstance(inner, list) else []
            pending += [each.body for each in (*getattr(node, "handlers", ()), *getattr(node, "cases", ()))]


def _span(node: Any, lines: _Lines) -> Span | None:
    """Give the place of a function's body, if it is long, and its first line has nothing else."""
    begin, end = node.body[0], node.body[-1]
    decorators = [each.lineno for each in getattr(begin, "decorator_list", ())]
    first, last = min([begin.lineno, *decorators]), end.end_lineno
    is_alone = not lines.lines[first - 1][: begin.col_offset].strip() or bool(decorators)
    if not is_alone or last - first + 1 < _SHORTEST or first <= node.lineno:
        return None
    return node.lineno, first, last, end.end_col_offset


def _is_same(one: Any, outlined: Any) -> bool:
    """Compare two trees with all positions, without the bodies that are parsed later."""
    if isinstance(one, list):
        return isinstance(outlined, list) and len(one) == len(outlined) and all(map(_is_same, one, outlined))
    if not isinstance(one, ast.AST):
        return type(one) is type(outlined) and repr(one) == repr(outlined)
    is_late = isinstance(outlined, _LateBody)
    if type(outlined) is not (_LATE[type(one)] if is_late else type(one)):
        return False
    fields = (name for name in one._fields if not (is_late and name == "body"))
    names = [*fields, *(name for name in _POSITIONS if hasattr(one, name))]
    return all(_is_same(getattr(one, name, None), getattr(outlined, name, None)) for name in names)
