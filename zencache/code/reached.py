"""Says which code a step reaches, so that reads by that code belong to the step."""

from __future__ import annotations

import os
import sys
import types
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zencache.code.digest_graph import reachable
from zencache.code.retention import LiveKeepers, keeping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from zencache.code.digest_graph import Node, Statements


@dataclass(frozen=True)
class Reached:
    """The functions that a step reaches, and the statements of modules that it follows in their text."""

    codes: frozenset[int] = frozenset()
    """The ids of the code of live functions, and of functions in them."""
    statements: tuple[Statements, ...] = ()
    objects: tuple[Any, ...] = ()
    """The live objects that its code was followed through."""

    @classmethod
    def of(cls, root: Node, followed: Iterable[tuple[Any, Node]]) -> Reached:
        """Collect them from the graph of a step's code; `followed` are live objects with their nodes."""
        nodes = list(reachable(root))
        ids = {id(node) for node in nodes}
        codes = (code for node in nodes if node.runs is not None for code in _with_inner(node.runs))
        return cls(
            frozenset(map(id, codes)),
            tuple(node.written for node in nodes if node.written is not None),
            tuple(value for value, node in followed if id(node) in ids),
        )

    def reader(
        self,
        frames: Sequence[tuple[types.CodeType, int]],
        is_outdated: Callable[[str], bool],
        ran: frozenset[int] = frozenset(),
    ) -> tuple[str, str] | None:
        """Give the file and the function ("" for a module) that read for this step in some frames, or None.

        `is_outdated` says whether the module of a file was executed again since; `ran` are the ids of code
        that ran in the step without being reached.
        """
        for code, line in reversed(frames):  # the import of a module says most to the user
            if line and self._has_statement(code.co_filename, line) and not is_outdated(code.co_filename):
                return code.co_filename, ""
        for code, line in frames:
            is_used = not line and (id(code) in ran or self._reaches(code, is_outdated))
            if is_used and self._keeps(code):
                return code.co_filename, code.co_name
        return None

    def _reaches(self, code: types.CodeType, is_outdated: Callable[[str], bool]) -> bool:
        if id(code) in self.codes:
            return True
        file, line = code.co_filename, code.co_firstlineno
        return self._has_statement(file, line, is_run=True) and not is_outdated(file)

    def _has_statement(self, file: str, line: int, *, is_run: bool = False) -> bool:
        return any(
            first <= line <= last
            for statements in self._by_file.get(os.path.normpath(file), ())
            if is_run or not statements.is_held
            for first, last in statements.lines
        )

    @cached_property
    def _by_file(self) -> dict[str, list[Statements]]:
        by_file: dict[str, list[Statements]] = {}
        for each in self.statements:
            by_file.setdefault(os.path.normpath(each.file), []).append(each)
        return by_file

    def _keeps(self, code: types.CodeType) -> bool:
        way = keeping(code)
        if way.outside or way.default or id(code) in self._live.cached:
            return True
        if way.parts & self._live.shared.get(id(code), set()):
            return True
        return way.instance and id(code) in self._live.methods

    @cached_property
    def _live(self) -> LiveKeepers:
        return LiveKeepers.of([*self.objects, *self._late_objects()])

    def _late_objects(self) -> Iterator[Any]:
        """Give the objects of names that were followed in texts, if their modules are imported by now."""
        for each in self.statements:
            names = vars(sys.modules[each.module]) if each.module in sys.modules else {}
            if each.name in names:
                yield names[each.name]


def _with_inner(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _with_inner(constant)
