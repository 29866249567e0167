"""Finds what imported modules registered with libraries: accessors, codecs, adapters, constructors, patches.

A library keeps the registered function where no digest can follow it. So the statements count that passed it,
in all modules of the project that a step's module imports, directly or not.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from zencache.code.ast_shape import dotted_names, part_of
from zencache.code.digest_graph import Node, Statements
from zencache.code.import_conditions import run_at_import
from zencache.code.import_side_effects import sets_library
from zencache.code.imported_modules import (
    AS_IMPORTED,
    calls_at_import,
    imported_with,
    imports_in_functions,
    imports_of,
    last_text,
    modules_of,
)
from zencache.code.module_origin import origin_of_module
from zencache.code.module_texts import current_text
from zencache.code.namespaces import Space, module_of, origin_of
from zencache.code.source import Text, find_function, first_line, function_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zencache.code.resolve import Resolver

_MAY_REGISTER = re.compile(
    r"register|\badd_|subscribe|hook|listens_for|\bset_|\binstall|\bsetattr\b|\bsignal\b|copyreg"
    r"|^[ \t]*[A-Za-z_][\w.]*\.\w+(\[[^\]\n]*\])?[ \t]*=[^=]"
    r"|^[ \t]*([A-Za-z_][\w.]*\.)?(set|add)\w*\("
    r"|^[ \t]*(?!self\b)[A-Za-z_]\w*(\.\w+)+\.(append|extend|insert|add|update|setdefault|remove|clear)\(",
    re.MULTILINE,
)
# Functions of library modules that set what others read, and methods that change a table there.
_SETTERS = re.compile(r"^(set|add|(un)?register|install)")
_CHANGES = frozenset({"append", "extend", "insert", "add", "update", "setdefault", "remove", "clear"})
# Their state is in the record of a step that reaches them, or decides nothing that a step computes.
_OTHERWISE_SEEN = frozenset(
    {
        "numpy",
        "pandas",
        "sklearn",
        "keras",
        "tensorflow",
        "torch",
        "matplotlib",
        "random",
        "decimal",
        "locale",
    }
    | {"time", "os", "sys", "warnings", "logging", "absl", "signal", "socket"}
    | {"atexit", "threading", "multiprocessing", "faulthandler", "gc", "builtins", "zencache"}
)
_MISSING = object()
_PLAIN = (bool, int, float, str, bytes, list, dict, set, tuple)
_BOUND = (types.MethodType, types.BuiltinFunctionType, types.MethodWrapperType)


class Registration(NamedTuple):
    """A top-level statement of a module that passes code of the project to a library."""

    module: types.ModuleType
    text: Text
    statement: ast.stmt
    block: ast.stmt
    """The statement of the module itself that holds it, such as a loop: what that reads may be registered."""


def _node(registration: Registration, resolver: Resolver) -> Node:
    module, text, statement, block = registration
    space = Space(vars(module))
    label = f"what importing {space.where} does"
    lines = (first_line(block), block.end_lineno or block.lineno)
    written = Statements(module.__name__, text.file, (lines,))
    node = Node("effects", label=label, text=text.segment(statement), written=written)
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


class LibraryRegistrations:
    """Finds what modules registered, each module once; values of names must not change meanwhile."""

    def __init__(self) -> None:
        self._of_modules: dict[str, list[Registration]] = {}
        self._calls: dict[int, tuple[types.CodeType, _Calls]] = {}
        """By the ids of code objects, which are kept so that no other gets the same id."""
        self._harmless: set[int] = set()

    def nodes(self, module: types.ModuleType, resolver: Resolver) -> list[Node]:
        """Give the node of what the modules registered that a module imports; none if there is nothing."""
        refs = [_node(each, resolver) for each in self.of(module)]
        return [Node("registered", refs=refs, unordered=True)] if refs else []

    def of(self, module: types.ModuleType) -> list[Registration]:
        """List what the modules of the project registered that a module imports, itself included."""
        modules = sorted(self._imported_with(module).items())
        return [each for name, inner in modules for each in self._of_module(name, inner)]

    def _imported_with(self, module: types.ModuleType) -> dict[str, types.ModuleType]:
        """Give the project's modules that the import of a module imports, itself included."""
        modules = imported_with({module.__name__: module}, module)
        while True:
            inner = imports_in_functions(modules.values())
            missing = modules_of(inner, modules, module)
            ran = self._run_at_import(modules) if missing else []
            more = modules_of([name for code in ran for name in imports_of(code)], modules, module)
            if not more:
                return modules
            modules = imported_with(modules | more, module)

    def _run_at_import(self, modules: dict[str, types.ModuleType]) -> list[types.FunctionType]:
        """List the project's functions that top-level statements of modules call, at any depth of calls."""
        pending = [
            f for each in modules.values() for f in _calls(calls_at_import(each), Space(vars(each)))[1]
        ]
        functions: dict[int, types.FunctionType] = {}
        while pending:
            function = pending.pop()
            if id(function.__code__) not in functions:
                functions[id(function.__code__)] = function
                pending += self._calls_of(function).functions
        return list(functions.values())

    def _of_module(self, name: str, module: types.ModuleType) -> list[Registration]:
        if name not in self._of_modules:
            self._of_modules[name] = self._in_text(module)
        return self._of_modules[name]

    def _in_text(self, module: types.ModuleType) -> list[Registration]:
        last = last_text(module)
        if last is None or not last.memory.value("registers", lambda: bool(_MAY_REGISTER.search(last.text))):
            return []
        text = last if module.__name__ == "__main__" else current_text(module.__name__, last.file)
        if text is None or text.tree is None:
            return []
        space = Space(vars(module))
        blocks = run_at_import(text.tree.body, AS_IMPORTED)
        pairs = [(each, block) for block in blocks for each in _nested([block])]
        return [Registration(module, text, *pair) for pair in pairs if self._registers(pair[0], space)]

    def _registers(self, statement: ast.stmt, space: Space) -> bool:
        if _sets_setting(statement, space):
            return True
        match statement:
            case ast.FunctionDef(decorator_list=decorators) | ast.ClassDef(decorator_list=decorators):
                return any(self._is_registering(_called(each), space) for each in decorators)
            case ast.Expr(value=value) | ast.AnnAssign(value=ast.expr() as value):
                return self._passes_on(value, space)
            case ast.Assign(targets=targets, value=value):
                is_patch = any(_is_of_library(_root_value(target, space)) for target in targets)
                return (is_patch and _has_code(value, space)) or self._passes_on(value, space)
        return False

    def _passes_on(self, value: ast.expr, space: Space) -> bool:
        """Say whether an expression calls a registering function with code of the project."""
        calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
        if not any(self._is_registering(call.func, space) for call in calls):
            return False
        is_direct = any(_is_of_library(_value(call.func, space)) for call in calls)
        return not is_direct or _has_code(value, space)

    def _is_registering(self, callee: ast.expr, space: Space) -> bool:
        """Say whether a function registers with a library: a library's by its name, another by its text."""
        calls = _calls([callee], space)
        return calls.is_registering or self._does_any_register(calls.functions)

    def _does_any_register(self, functions: list[types.FunctionType]) -> bool:
        """Say whether functions of the project register, or functions that they call."""
        pending, seen = list(functions), set[int]()
        while pending:
            function = pending.pop()
            key = id(function.__code__)
            if key in seen or key in self._harmless:
                continue
            seen.add(key)
            calls = self._calls_of(function)
            if calls.is_registering:
                return True
            pending += calls.functions
        self._harmless |= seen
        return False

    def _calls_of(self, function: types.FunctionType) -> _Calls:
        code = function.__code__
        if id(code) not in self._calls:
            source = find_function(code)
            nodes = list(ast.walk(source[1])) if source else []
            calls = [node for node in nodes if isinstance(node, ast.Call)]
            imported = dict(pair for node in nodes for pair in _imported(node))
            space = Space({**function.__globals__, **imported} if imported else function.__globals__)
            sets = any(_sets_setting(node, space) for node in nodes if isinstance(node, ast.Assign))
            inner = _calls([call.func for call in calls], space)
            self._calls[id(code)] = code, _Calls(sets or inner.is_registering, inner.functions)
        return self._calls[id(code)][1]


