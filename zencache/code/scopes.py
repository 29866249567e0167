"""Determines which names of a piece of code are local, and which come from outside."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Defining = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
# Tuples, because a walk asks for the kind of every node, and a union is slower.
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_INNER_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_IMPORTS = (ast.Import, ast.ImportFrom)
_BINDERS = (*_INNER_SCOPES[:3], *_IMPORTS, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping)
_READS_LOCALS = frozenset({"locals", "vars", "eval", "exec", "dir"})


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
    enclosing: set[str] = field(default_factory=set)
    """Declared `nonlocal`."""
    imports: dict[str, list[Imported]] = field(default_factory=dict)
    is_class: bool = False
    unbound: set[str] = field(default_factory=set)
    """In a class body: names that may not be bound yet where it is read, so that a global may be meant."""
    reads_locals: bool = False
    """Whether its code may read names that it does not spell, as by `locals()`."""

    @classmethod
    def of(cls, nodes: Sequence[ast.AST], *, is_class: bool = False) -> Scope:
        """Collect the names that statements (or the targets of a comprehension) bind."""
        scope = cls(is_class=is_class)
        for node in own_nodes(nodes):
            if isinstance(node, ast.Name):  # most nodes are names
                if not isinstance(node.ctx, ast.Load):
                    scope.bound.add(node.id)
                elif node.id in _READS_LOCALS:
                    scope.reads_locals = True
            elif isinstance(node, _BINDERS):
                scope.bound.update(_bound_by(node))
                if isinstance(node, _IMPORTS):
                    scope._import(node)
            elif isinstance(node, ast.Global):
                scope.outside.update(node.names)
            elif isinstance(node, ast.Nonlocal):
                scope.enclosing.update(node.names)
        scope.bound -= scope.outside | scope.enclosing
        scope.unbound = set(scope.bound) if is_class else set()
        return scope

    def shows(self, name: str) -> bool:
        """Say whether other code may use a name that is imported here without naming the import."""
        return self.is_class or self.reads_locals or name in self.outside or name in self.enclosing

    def passed(self, statement: ast.stmt) -> None:
        """In a class body: note that a statement ran, so that the names that it surely binds are its own."""
        self.unbound -= surely_bound([statement])
        self.unbound |= self.bound & _deleted(statement)

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


def surely_bound(statements: Sequence[ast.stmt]) -> set[str]:
    r"""Give the names that statements bind whatever their conditions say.

    >>> body = ast.parse("a = 1\nif x:\n    b = c = 1\nelse:\n    b = 2\nfor d in e: pass").body
    >>> sorted(surely_bound(body))
    ['a', 'b']
    """
    names: set[str] = set()
    for statement in statements:
        names = (names | _surely_bound_by(statement)) - _deleted(statement)
    return names


def _surely_bound_by(statement: ast.stmt) -> set[str]:  # noqa: PLR0911 - one line a kind
    match statement:
        case ast.If(body=body, orelse=orelse):
            return surely_bound(body) & surely_bound(orelse)
        case ast.With(body=body) | ast.AsyncWith(body=body):  # the context may suppress an error in it
            return {n for item in statement.items for n in Scope.of([item]).bound}
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            ends = [surely_bound([*body, *orelse]), *(surely_bound(handler.body) for handler in handlers)]
            return set.intersection(*ends) | surely_bound(finalbody)
        case ast.AnnAssign(value=None):
            return set()
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.Import() | ast.ImportFrom():
            return Scope.of([statement]).bound
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {statement.name}
    return set()


def _deleted(statement: ast.stmt) -> set[str]:
    nodes = own_nodes([statement])
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)}


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
    if isinstance(node, Defining):
        yield node.name
    elif isinstance(node, _IMPORTS):
        yield from (name for name, _ in imported(node))
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest


def own_nodes(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Walk nodes without entering other scopes, except for names bound here (`:=` in a comprehension)."""
    stack = list(reversed(nodes))
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, _COMPREHENSIONS):
            yield from _assigned_inside(node)
        elif not isinstance(node, _INNER_SCOPES):
            stack.extend(reversed(_children(node)))


def _children(node: ast.AST) -> list[ast.AST]:
    """List the parts of a node, without `Load` and the like."""
    children: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            children += [each for each in value if isinstance(each, ast.AST)]
        elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
            children.append(value)
    return children


def _assigned_inside(node: ast.AST) -> Iterator[ast.AST]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.NamedExpr):
            yield inner.target
