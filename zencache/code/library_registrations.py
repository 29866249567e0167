"""Finds what imported modules registered with libraries: accessors, codecs, adapters, constructors, patches.

A library keeps the registered function where no digest can follow it. So the statements count that passed it,
in all modules of the project that a step's module imports, directly or not.
"""

from __future__ import annotations

import ast
import builtins
import functools
import re
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from zencache.code.ast_shape import dotted_names, part_of
from zencache.code.digest_graph import Node
from zencache.code.dynamic import absolute
from zencache.code.import_conditions import run_at_import
from zencache.code.import_side_effects import sets_library
from zencache.code.module_origin import origin_of_module
from zencache.code.module_texts import current_text, with_parents
from zencache.code.namespaces import Space, module_of, origin_of
from zencache.code.source import Text, find_function, texts_of
from zencache.util.imports import own_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zencache.code.resolve import Resolver

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(?:\(([^)]*)\)|([\w \t,.*]*))|import[ \t]+([\w \t,.]+))",
    re.MULTILINE,
)
_MAY_REGISTER = re.compile(
    r"register|\badd_|subscribe|hook|listens_for|\bset_|\binstall|\bsetattr\b|\bsignal\b|copyreg"
    r"|^[ \t]*[A-Za-z_][\w.]*\.\w+(\[[^\]\n]*\])?[ \t]*=[^=]",
    re.MULTILINE,
)
_MISSING = object()


class Registration(NamedTuple):
    """A top-level statement of a module that passes code of the project to a library."""

    module: types.ModuleType
    text: Text
    statement: ast.stmt


def registered(names: Mapping[str, Any], resolver: Resolver) -> list[Node]:
    """Give the node of what the modules registered that a module imports; none if there is nothing."""
    refs = [_node(each, resolver) for each in registrations(names)]
    return [Node("registered", refs=refs, unordered=True)] if refs else []


def _node(registration: Registration, resolver: Resolver) -> Node:
    module, text, statement = registration
    space = Space(vars(module))
    label = f"what importing {space.where} does"
    node = Node("effects", label=label, text=text.segment(statement))
    expressions: list[ast.AST] = [statement]
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        value = space.names.get(statement.name)
        if isinstance(value, type | types.FunctionType):
            expressions = list(statement.decorator_list)
            node.refs = [resolver.or_opaque(value)]
    part = part_of(expressions)
    resolved = resolver.part(part, space, lenient=True)
    node.own = [part.shape, [list(rest) for _, rest in resolved]]
    node.refs += [ref for ref, _ in resolved]
    return node


def registrations(names: Mapping[str, Any]) -> list[Registration]:
    """List what the modules of the project registered that a module imports, itself included."""
    module = sys.modules.get(str(names.get("__name__")))
    if module is None or vars(module) is not names:
        return []
    seen = {module.__name__: module}
    pending = [module]
    while pending:
        for name in _imported(pending.pop()):
            inner = sys.modules.get(name)
            if (
                name not in seen
                and isinstance(inner, types.ModuleType)
                and origin_of_module(name) == "project"
            ):
                seen[name] = inner
                pending.append(inner)
    return [each for _, inner in sorted(seen.items()) for each in _of_module(inner)]


def _imported(module: types.ModuleType) -> Iterator[str]:
    text = _last_text(module)
    package = str(getattr(module, "__package__", None) or module.__name__.rpartition(".")[0])
    for source, attributes, modules in _imports_in(text.text) if text else ():
        if source:
            base = absolute(source, package)
            names = [base, *(f"{base}.{each.split(' as ')[0].strip()}" for each in attributes.split(","))]
        else:
            names = [own_name(each.split(" as ")[0].strip()) for each in modules.split(",")]
        for name in names:
            yield from with_parents(name)


@functools.lru_cache(maxsize=4096)
def _imports_in(text: str) -> list[tuple[str, str, str]]:
    """Find imports without parsing; text that only looks like one names no module that is imported."""
    return [(match[1] or "", match[2] or match[3] or "", match[4] or "") for match in _IMPORT.finditer(text)]


def _last_text(module: types.ModuleType) -> Text | None:
    file = module.__dict__.get("__file__")
    texts = texts_of(file) if isinstance(file, str) and file.endswith(".py") else []
    return texts[-1] if texts else None


