"""Finds the local variables whose names nothing can see, so that another name is the same code.

The names of arguments, functions, classes and imports can be seen, and so can those in texts (`"a > @b"`).
A variable that may be read before it is bound is left out too, because an error would name it.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from zencache.code.scopes import Comprehension, Scope, arguments_scope, own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_Bound = frozenset[str] | None
"""The names that are surely bound at a place; None where the place is never reached."""


def unseen_names(node: ast.AST, scope: Scope, *, arguments: bool = False) -> frozenset[str]:
    r"""Give the names that a function or a comprehension binds and that nothing can see.

    `arguments` says whether those of the function's own arguments are among them.

    >>> tree = ast.parse("def f(a):\n  b = a\n  c = 'c'\n  for d in a:\n    e = d\n  return b, c, e").body[0]
    >>> sorted(unseen_names(tree, Scope.of(tree.body)))
    ['b', 'd']
    """
    own = _arguments(node)
    unseen = own if arguments else []
    names = {name for name in scope.bound if not name.startswith("__")} - _visible(node, unseen)
    if isinstance(node, Comprehension):
        return frozenset(names - _unsure_of_comprehension(node, names))
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return frozenset()
    flow = _Flow(names)
    flow.block(node.body, frozenset(argument.arg for argument in own))
    return frozenset(names - flow.unsure)


def texts_in(node: ast.AST) -> Iterator[str]:
    """Give the words of all texts in a piece of code."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str | bytes):
            text = each.value if isinstance(each.value, str) else each.value.decode("latin-1")
            yield from _IDENTIFIER.findall(text)


def _arguments(node: ast.AST) -> list[ast.arg]:
    own = getattr(node, "args", None)
    groups = (own.posonlyargs, own.args, own.kwonlyargs, [own.vararg, own.kwarg]) if own else ()
    return [each for group in groups for each in group if each is not None]


def _visible(node: ast.AST, unseen: Sequence[ast.arg]) -> set[str]:
    """Give the names of a function that code may see: arguments, definitions, imports, words of texts."""
    names = set(texts_in(node))
    for each in ast.walk(node):
        named = getattr(each, "name", None)  # definitions, patterns, handlers of errors, parameters of types
        names.add(getattr(named, "id", named) or "" if each is not node else "")
        if isinstance(each, ast.arg) and each not in unseen:
            names.add(each.arg)
        elif isinstance(each, ast.ClassDef):  # annotations and members of the class may be seen
            names.update(n.id for n in ast.walk(each) if isinstance(n, ast.Name))
        elif isinstance(each, ast.MatchMapping):
            names.add(each.rest or "")
        elif isinstance(each, ast.Import | ast.ImportFrom):
            names.update(Scope.of([each]).bound)
        elif isinstance(each, ast.Global | ast.Nonlocal):
            names.update(each.names)
        elif isinstance(each, ast.NamedExpr) and isinstance(each.target, ast.Name):
            names.add(each.target.id)
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Del):
            names.add(each.id)
    return names


def _unsure_of_comprehension(node: ast.AST, names: set[str]) -> set[str]:
    flow = _Flow(names)
    flow.comprehension(node, frozenset())
    return flow.unsure


