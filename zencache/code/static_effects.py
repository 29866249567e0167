"""Detects effects of a module's import on others: registrations, changes of other modules, patches.

Calls are followed through the project's functions. A call of a library's function has an effect if its name
says so (`register_adapter`, `set_printoptions`), or if it changes an object of the project (`setattr`).
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from zencache.code.ast_shape import Chain, dotted_names
from zencache.code.import_side_effects import (
    FunctionDef,
    changes_outside_object,
    local_names,
    may_have_side_effects,
    root_of,
    sets_library,
)
from zencache.code.scopes import surely_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from zencache.code.digest_graph import Node
    from zencache.code.module_texts import StaticModule

_CHANGES_OBJECT = re.compile(
    r"^(append(left)?|add|extend(left)?|update|insert|discard|remove|clear|pop(item|left)?|setdefault|put"
    r"|__setitem__|__delitem__|__setattr__|__ior__|__iadd__|sort|reverse|register\w*|\w+_register|subscribe"
    r"|connect|add_\w+|set_\w+|route|command|on|hook\w*|include\w*|mount|install)$"
)
_SETTERS = frozenset({"builtins.setattr", "builtins.delattr", "operator.setitem", "operator.delitem"})
_IN_PLACE = re.compile(r"^_?operator\.(__)?i[a-z]+(__)?$")
_CONSTRUCTION = ("__init__", "__new__", "__post_init__", "__set_name__", "__call__")


class _Function(NamedTuple):
    """A function that is called."""

    node: ast.AST
    module: StaticModule
    instance: str = ""
    """The argument that is an object from outside: the one whose method is called."""

    @property
    def key(self) -> tuple[int, str]:
        return id(self.node), self.instance


class _Text(NamedTuple):
    """What the text of a function says."""

    acts: bool
    """Whether it has an effect on others by itself."""
    calls: list[_Function]


class ImportEffects:
    """Decides which top-level statements may change what other statements bind.

    `resolve` finds the object of a name in a module, and `defined` the statements of a definition's node.
    """

    def __init__(
        self,
        resolve: Callable[[Chain, StaticModule], tuple[Node, tuple[str, ...]]],
        defined: Callable[[Node], tuple[StaticModule, list[ast.stmt]] | None],
    ) -> None:
        self._resolve = resolve
        self._defined = defined
        self._texts: dict[tuple[int, str], tuple[ast.AST, _Text]] = {}
        """By the id of a function, which is kept so that no other gets it, and by its object from outside."""
        self._quiet: set[tuple[int, str]] = set()
        """The functions that show no effect, nor what they call."""

    # -- statements -----------------------------------------------------------------------------

    def has_effect(self, statement: ast.stmt, module: StaticModule) -> bool:
        """Say whether a statement may change others, or an object of another module."""
        match statement:
            case ast.ClassDef(decorator_list=decorators, body=body):
                return self._any_decorates(decorators, module) or self._in_class(body, module)
            case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
                defaults = [*statement.args.defaults, *filter(None, statement.args.kw_defaults)]
                acting = any(self.evaluates(default, module) for default in defaults)
                return acting or self._any_decorates(decorators, module)
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                return self.evaluates(value, module)
        return False

    def _in_class(self, body: list[ast.stmt], module: StaticModule) -> bool:
        own = surely_bound(body)
        return any(self._in_class_statement(statement, own, module) for statement in body)

    def _in_class_statement(self, statement: ast.stmt, own: set[str], module: StaticModule) -> bool:
        if isinstance(statement, ast.Expr):
            return self.evaluates(statement.value, module)
        is_plain = not isinstance(statement, FunctionDef | ast.ClassDef)
        if is_plain and may_have_side_effects(statement):
            targets = [t for t in ast.walk(statement) if isinstance(t, ast.Subscript | ast.Attribute)]
            stores = [t for t in targets if isinstance(t.ctx, ast.Store | ast.Del)]
            if any(root_of(t) not in own for t in stores):
                return True
        return self.has_effect(statement, module)

    def _any_decorates(self, decorators: Iterable[ast.expr], module: StaticModule) -> bool:
        return any(self.decorates(decorator, module) for decorator in decorators)

    def decorates(self, decorator: ast.expr, module: StaticModule) -> bool:
        """Say whether a decorator shows that it changes others than what it decorates."""
        call = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
        return self._any_acts([call], module) or self._passes(call, module, frozenset())

    def evaluates(self, expression: ast.expr, module: StaticModule) -> bool:
        """Say whether the evaluation of an expression shows an effect."""
        return self._any_acts(_calls_in(expression), module)

    # -- calls ----------------------------------------------------------------------------------

    def _any_acts(self, calls: Iterable[ast.Call], module: StaticModule) -> bool:
        """Say whether one of some calls has an effect, at any depth of calls."""
        pending: list[_Function] = []
        if any(self._acts(call, module, frozenset(), pending) for call in calls):
            return True
        seen: set[tuple[int, str]] = set()
        while pending:
            function = pending.pop()
            if function.key in seen or function.key in self._quiet:
                continue
            seen.add(function.key)
            text = self._text_of(function)
            if text.acts:
                return True
            pending += text.calls
        self._quiet |= seen
        return False

    def _acts(
        self, call: ast.Call, module: StaticModule, own: frozenset[str], called: list[_Function]
    ) -> bool:
        """Say whether a call has an effect on what is neither created nor passed by the code around it.

        What the functions do that it calls is not asked; they are added to `called`.
        """
        names = dotted_names(call.func)
        if names is None:
            return False
        if names[0] in own:
            return False
        node, rest = self._resolve(Chain(names[0], tuple(names[1:])), module)
        if node.kind == "library":
            return self._calls_library(".".join([node.outside, *rest]), call, own)
        if rest:
            return self._calls_method(node, rest, call, module, own, called)
        called += self._functions_of(node)
        return self._changes_arguments(node) and self._passes(call, module, own)

    def _calls_library(self, dotted: str, call: ast.Call, own: frozenset[str]) -> bool:
        name = dotted.rpartition(".")[2]
        is_method = dotted.startswith(
            ("builtins.dict.", "builtins.list.", "builtins.set.", "builtins.object.")
        )
        changes = dotted in _SETTERS or _IN_PLACE.match(dotted) or (is_method and _CHANGES_OBJECT.match(name))
        if changes:
            return not (call.args and root_of(call.args[0]) in own)
        is_quiet = dotted.startswith(("typing.", "atexit."))
        return not is_quiet and (sets_library(name) or dotted.startswith("copyreg."))

    def _calls_method(
        self,
        node: Node,
        rest: tuple[str, ...],
        call: ast.Call,
        module: StaticModule,
        own: frozenset[str],
        called: list[_Function],
    ) -> bool:
        """Say whether a method of an object of the project changes it, by its name if it has no text."""
        home, statements = self._defined(node) or (None, [])
        classes = [statement for statement in statements if isinstance(statement, ast.ClassDef)]
        methods = [m for c in classes for m in c.body if isinstance(m, FunctionDef) and (m.name,) == rest]
        if methods and home is not None:
            called += [_Function(method, home, _first_argument(method)) for method in methods]
            return False
        return _CHANGES_OBJECT.match(rest[-1]) is not None or any(
            self._is_code(argument, module, own) for argument in _arguments(call)
        )

    def _is_code(self, value: ast.expr, module: StaticModule, own: frozenset[str]) -> bool:
        """Say whether an expression names a function or a class of the project."""
        names = dotted_names(value)
        if names is None or names[0] in own:
            return isinstance(value, ast.Lambda)
        node, rest = self._resolve(Chain(names[0], tuple(names[1:])), module)
        _, statements = self._defined(node) or (None, [])
        return not rest and any(isinstance(each, FunctionDef | ast.ClassDef) for each in statements)

    def _passes(self, call: ast.Call, module: StaticModule, own: frozenset[str]) -> bool:
        return any(self._is_changeable(argument, module, own) for argument in _arguments(call))

    def _is_changeable(self, value: ast.expr, module: StaticModule, own: frozenset[str]) -> bool:
        """Say whether an expression gives an object of the project that is no function, class or constant."""
        names = dotted_names(value)
        if names is None or names[0] in own:
            return False
        node, _ = self._resolve(Chain(names[0], tuple(names[1:])), module)
        if node.kind == "module":
            return True
        _, statements = self._defined(node) or (None, [])
        return any(not _is_fixed(statement) for statement in statements)

    # -- functions and classes of the project ---------------------------------------------------

    def _functions_of(self, node: Node) -> list[_Function]:
        """List the functions that run when a function or a class of the project is called."""
        functions: list[_Function] = []
        pending, seen = [node], {id(node)}
        while pending:
            node = pending.pop()
            if node.kind == "binding":
                pending += [ref for ref in node.refs if id(ref) not in seen]
                seen |= set(map(id, node.refs))
                continue
            module, statements = self._defined(node) or (None, [])
            if module is not None:
                functions += [_Function(f, module) for each in statements for f in _functions_called(each)]
        return functions

    def _text_of(self, function: _Function) -> _Text:
        if function.key not in self._texts:
            self._texts[function.key] = function.node, self._read(function)
        return self._texts[function.key][1]

    def _read(self, function: _Function) -> _Text:
        """Say whether a function's own text acts, and what it calls."""
        node, module, instance = function
        own = self._own(node, module) - {instance}
        calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
        called: list[_Function] = []
        acts = changes_outside_object(node, own) or any(
            self._acts(call, module, own, called) or self._calls_on_alias(call, node, own) for call in calls
        )
        return _Text(acts, called)

    def _calls_on_alias(self, call: ast.Call, function: ast.AST, own: frozenset[str]) -> bool:
        """Say whether a call changes an object from outside that a local name stands for."""
        if not isinstance(call.func, ast.Attribute) or not _CHANGES_OBJECT.match(call.func.attr):
            return False
        root = root_of(call.func.value)
        return root is not None and root not in own and root in local_names(function)

    def _own(self, function: ast.AST, module: StaticModule) -> frozenset[str]:
        """Give the names of arguments and of objects that the function creates."""
        names = frozenset(local_names(function))
        aliases: set[str] = set()
        for _ in range(3):
            own = names - aliases
            for target, value in _assignments(function):
                if self._is_alias(value, module, own):
                    aliases |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
        return names - aliases

    def _is_alias(self, value: ast.expr, module: StaticModule, own: frozenset[str]) -> bool:
        """Say whether an expression may give an object that exists outside of the function."""
        match value:
            case ast.Call(func=ast.Name(id="getattr"), args=[of, *_]) | ast.Subscript(value=of):
                return self._is_alias(of, module, own)
            case ast.Call(func=ast.Attribute(value=of, attr="setdefault" | "get" | "pop")):
                return self._is_alias(of, module, own)
            case ast.BoolOp(values=values):
                return any(self._is_alias(each, module, own) for each in values)
            case ast.IfExp(body=body, orelse=orelse):
                return any(self._is_alias(each, module, own) for each in (body, orelse))
            case ast.Call(func=ast.Name() | ast.Attribute() as callee):
                return self._gives_outside_object(callee, module, own)
        return self._is_changeable(value, module, own)

    def _gives_outside_object(self, callee: ast.expr, module: StaticModule, own: frozenset[str]) -> bool:
        names = dotted_names(callee)
        if names is None or names[0] in own:
            return False
        node, rest = self._resolve(Chain(names[0], tuple(names[1:])), module)
        home, statements = self._defined(node) or (None, [])
        return (
            home is not None
            and not rest
            and any(
                isinstance(each, ast.Return)
                and each.value is not None
                and self._returns_outside(each.value, s, home)
                for s in statements
                if isinstance(s, FunctionDef)
                for each in ast.walk(s)
            )
        )

    def _returns_outside(self, value: ast.expr, function: ast.AST, module: StaticModule) -> bool:
        return self._is_changeable(value, module, frozenset(local_names(function)))

    def _changes_arguments(self, node: Node) -> bool:
        """Say whether a function changes what it is given."""
        _, statements = self._defined(node) or (None, [])
        functions = [statement for statement in statements if isinstance(statement, FunctionDef)]
        return any(map(_changes_argument, functions))


