"""Decides which functions can keep what they read for later calls: in a cache, a global, a class.

A function that only returns what it read shares it with nobody; a step that calls it reads by itself.
"""

from __future__ import annotations

import ast
import functools
import types
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zencache.code.module_origin import origin_of_module
from zencache.code.namespaces import origin_of
from zencache.code.scopes import Scope, arguments_scope
from zencache.code.source import FunctionNode, find_function, function_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zencache.code.source import Text

_CACHES = ("cache", "memo", "once", "singleton", "lazy")
"""Parts of the names of decorators that keep what a function returned."""
_CHANGING = frozenset(
    {
        *("append", "appendleft", "add", "extend", "extendleft", "update", "insert", "put", "setdefault"),
        *("__setitem__", "__setattr__", "set", "store", "push", "register"),
    }
)
_CONTAINERS = (dict, list, set, bytearray, deque)
_NEW = " new"  # stands for an object that has no name
_DEPTH = 3  # how far containers and attributes of a live object are followed


@dataclass(frozen=True)
class Keeping:
    """How a function can keep what it reads, as far as its text says."""

    outside: bool = False
    """It changes an object that it neither made nor got as an argument; or it has a cache."""
    instance: bool = False
    """It changes its first argument, `self`, or is a property that is computed once."""
    default: bool = False
    """It changes an argument that has a container as its default."""
    parts: frozenset[str] = frozenset()
    """The attributes of `self` whose objects it changes in place: they may be the class's."""


@functools.lru_cache(maxsize=4096)
def _keeping_at(code: types.CodeType, _file: str) -> Keeping:
    source = find_function(code)
    return Keeping(True, True, True) if source is None else keeping_of(source[1], source[0])


def keeping(code: types.CodeType) -> Keeping:
    """Say how a function can keep what it reads; one without a text is assumed to."""
    return _keeping_at(code, code.co_filename)  # code of two files may be equal


def keeping_of(node: FunctionNode, text: Text) -> Keeping:
    r"""Say the same of a function's syntax tree.

    >>> from zencache.code.source import Text
    >>> text = Text("a.py", "def load(p):\n    ALL[p] = open(p).read()\n    return ALL[p]\n")
    >>> keeping_of(text.tree.body[0], text)
    Keeping(outside=True, instance=False, default=False, parts=frozenset())
    """
    decorators = [_last_name(each) for each in getattr(node, "decorator_list", ())]
    is_computed_once = "cached_property" in decorators
    is_cached = any(part in name.lower() for name in decorators for part in _CACHES) and not is_computed_once
    changes = set(_changed(node, _libraries(text)))
    changed = {name for name, _ in changes}
    positional = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    first = positional[0] if positional else ""
    return Keeping(
        outside=is_cached or "" in changed or (first == "cls" and "cls" in changed),
        instance=is_computed_once or (first in changed and first != "cls"),
        default=bool(changed & set(_changeable_defaults(node))),
        parts=frozenset(part for name, part in changes if name == first and part),
    )


def _last_name(node: ast.expr) -> str:
    while isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _changeable_defaults(node: FunctionNode) -> Iterator[str]:
    """Name the arguments whose default is a container."""
    spec = node.args
    positional = [*spec.posonlyargs, *spec.args]
    with_default = positional[len(positional) - len(spec.defaults) :]
    pairs = [*zip(with_default, spec.defaults, strict=True)]
    by_keyword = zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
    pairs += [(argument, default) for argument, default in by_keyword if default is not None]
    kinds = (ast.List, ast.Dict, ast.Set, ast.Call, ast.ListComp, ast.DictComp, ast.SetComp)
    return (argument.arg for argument, default in pairs if isinstance(default, kinds))


def _libraries(text: Text) -> frozenset[str]:
    """Name what a module imports from libraries: options that are set there keep no file."""
    imports = Scope.of(text.tree.body).imports if text.tree else {}
    return frozenset(
        name
        for name, targets in imports.items()
        if all(not each.level and origin_of_module(each.module) != "project" for each in targets)
    )


Change = tuple[str, str]
"""The name that a changed object starts from; and its attribute whose object is changed in place, or ""."""


def _changed(node: FunctionNode, libraries: frozenset[str]) -> Iterator[Change]:
    """Give the arguments that a function changes; the name is "" for an object from outside."""
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    nodes = [inner for statement in body for inner in ast.walk(statement)]
    arguments = arguments_scope(node.args).bound
    own, aliases = _own_and_aliases(nodes)
    for each in nodes:
        if isinstance(each, ast.Global | ast.Nonlocal):
            yield "", ""
        for changed, changed_part in _changed_by(each):
            name, part = changed, changed_part
            for _ in aliases:
                name, part = aliases.get(name, (name, part))
            if name in arguments:
                yield ("", "") if part == "__class__" else (name, part)
            elif name not in own and name not in libraries:
                yield "", ""