def _sets_setting(statement: ast.stmt, space: Space) -> bool:
    """Say whether a statement gives a library a setting that no step's record holds: a name, a dialect."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id="setattr"), args=[holder, *_])):
            return _is_in_library_module(holder, space)
        case ast.Expr(value=ast.Call(func=callee)):
            return _is_setter(callee, space)
        case ast.Assign(targets=targets):
            stores = [each for each in targets if isinstance(each, ast.Attribute | ast.Subscript)]
            return any(_is_in_library_module(each.value, space) for each in stores)
    return False


def _is_setter(callee: ast.expr, space: Space) -> bool:
    names = dotted_names(callee)
    if not names:
        return False
    if isinstance(callee, ast.Attribute) and names[-1] in _CHANGES:
        return _is_in_library_module(callee.value, space) and not _is_module(callee.value, space)
    value = _value(callee, space)
    is_function = type(value) in (types.FunctionType, types.BuiltinFunctionType)
    if not is_function or "." in value.__qualname__ or not _SETTERS.search(value.__name__):
        return False
    return _is_of_library(value) and not _is_otherwise_seen(str(value.__module__))


def _is_in_library_module(node: ast.expr, space: Space) -> bool:
    """Say whether a dotted name is a library's module or class, or begins with one."""
    names = dotted_names(node)
    value: Any = space.names.get(names[0], _MISSING) if names else _MISSING
    if not issubclass(type(value), types.ModuleType | type) or not _is_of_library(value):
        return False
    is_module = issubclass(type(value), types.ModuleType)
    return not _is_otherwise_seen(str(_members(value).get("__name__")) if is_module else module_of(value))


def _is_module(node: ast.expr, space: Space) -> bool:
    return issubclass(type(_value(node, space)), types.ModuleType)


def _is_otherwise_seen(module: str) -> bool:
    return module.partition(".")[0].lstrip("_") in _OTHERWISE_SEEN


