"""Gives the lines of definitions in a text, so that an explanation can count those that changed."""

from __future__ import annotations

import ast
import difflib
import zlib
from typing import TYPE_CHECKING, Any

from zencache.code.import_conditions import run_at_import
from zencache.code.module_shapes import TOP, definitions
from zencache.code.scopes import Scope

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_DOCUMENTED = (*_FUNCTION, ast.ClassDef)


def lines_of_units(text: str, tree: ast.Module, names: Collection[str]) -> dict[str, list[int]]:
    r"""Give the checksums of the lines of code of units, by their names in `module_shapes`.

    Comments on lines of their own, docstrings and indentation do not count. Of a class and of `<module>`, the
    bodies of functions do not count.

    >>> text = "def f():\n    # one\n    return 1\nRATE = 2\n"
    >>> {name: len(lines) for name, lines in lines_of_units(text, ast.parse(text), ["f", "RATE"]).items()}
    {'f': 2, 'RATE': 1}
    """
    body = list(run_at_import(tree.body, ""))
    nodes: dict[str, list[Any]] = {TOP: list(body)}
    for name, node in definitions(body):
        nodes.setdefault(name, []).append(node)
    values = [name for name in names if name not in nodes]
    for statement in body if values else ():
        bound = Scope.of([statement]).bound
        for name in values:
            if name in bound:
                nodes.setdefault(name, []).append(statement)
    lines = [line.strip() for line in text.splitlines()]
    return {name: _checksums(lines, nodes[name]) for name in names if name in nodes}


def count_changed(before: Sequence[int], now: Sequence[int]) -> int:
    """Count the lines that differ: those that went or those that came, whichever are more.

    >>> count_changed([1, 2, 3], [1, 5, 6, 3])
    2
    """
    blocks = difflib.SequenceMatcher(None, before, now, autojunk=False).get_matching_blocks()
    same = sum(block.size for block in blocks)
    return max(len(before), len(now)) - same


def _checksums(lines: Sequence[str], nodes: Sequence[Any]) -> list[int]:
    numbers = {number for node in nodes for number in _lines(node)}
    if not all(isinstance(node, _FUNCTION) for node in nodes):
        numbers -= {number for node in nodes for number in _bodies(node)}
    numbers -= {number for node in nodes for number in _docstrings(node)}
    code = (lines[number - 1] for number in sorted(numbers) if number <= len(lines))
    return [zlib.crc32(line.encode("utf-8", "surrogatepass")) for line in code if line and line[0] != "#"]


def _lines(node: Any) -> range:
    decorators = [each.lineno for each in getattr(node, "decorator_list", ())]
    return range(min([node.lineno, *decorators]), (node.end_lineno or node.lineno) + 1)


def _bodies(node: ast.AST) -> Iterator[int]:
    """List the lines of the bodies of the functions in a node, which is no function."""
    for each in ast.walk(node):
        if isinstance(each, _FUNCTION):
            yield from range(each.body[0].lineno, (each.end_lineno or each.lineno) + 1)


def _docstrings(node: ast.AST) -> Iterator[int]:
    for each in ast.walk(node):
        if isinstance(each, _DOCUMENTED) and ast.get_docstring(each, clean=False) is not None:
            yield from _lines(each.body[0])