def _changed_by(node: ast.AST) -> Iterator[Change]:
    """Give what one node changes."""
    if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield _place(node.value)
    elif isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in _CHANGING:
            yield _place(function.value)
        elif isinstance(function, ast.Name) and function.id == "setattr" and node.args:
            yield _place(node.args[0])
        elif isinstance(function, ast.Name) and function.id == "globals":
            yield "", ""


def _place(node: ast.expr) -> Change:
    """Give the name that an expression starts from, and the first attribute that it takes."""
    part = ""
    while isinstance(node, ast.Subscript | ast.Attribute):
        part = node.attr if isinstance(node, ast.Attribute) else part
        node = node.value
    if isinstance(node, ast.Call):  # `vars(settings)["x"] = …`; of any other call the object is new
        is_named = isinstance(node.func, ast.Name) and node.func.id in ("vars", "globals", "getattr", "type")
        if not is_named:
            return _NEW, ""
        is_class = isinstance(node.func, ast.Name) and node.func.id == "type"
        return ("", "") if is_class or not node.args else _place(node.args[0])
    return (node.id, part) if isinstance(node, ast.Name) else (_NEW, "")


def _own_and_aliases(nodes: list[ast.AST]) -> tuple[set[str], dict[str, Change]]:
    """Name the locals that hold new objects, and those that hold another name's object or a part of it."""
    own: set[str] = {_NEW}
    aliases: dict[str, Change] = {}
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.arg):
            own.add(node.arg)
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if isinstance(node.value, ast.Name | ast.Attribute | ast.Subscript):
                aliases.update({t.id: _place(node.value) for t in targets if isinstance(t, ast.Name)})
    return own - aliases.keys(), aliases


# -- live objects -------------------------------------------------------------------------------------


@dataclass
class LiveKeepers:
    """What live objects that a step reaches say: which functions are cached, which instances stay."""

    cached: set[int] = field(default_factory=set)
    """The ids of the code of functions behind a cache."""
    methods: set[int] = field(default_factory=set)
    """Those of the methods of instances that stay."""
    shared: dict[int, set[str]] = field(default_factory=dict)
    """Those of the methods of classes, with the names of the containers that the class holds."""
    _seen: dict[int, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, objects: Iterable[Any]) -> LiveKeepers:
        """Look at objects, and at what they hold."""
        keepers = cls()
        for value in objects:
            keepers._visit(value, _DEPTH)
        return keepers

    def _visit(self, value: Any, depth: int) -> None:
        if id(value) in self._seen or not depth or isinstance(value, types.ModuleType):
            return
        self._seen[id(value)] = value
        if isinstance(value, dict | list | tuple | set | frozenset | deque):
            for inner in list(value.values() if isinstance(value, dict) else value)[:_MOST]:
                self._visit(inner, depth - 1)
        elif isinstance(value, type):
            containers = {name for name, inner in list(vars(value).items()) if isinstance(inner, _CONTAINERS)}
            for code in _codes_of(value) if containers else ():
                self.shared.setdefault(id(code), set()).update(containers)
            for inner in list(vars(value).values()):
                is_wrapper = issubclass(type(inner), staticmethod | classmethod)
                self._visit(inner.__func__ if is_wrapper else inner, depth - 1)
        elif isinstance(value, types.FunctionType):
            self._function(value, depth)
        elif "__wrapped__" in getattr(value, "__dict__", ()):  # an lru_cache, an object of a library
            self._add_cached(value)
        elif origin_of_module(type(value).__module__) == "project":
            self._instance(value, depth)

    def _function(self, function: types.FunctionType, depth: int) -> None:
        cells = [cell.cell_contents for cell in function.__closure__ or () if cell != types.CellType()]
        if origin_of(function) != "project" and any(_can_keep(each) for each in cells):
            self._add_cached(function)
        for inner in (*cells, *vars(function).values()):
            self._visit(inner, depth - 1)

    def _add_cached(self, wrapper: Any) -> None:
        while (wrapper := getattr(wrapper, "__wrapped__", None)) is not None:
            if isinstance(wrapper, types.FunctionType):
                self.cached.add(id(wrapper.__code__))

    def _instance(self, value: Any, depth: int) -> None:
        for kind in type(value).__mro__:
            if origin_of_module(kind.__module__) == "project":
                self.methods.update(map(id, _codes_of(kind)))
        for inner in list(getattr(value, "__dict__", {}).values()):
            self._visit(inner, depth - 1)


_HOLDERS = (functools.cached_property, functools.partialmethod, functools.singledispatchmethod)
_CACHED = type(functools.lru_cache(id))
_MOST = 100  # items of a container that are looked at


def _can_keep(value: Any) -> bool:
    return isinstance(value, _CONTAINERS) or hasattr(type(value), "__setitem__")


def _codes_of(kind: type) -> Iterator[types.CodeType]:
    for member in list(vars(kind).values()):
        inner = member
        if issubclass(type(member), _HOLDERS):
            inner = member.func
        elif issubclass(type(member), staticmethod | classmethod):
            inner = member.__func__
        if type(inner) in (types.FunctionType, _CACHED):
            inner = vars(inner).get("__wrapped__", inner)
        function = function_of(inner)
        if function is not None:
            yield function.__code__