def _imported(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Give what an import binds of modules that are loaded, by its names."""
    match node:
        case ast.Import(names=names):
            for alias in names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or name, sys.modules.get(name, _MISSING)
        case ast.ImportFrom(module=str(source), level=0, names=names) if source in sys.modules:
            for alias in names:
                yield alias.asname or alias.name, _in_module(sys.modules[source], alias.name)


class _Calls(NamedTuple):
    """What a piece of code calls."""

    is_registering: bool
    """Whether it calls a function of a library that registers, by its name."""
    functions: list[types.FunctionType]
    """The functions of the project that it calls."""


def _calls(callees: list[ast.expr], space: Space) -> _Calls:
    values = [_value(callee, space) for callee in callees]
    functions = [each for each in values if type(each) is types.FunctionType and origin_of(each) == "project"]
    pairs = zip(callees, values, strict=True)
    return _Calls(any(_registers_by_name(callee, value) for callee, value in pairs), functions)


def _registers_by_name(callee: ast.expr, value: Any) -> bool:
    names = dotted_names(callee)
    name = names[-1] if names else callee.attr if isinstance(callee, ast.Attribute) else ""
    is_copyreg = type(value) is types.FunctionType and value.__module__ == "copyreg"
    is_setter = name in ("setattr", "signal") or is_copyreg
    is_quiet = type(value) is types.BuiltinFunctionType and value.__module__ == "atexit"
    return _is_of_library(value) and not is_quiet and (is_setter or sets_library(name))


def _nested(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """List simple statements and definitions, also those in blocks."""
    for statement in statements:
        if isinstance(statement, ast.If | ast.Try | ast.With | ast.For | ast.While):
            handlers = [s for handler in getattr(statement, "handlers", ()) for s in handler.body]
            blocks = (getattr(statement, name, []) for name in ("body", "orelse", "finalbody"))
            yield from _nested([*(s for block in blocks for s in block), *handlers])
        else:
            yield statement


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _has_code(expression: ast.expr, space: Space) -> bool:
    """Say whether an expression names a function, a class or an object of the project."""
    for node in ast.walk(expression):
        value = _value(node, space) if isinstance(node, ast.Name | ast.Attribute) else None
        if isinstance(node, ast.Lambda) or _is_code(value):
            return True
    return False


def _is_code(value: Any) -> bool:
    if type(value) is types.FunctionType:
        return origin_of(value) == "project"
    kind = value if issubclass(type(value), type) else type(value)
    return origin_of_module(module_of(kind)) == "project"


def _is_of_library(value: Any) -> bool:
    """Say whether a value is a library's module, class, function or object.

    Only the type is asked, because objects may run code for any attribute.
    """
    kind = type(value)
    if value is _MISSING or issubclass(kind, _PLAIN):
        return False
    if issubclass(kind, types.ModuleType):
        return origin_of_module(str(_members(value).get("__name__"))) != "project"
    if kind is types.FunctionType:
        return origin_of(value) != "project"
    bound = value.__self__ if kind in _BOUND else None
    if bound is not None and not issubclass(type(bound), types.ModuleType):
        return _is_of_library(bound)
    return origin_of_module(module_of(value if issubclass(kind, type) else kind)) != "project"


def _root_value(target: ast.expr, space: Space) -> Any:
    """Give the object whose attribute or item an assignment sets."""
    return _value(target.value, space) if isinstance(target, ast.Attribute | ast.Subscript) else _MISSING


def _value(node: ast.AST, space: Space) -> Any:
    """Look up a dotted name in the namespace of a module, without running any code."""
    names = dotted_names(node) if isinstance(node, ast.Name | ast.Attribute) else None
    if names is None:
        return _MISSING
    value = space.names.get(names[0], vars(builtins).get(names[0], _MISSING))
    for name in names[1:]:
        kind = type(value)
        if issubclass(kind, types.ModuleType):
            value = _in_module(value, name)
        elif issubclass(kind, type):
            value = _in_class(value, name)
        else:
            return _in_class(kind, name)
    return value


def _in_module(module: types.ModuleType, name: str) -> Any:
    """Look up a name in a module; a library's module stands for what its `__getattr__` gives."""
    inside = _members(module)
    unknown = module if "__getattr__" in inside and _is_of_library(module) else _MISSING
    return inside.get(name, unknown)


def _members(module: types.ModuleType) -> dict[str, Any]:
    """Give the namespace of a module; of one that is loaded when it is used, what it has before."""
    members: dict[str, Any] = object.__getattribute__(module, "__dict__")
    return members


def _in_class(kind: type, name: str) -> Any:
    """Look up a member of a class; a class stands for what of a library it is bound to."""
    for base in kind.__mro__:
        member = vars(base).get(name, _MISSING)
        if member is _MISSING:
            continue
        function = function_of(member)
        if function is not None and type(member) is not property:
            is_plain = type(member) is not classmethod or origin_of(function) == "project"
            return function if is_plain else kind
        return member
    above: type = type(kind)
    return kind if any(name in vars(base) for base in above.__mro__) else _MISSING
