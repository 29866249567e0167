"""Tells which code objects a code digest covers: those whose definitions it holds."""

from __future__ import annotations

import inspect
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zencache.code.digest_graph import reachable
from zencache.code.reporting import original_code
from zencache.code.source import first_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zencache.code.closure import Reach
    from zencache.code.digest_graph import Node

_ENDLESS = 10**9


@dataclass(frozen=True)
class Covered:
    """The definitions of a digest: live code objects, and lines of modules that were only read.

    >>> Covered(lines={"/a.py": ((1, 4),)})(compile("x = 1", "/a.py", "exec"))
    True
    """

    codes: frozenset[tuple[str, int, str]] = frozenset()
    """Files, first lines and names of functions that were followed as objects, with those inside of them."""
    lines: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """File to the first and last lines of definitions that were followed in its text."""

    def __call__(self, code: types.CodeType) -> bool:
        """Say whether the digest holds the definition of a code object."""
        if _identity(code) in self.codes:
            return True
        return any(a <= code.co_firstlineno <= b for a, b in self.lines.get(code.co_filename, ()))

    @classmethod
    def of(cls, function: Any, root: Node, reaches: Iterable[Reach]) -> Covered:
        """Collect what a function reaches, and what it wraps."""
        nodes = {id(node): node for node in reachable(root)}
        own = (getattr(each, "__code__", None) for each in (function, inspect.unwrap(function)))
        codes = {_identity(c) for code in filter(None, own) for c in _with_inner(original_code(code))}
        lines: dict[str, list[tuple[int, int]]] = {}
        for reach in reaches:
            for value, node in reach.met():
                if id(node) in nodes and node.kind == "function" and isinstance(value, types.FunctionType):
                    codes.update(map(_identity, _with_inner(original_code(value.__code__))))
            for node, module, statements in reach.static.definitions():
                if id(node) in nodes:
                    spans = [(first_line(s), s.end_lineno or s.lineno) for s in statements]
                    lines.setdefault(module.file, []).extend(spans or [(0, _ENDLESS)])
        return cls(frozenset(codes), {file: tuple(spans) for file, spans in lines.items()})


def _identity(code: types.CodeType) -> tuple[str, int, str]:
    return code.co_filename, code.co_firstlineno, code.co_name


def _with_inner(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    constants: tuple[Any, ...] = code.co_consts
    for constant in constants:
        if isinstance(constant, types.CodeType):
            yield from _with_inner(constant)