class _Flow:
    """Follows the statements of a function, and collects the names that may be read before they are bound."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self.unsure: set[str] = set()

    def block(self, statements: Sequence[ast.stmt], bound: _Bound) -> _Bound:
        for statement in statements:
            bound = self._statement(statement, bound)
        return bound

    def _statement(self, node: ast.stmt, bound: _Bound) -> _Bound:  # noqa: C901, PLR0911, PLR0912 - one line a kind
        match node:
            case ast.Assign(targets=targets, value=value):
                self._read(value, bound)
                return self._bind(targets, bound)
            case ast.AnnAssign(target=target, value=value):
                self._read(value, bound)
                return self._bind([target], bound) if value is not None else bound
            case ast.AugAssign(target=target, value=value):
                if isinstance(target, ast.Name):
                    self._name(target.id, bound)
                self._read(value, bound)
                return self._bind([target], bound)
            case ast.For() | ast.AsyncFor():
                self._read(node.iter, bound)
                self.block(node.body, self._bind([node.target], bound))
                self.block(node.orelse, bound)
                return bound
            case ast.While(test=test, body=body, orelse=orelse):
                self._read(test, bound)
                self.block(body, bound)
                self.block(orelse, bound)
                return bound
            case ast.If(test=test, body=body, orelse=orelse):
                self._read(test, bound)
                return _both(self.block(body, bound), self.block(orelse, bound))
            case ast.With() | ast.AsyncWith():  # a context may suppress an error in its body
                inside = bound
                for item in node.items:
                    self._read(item.context_expr, inside)
                    inside = self._bind([item.optional_vars] if item.optional_vars else [], inside)
                self.block(node.body, inside)
                return bound
            case ast.Return() | ast.Raise():
                self._read(node, bound)
                return None
            case ast.Break() | ast.Continue():
                return None
            case ast.Import() | ast.ImportFrom() | ast.Global() | ast.Nonlocal() | ast.Pass():
                return bound
            case ast.Match(subject=subject, cases=cases):
                self._read(subject, bound)
                for case in cases:
                    self._read(case.pattern, bound)
                    self._read(case.guard, bound)
                    self.block(case.body, bound)
                return bound
        if hasattr(node, "handlers"):
            return self._try(node, bound)
        self._read(node, bound)  # expressions, assertions, definitions
        return bound

    def _try(self, node: Any, bound: _Bound) -> _Bound:
        ends = [self.block(node.orelse, self.block(node.body, bound))]
        for handler in node.handlers:
            self._read(handler.type, bound)
            ends.append(self.block(handler.body, bound))
        self.block(node.finalbody, bound)
        after = ends[0]
        for end in ends[1:]:
            after = _both(after, end)
        return after

    def comprehension(self, node: ast.AST, bound: _Bound) -> None:
        """Follow a comprehension in the order in which it runs."""
        generators: list[ast.comprehension] = getattr(node, "generators", [])
        for generator in generators:
            self._read(generator.iter, bound)
            bound = self._bind([generator.target], bound)
            for test in generator.ifs:
                self._read(test, bound)
        for name in ("elt", "key", "value"):
            self._read(getattr(node, name, None), bound)

    def _bind(self, targets: Sequence[ast.expr], bound: _Bound) -> _Bound:
        """Bind the names of targets; `a[i]` and `a.b` read their names."""
        for target in targets:
            self._read(target, bound)
            names = {n.id for n in own_nodes([target]) if isinstance(n, ast.Name) and not _is_read(n)}
            bound = None if bound is None else bound | names
        return bound

    def _read(self, node: ast.AST | None, bound: _Bound) -> None:
        """Note the names that an expression reads; a function in it may be called at once."""
        if node is None or bound is None:
            return
        if isinstance(node, Comprehension):
            self.comprehension(node, bound)
        elif isinstance(node, ast.Name):
            self._name(node.id, bound if _is_read(node) else None)
        elif isinstance(node, _DEFINITIONS):
            self._definition(node, bound)
        else:
            for child in ast.iter_child_nodes(node):
                self._read(child, bound)

    def _definition(self, node: Any, bound: frozenset[str]) -> None:
        """Follow a function or a class inside: its body may run at once, but binds names of its own."""
        for name, part in ast.iter_fields(node):
            inside = bound | _own_names(node) if name == "body" else bound
            for each in part if isinstance(part, list) else [part]:
                self._read(each if isinstance(each, ast.AST) else None, inside)

    def _name(self, name: str, bound: _Bound) -> None:
        if bound is not None and name not in bound and name in self._names:
            self.unsure.add(name)


def _own_names(node: Any) -> frozenset[str]:
    """Give the names that a function or a class inside binds itself: they are not those around it."""
    arguments = node.args if isinstance(node, _FUNCTIONS) else ast.arguments([], [], None, [], [], None, [])
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    return frozenset(arguments_scope(arguments).bound | Scope.of(body).bound)


def _is_read(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def _both(one: _Bound, other: _Bound) -> _Bound:
    if one is None or other is None:
        return other if one is None else one
    return one & other