def _of_module(module: types.ModuleType) -> list[Registration]:
    last = _last_text(module)
    if last is None or not _MAY_REGISTER.search(last.text):
        return []
    text = last if module.__name__ == "__main__" else current_text(module.__name__, last.file)
    if text is None or text.tree is None:
        return []
    space = Space(vars(module))
    statements = _nested(list(run_at_import(text.tree.body, module.__name__)))
    return [Registration(module, text, each) for each in statements if _registers(each, space)]


def _nested(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """List simple statements and definitions, also those in blocks."""
    for statement in statements:
        if isinstance(statement, ast.If | ast.Try | ast.With | ast.For | ast.While):
            handlers = [s for handler in getattr(statement, "handlers", ()) for s in handler.body]
            blocks = (getattr(statement, name, []) for name in ("body", "orelse", "finalbody"))
            yield from _nested([*(s for block in blocks for s in block), *handlers])
        else:
            yield statement


def _registers(statement: ast.stmt, space: Space) -> bool:
    match statement:
        case ast.FunctionDef(decorator_list=decorators) | ast.ClassDef(decorator_list=decorators):
            return any(_is_registering(_called(each), space, frozenset()) for each in decorators)
        case ast.Expr(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return _passes_on(value, space)
        case ast.Assign(targets=targets, value=value):
            is_patch = any(_is_of_library(_root_value(target, space)) for target in targets)
            return (is_patch and _has_code(value, space)) or _passes_on(value, space)
    return False


def _passes_on(value: ast.expr, space: Space) -> bool:
    """Say whether an expression calls a registering function with code of the project."""
    calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
    if not any(_is_registering(call.func, space, frozenset()) for call in calls):
        return False
    is_direct = any(_is_of_library(_value(call.func, space)) for call in calls)
    return not is_direct or _has_code(value, space)


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _is_registering(callee: ast.expr, space: Space, seen: frozenset[types.CodeType]) -> bool:
    """Say whether a function registers with a library: one of a library by its name, another by its text."""
    value = _value(callee, space)
    if isinstance(value, types.FunctionType) and origin_of(value) == "project":
        return value.__code__ not in seen and _does_register(value, seen | {value.__code__})
    names = dotted_names(callee)
    name = names[-1] if names else callee.attr if isinstance(callee, ast.Attribute) else ""
    is_setter = name in ("setattr", "signal") or getattr(value, "__module__", "") == "copyreg"
    return _is_of_library(value) and (is_setter or sets_library(name))


def _does_register(function: types.FunctionType, seen: frozenset[types.CodeType]) -> bool:
    source = find_function(function.__code__)
    space = Space(function.__globals__)
    calls = [node for node in ast.walk(source[1]) if isinstance(node, ast.Call)] if source else []
    return any(_is_registering(call.func, space, seen) for call in calls)


def _has_code(expression: ast.expr, space: Space) -> bool:
    """Say whether an expression names a function, a class or an object of the project."""
    for node in ast.walk(expression):
        value = _value(node, space) if isinstance(node, ast.Name | ast.Attribute) else None
        if isinstance(node, ast.Lambda) or _is_code(value):
            return True
    return False


def _is_code(value: Any) -> bool:
    if isinstance(value, types.FunctionType):
        return origin_of(value) == "project"
    kind = value if isinstance(value, type) else type(value)
    return origin_of_module(module_of(kind)) == "project"


def _is_of_library(value: Any) -> bool:
    """Say whether a value is a library's module, class, function or object."""
    if value is _MISSING or isinstance(value, bool | int | float | str | bytes | list | dict | set | tuple):
        return False
    if isinstance(value, types.ModuleType):
        return origin_of_module(value.__name__) != "project"
    if isinstance(value, types.FunctionType):
        return origin_of(value) != "project"
    bound = getattr(value, "__self__", None)
    if bound is not None and not isinstance(bound, types.ModuleType):
        return _is_of_library(bound)
    return origin_of_module(module_of(value if isinstance(value, type) else type(value))) != "project"


def _root_value(target: ast.expr, space: Space) -> Any:
    """Give the object whose attribute or item an assignment sets."""
    return _value(target.value, space) if isinstance(target, ast.Attribute | ast.Subscript) else _MISSING


def _value(node: ast.AST, space: Space) -> Any:
    """Look up a dotted name in the namespace of a module, without running code of the project."""
    names = dotted_names(node) if isinstance(node, ast.Name | ast.Attribute) else None
    if names is None:
        return _MISSING
    value = space.names.get(names[0], getattr(builtins, names[0], _MISSING))
    for name in names[1:]:
        if not isinstance(value, types.ModuleType | type):
            return getattr(type(value), name, _MISSING)
        value = getattr(value, name, _MISSING)
    return value
