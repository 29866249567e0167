"""Decides whether a definition may register itself: by a decorator, a base class or a metaclass.

A decorator of the project counts as a registration unless its text proves that it changes no other object.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from zencache.code.ast_shape import Chain, dotted_names, shared_part
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
        self._harmless: dict[int, Node] = {}
        self._silent: dict[int, ast.ClassDef] = {}
        """Classes whose definition and whose subclasses' run no code of the user."""

    def has_effect(self, statement: ast.stmt, module: StaticModule) -> bool:
        """Say whether a statement may change what other statements bind."""
        if isinstance(statement, ast.ClassDef) and self._makes_known(statement, module):
            return True
        if isinstance(statement, FunctionDef | ast.ClassDef):
            return any(self._changes_others(decorator, module) for decorator in statement.decorator_list)
        return may_have_side_effects(statement) and not self._is_quiet(statement, module)

    def _is_quiet(self, statement: ast.stmt, module: StaticModule) -> bool:
        """Say whether a statement only sets up logs by constants, or what happens when the process ends."""
        call = statement.value if isinstance(statement, ast.Expr) else None
        while isinstance(call, ast.Call):
            names = dotted_names(call.func)
            if names is not None:
                node, rest = self._resolve(Chain(names[0], tuple(names[1:])), module)
                dotted = ".".join([node.outside, *rest]) if node.kind == "library" else ""
                return dotted == "atexit.register" or (dotted.startswith("logging.") and _has_constants(call))
            if not isinstance(call.func, ast.Attribute) or not _has_constants(call):
                return False
            call = call.func.value
        return False

    def _makes_known(self, statement: ast.ClassDef, module: StaticModule) -> bool:
        """Say whether defining a class runs the user's code: a base's `__init_subclass__`, a metaclass."""
        pending, seen = [(module, statement)], {id(statement): statement}
        while pending:
            home, kind = pending.pop()
            used = self._used_by(kind, home)
            bases = [(where, each) for where, each in used if isinstance(each, ast.ClassDef)]
            if (kind.keywords and used) or any(runs_code_on_subclassing(base) for _, base in bases):
                return True
            pending += [each for each in bases if id(each[1]) not in seen and id(each[1]) not in self._silent]
            seen |= {id(base): base for _, base in bases}
        self._silent |= seen
        return False

    def _used_by(self, kind: ast.ClassDef, module: StaticModule) -> list[tuple[StaticModule, ast.stmt]]:
        """List the statements that define a class's bases and the arguments beside them."""
        used = [*kind.bases, *(keyword.value for keyword in kind.keywords)]
        chains = [chain for expression in used for chain in shared_part(expression).chains]
        definitions = [self._defined(self._resolve(chain, module)[0]) for chain in chains]
        return [(each[0], statement) for each in definitions if each for statement in each[1]]

    def _changes_others(self, decorator: ast.expr, module: StaticModule) -> bool:
        """Say whether a decorator may have side effects, such as a registration."""
        chain = next(iter(shared_part(decorator).chains), None)
        if chain is None or not (chain.root in module.bound or module.stars):
            return False
        return not self._is_harmless(self._resolve(chain, module)[0])

    def _is_harmless(self, node: Node) -> bool:
        """Say whether a call changes only its arguments and objects that it creates; what it calls, too."""
        pending, seen = [node], {id(node): node}
        while pending:
            node = pending.pop()
            inner = [] if id(node) in self._harmless else self._called_by(node)
            if inner is None:
                return False
            pending += [each for each in inner if id(each) not in seen]
            seen |= {id(each): each for each in inner}
        self._harmless |= {key: each for key, each in seen.items() if each.kind != "library"}
        return True

    def _called_by(self, node: Node) -> list[Node] | None:
        """List what a call calls in turn; None if it may change other objects by itself."""
        if node.kind == "library":
            return []
        if node.kind == "binding":
            return node.refs
        module, statements = self._defined(node) or (None, [])
        if module is None or not all(isinstance(each, FunctionDef) for each in statements):
            return None
        part = module.text.memory.part(statements)
        if calls_mutating_method(part) or any(map(mutates_outside_object, statements)):
            return None
        return [self._resolve(part.chains[number], module)[0] for number in part.calls]


def _has_constants(call: ast.Call) -> bool:
    """Say whether all arguments are constants, or attributes of modules such as `logging.INFO`."""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    return all(isinstance(each, ast.Constant) or _is_capital(each) for each in arguments)


def _is_capital(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr.isupper() and isinstance(node.value, ast.Name)
