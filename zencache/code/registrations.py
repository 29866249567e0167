"""Decides whether a definition may register itself: by a decorator, a base class or a metaclass.

A decorator of the project counts as a registration unless its text proves that it changes no other object.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from zencache.code.ast_shape import Chain, shared_part
from zencache.code.import_side_effects import (
    FunctionDef,
    calls_mutating_method,
    may_have_side_effects,
    mutates_outside_object,
    runs_code_on_subclassing,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from zencache.code.digest_graph import Node
    from zencache.code.module_texts import StaticModule


class Registrations:
    """Decides it for top-level statements.

    `resolve` finds the object of a name in a module, and `defined` the statements of a definition's node.
    """

    def __init__(
        self,
        resolve: Callable[[Chain, StaticModule], tuple[Node, tuple[str, ...]]],
        defined: Callable[[Node], tuple[StaticModule, list[ast.stmt]] | None],
    ) -> None:
        self._resolve = resolve
        self._defined = defined
        self._harmless: dict[int, bool] = {}

    def has_effect(self, statement: ast.stmt, module: StaticModule) -> bool:
        """Say whether a statement may change what other statements bind."""
        if isinstance(statement, ast.ClassDef) and self._makes_known(statement, module):
            return True
        if isinstance(statement, FunctionDef | ast.ClassDef):
            return any(self._changes_others(decorator, module) for decorator in statement.decorator_list)
        return may_have_side_effects(statement)

    def _makes_known(self, statement: ast.ClassDef, module: StaticModule) -> bool:
        """Say whether defining a class runs the user's code: a base's `__init_subclass__`, a metaclass."""
        used = [*statement.bases, *(keyword.value for keyword in statement.keywords)]
        chains = [chain for expression in used for chain in shared_part(expression).chains]
        definitions = [self._defined(self._resolve(chain, module)[0]) for chain in chains]
        if statement.keywords and any(definitions):
            return True
        defined = [
            (each[0], s) for each in definitions if each for s in each[1] if isinstance(s, ast.ClassDef)
        ]
        return any(runs_code_on_subclassing(base) or self._makes_known(base, home) for home, base in defined)

    def _changes_others(self, decorator: ast.expr, module: StaticModule) -> bool:
        """Say whether a decorator may have side effects, such as a registration."""
        chain = next(iter(shared_part(decorator).chains), None)
        if chain is None or not (chain.root in module.bound or module.stars):
            return False
        return not self._is_harmless(self._resolve(chain, module)[0])

    def _is_harmless(self, node: Node) -> bool:
        """Say whether a call changes only its arguments and objects that it creates."""
        if node.kind == "library":
            return True
        if node.kind == "binding":
            return all(self._is_harmless(ref) for ref in node.refs)
        if self._defined(node) is None:
            return False
        if id(node) not in self._harmless:
            self._harmless[id(node)] = True  # assumed until disproved; functions may call each other
            self._harmless[id(node)] = self._keeps_to_itself(node)
        return self._harmless[id(node)]

    def _keeps_to_itself(self, node: Node) -> bool:
        module, statements = self._defined(node) or (None, [])
        if module is None or not all(isinstance(each, FunctionDef) for each in statements):
            return False
        part = shared_part(*statements)
        if calls_mutating_method(part) or any(map(mutates_outside_object, statements)):
            return False
        called = [self._resolve(part.chains[number], module) for number in part.calls]
        return all(self._is_harmless(callee) for callee, _ in called)
