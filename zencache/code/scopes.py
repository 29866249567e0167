"""Determines which names of a piece of code are local, and which come from outside."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Defining = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True)
class Imported:
    """The target of a local import: a module, or an attribute of it."""

    module: str
    level: int = 0
    """The dots of a relative import."""
    attribute: str | None = None


@dataclass
class Scope:
    """The names that a function, a lambda, a comprehension or a class body binds."""

    bound: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)
    """Declared `global`."""
    imports: dict[str, list[Imported]] = field(default_factory=dict)
    is_class: bool = False

    @classmethod
    def of(cls, nodes: Sequence[ast.AST], *, is_class: bool = False) -> Scope:
        """Collect the names that statements (or the targets of a comprehension) bind."""
        scope = cls(is_class=is_class)
        enclosing: set[str] = set()
        for node in own_nodes(nodes):
            scope.bound.update(_bound_by(node))
            if isinstance(node, ast.Global):
                scope.outside.update(node.names)
            elif isinstance(node, ast.Nonlocal):
                enclosing.update(node.names)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                scope._import(node)
        scope.bound -= scope.outside | enclosing
        return scope

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, target in imported(node):
            self.imports.setdefault(name, []).append(target)


@dataclass(frozen=True)
class Scopes:
    """The scopes around a place, innermost last."""

    inner: tuple[Scope, ...] = ()

    def within(self, scope: Scope) -> Scopes:
        """Enter a scope."""
        return Scopes((*self.inner, scope))

    def binding(self, name: str) -> Scope | None:
        """Find the scope that binds a name here; None if it comes from outside."""
        for depth, scope in enumerate(reversed(self.inner)):
            if scope.is_class and depth > 0:  # a class's names are not seen in its methods
                continue
            if name in scope.outside:
                return None
            if name in scope.bound:
                return scope
        return None


def arguments_scope(arguments: ast.arguments) -> Scope:
    """Give the scope that holds a function's arguments."""
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    extra = (arguments.vararg, arguments.kwarg)
    return Scope({argument.arg for argument in (*every, *filter(None, extra))})


def function_scope(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Scope:
    """Give the scope of a function: its arguments and what its body binds."""
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    scope = Scope.of(body)
    scope.bound |= arguments_scope(node.args).bound | {p.name for p in getattr(node, "type_params", ())}
    return scope


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Imported]]:
    """List the names that an import binds, and to what."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, Imported(node.module or "", node.level, alias.name)
        elif alias.asname:
            yield alias.asname, Imported(alias.name)
        else:
            top = alias.name.partition(".")[0]
            yield top, Imported(top)


def _bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, Defining):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (name for name, _ in imported(node))
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest


def own_nodes(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Walk nodes without entering other scopes, except for names bound here (`:=` in a comprehension)."""
    for node in nodes:
        yield node
        if isinstance(node, Defining | ast.Lambda):
            continue
        if isinstance(node, Comprehension):
            yield from _assigned_inside(node)
        else:
            yield from own_nodes(list(ast.iter_child_nodes(node)))


def _assigned_inside(node: ast.AST) -> Iterator[ast.AST]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.NamedExpr):
            yield inner.target