def _functions_called(statement: ast.stmt) -> Iterator[ast.AST]:
    """List the functions that run when what a statement defines is called."""
    if isinstance(statement, FunctionDef):
        yield statement
    elif isinstance(statement, ast.ClassDef):
        for method in statement.body:
            if isinstance(method, FunctionDef) and method.name in _CONSTRUCTION:
                yield method
    elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda):
        yield statement.value


def _is_fixed(statement: ast.stmt) -> bool:
    """Say whether a statement binds functions, classes or constants."""
    if isinstance(statement, FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
        return True
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    return value is not None and not any(
        isinstance(each, ast.Call | ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)
        for each in ast.walk(value)
    )


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _calls_in(expression: ast.expr) -> Iterator[ast.Call]:
    """List the calls that the evaluation of an expression makes."""
    if isinstance(expression, ast.Lambda):
        return
    if isinstance(expression, ast.Call):
        yield expression
    for child in ast.iter_child_nodes(expression):
        if isinstance(child, ast.expr | ast.comprehension | ast.keyword):
            yield from _calls_in(child)  # type: ignore[arg-type]


def _assignments(function: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from ((target, value) for target in targets)
            case (
                ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.NamedExpr(target=target, value=value)
            ):
                yield target, value
            case ast.For(target=target, iter=value):
                yield target, value


def _first_argument(method: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    arguments = [*method.args.posonlyargs, *method.args.args]
    return arguments[0].arg if arguments else ""


def _changes_argument(function: ast.AST) -> bool:
    arguments = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    return changes_outside_object(function, local_names(function) - arguments) or _sets_by_call(function)


def _sets_by_call(function: ast.AST) -> bool:
    """Say whether a function calls what may change an argument."""
    return any(
        isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id in ("setattr", "delattr"))
            or (isinstance(node.func, ast.Attribute) and _CHANGES_OBJECT.match(node.func.attr) is not None)
        )
        for node in ast.walk(function)
    )
