"""Follows what a live function reaches: helpers, classes, values and names of libraries.

Names are looked up as the function itself does (closure, globals, builtins), so that the results of
decorators, factories and assignments count. Source texts are used only if they compile to the running code.
"""

from __future__ import annotations

import ast
import inspect
import os
import sys
import threading
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from zencache.code.ast_shape import Part, Template, part_of
from zencache.code.classes import class_source, is_live_member, is_users, names_around, registered
from zencache.code.content import OpaqueError, bytecode, content_node
from zencache.code.digest_graph import Node
from zencache.code.dynamic import Target, absolute, draws_unseeded, targets
from zencache.code.module_origin import code_root, origin_of_module
from zencache.code.namespaces import (
    CALLABLES,
    Space,
    bound_to,
    cells_of,
    chains_in,
    functions_in,
    is_foreign,
    is_of_project,
    library_name,
    module_of,
    origin_of,
    written_in_c,
)
from zencache.code.reporting import original_code
from zencache.code.resolve import Resolver
from zencache.code.scopes import Scope
from zencache.code.source import find_function
from zencache.code.static import Found, StaticReach, library_node
from zencache.code.step_effects import original_of
from zencache.model.secrets import is_secret
from zencache.model.types import module_name, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zencache.code.class_members import Body
    from zencache.code.library_registrations import LibraryRegistrations

_TYPE_VARIABLES = (typing.TypeVar, typing.ParamSpec, typing.NewType)
_DECLARED = (
    *("__name__", "__bound__", "__constraints__", "__covariant__", "__contravariant__"),
    *("__default__", "__supertype__"),
)
# Names of steps do not count, so those of their functions do not.
_step_functions: WeakSet[types.FunctionType] = WeakSet()


def mark_step(function: Callable[..., Any]) -> None:
    """Register a function as a step's, so that its name does not count."""
    inner = inspect.unwrap(function)
    if isinstance(inner, types.FunctionType):
        _step_functions.add(inner)


_PROCESS = {
    "os.environ": os.environ,
    "sys.modules": sys.modules,
    "sys.path": sys.path,
    "sys.argv": sys.argv,
}
_IDS_OF_PROCESS = frozenset(map(id, _PROCESS.values()))
_SCALARS = frozenset({type(None), bool, int, float, complex, str, bytes})


def make_registrations() -> LibraryRegistrations:
    """Start to look for registrations with libraries."""
    from zencache.code.library_registrations import LibraryRegistrations  # noqa: PLC0415 - only to digest

    return LibraryRegistrations()


@dataclass
class Reach(Resolver):
    """Follows live objects, each once."""

    _nodes: dict[Any, tuple[Any, Node]] = field(default_factory=dict)
    """By identity, with the object itself, so that its id is not reused."""
    find_registrations: Callable[[], LibraryRegistrations] = make_registrations
    """Gives the registrations with libraries; the digests of one moment share them."""
    _registered_with: dict[str, list[Node]] = field(default_factory=dict)
    """The node of registrations, by the module that the import starts from; none if there are none."""

    def __post_init__(self) -> None:
        self.static = StaticReach(self.stand_in, aspects=self.aspects, live_name=self.live_name)

    def met(self) -> Iterator[tuple[Any, Node]]:
        """List the objects that were followed, each with its node."""
        yield from self._nodes.values()

    # -- any object ---------------------------------------------------------------------------

    def visit(self, value: Any) -> Node:  # noqa: C901, PLR0911 - one line a kind
        """Give the node of any object; raises OpaqueError if its content cannot be read."""
        if type(value) in _SCALARS:
            return content_node(value, self.visit, self.root_folder)
        value = original_of(value)
        if issubclass(type(value), threading.local):  # any question about its attributes runs its constructor
            return self._met(value, self._value)
        if isinstance(value, types.ModuleType):
            return self.whole(value)
        if id(value) in _IDS_OF_PROCESS:
            return self._of_process(value)
        if issubclass(type(value), type):
            is_ours = is_of_project(value)
            return self._later(value, self._class) if is_ours else self._met(value, self._class)
        if isinstance(value, types.FunctionType):
            is_ours = origin_of(value) == "project"
            return self._later(value, self._function) if is_ours else self._met(value, self._function)
        if isinstance(value, CALLABLES) or type_name(type(value)) == "numpy.ufunc":
            return self._met(value, self._builtin)
        if isinstance(value, _TYPE_VARIABLES) and "type variables" in self.aspects:
            return self._met(value, self._type_variable)
        if origin_of_module(module_of(type(value))) == "zencache" and hasattr(value, "__wrapped__"):
            return self.visit(value.__wrapped__)
        if callable(value) and (dotted := library_name(value)):
            return self.static.library(dotted, value.__module__)
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            return content_node(value, self.visit, self.root_folder)
        return self._met(value, self._value)

    def _met(self, value: Any, make: Callable[[Any, Node], None]) -> Node:
        """Make the node of an object once; register it first, because objects may refer to each other."""
        key = id(value)
        if key not in self._nodes:
            before = len(self._nodes)
            node = Node("")
            self._nodes[key] = (value, node)
            try:
                make(value, node)
            except (OpaqueError, RecursionError) as error:
                for late in list(self._nodes)[before:]:  # they may refer to unfinished nodes
                    del self._nodes[late]
                raise OpaqueError(str(error) or type_name(type(value))) from error
        return self._nodes[key][1]

    def _later(self, value: Any, make: Callable[[Any, Node], None]) -> Node:
        """Give the node of an object that is followed later, because chains of helpers may be long."""
        if id(value) not in self._nodes:
            node = Node("")
            self._nodes[id(value)] = (value, node)
            self.static.pending.append(lambda: make(value, node))
        return self._nodes[id(value)][1]

    def _of_process(self, value: Any) -> Node:
        """Represent an object of the process, whatever name it was imported by."""
        if value is sys.argv:
            return self.visit(sys.argv[1:])
        name = next(name for name, singleton in _PROCESS.items() if value is singleton)
        return self.static.library(name, name.partition(".")[0])

    def _value(self, value: Any, node: Node) -> None:
        if is_secret(value):
            node.kind, node.own, node.text = "value", ["secret", self.seal(value)], "(a secret)"
            return
        content = content_node(value, self.visit, self.root_folder)
        node.kind, node.own, node.refs = content.kind, content.own, content.refs
        node.unordered, node.text, node.kept = content.unordered, content.text, content.kept

    def _type_variable(self, value: Any, node: Node) -> None:
        """Include what a type variable, or a new name of a type, was declared with."""
        declared = {name: getattr(value, name) for name in _DECLARED if hasattr(value, name)}
        node.kind, node.own, node.text = "value", ["type variable", list(declared)], repr(value)
        node.refs = [self.or_opaque(each) for each in declared.values()]

    def stand_in(self, value: Any) -> Node:
        """Give the node of an object that stands for a module."""
        if isinstance(value, types.ModuleType):
            return self._met(value, self._fill_whole)
        return self.or_unknown(value, f"module {getattr(value, '__name__', value)}")

    def followed(self, value: Any) -> Node:
        """Give the node of an object, with all that it reaches."""
        node = self.visit(value)
        self.static.drain()
        return node

    # -- functions ----------------------------------------------------------------------------

    def root(self, function: types.FunctionType) -> Node:
        """Give the node of a step's own function: the defaults of its arguments are parameters."""
        node = Node("")
        self._function(function, node, defaults=False)
        node.label = ""
        node.refs += self._registered(function.__globals__)
        self.static.drain()
        return node

    def root_of_class(self, method: types.MethodType, label: str) -> Node:
        """Give the node of a class-based step's own method; its instance and class count with it."""
        function: Any = method.__func__
        node = Node("")
        self._nodes[id(function)] = (function, node)
        self._function(function, node, defaults=False)
        node.label = label
        node.refs.append(self.or_unknown(method.__self__, "the step's instance"))
        node.refs += self._registered(function.__globals__)
        self.static.drain()
        return node

    def _registered(self, names: Mapping[str, Any]) -> list[Node]:
        module = sys.modules.get(str(names.get("__name__")))
        if module is None or vars(module) is not names:
            return []
        if module.__name__ not in self._registered_with:
            self._registered_with[module.__name__] = self.find_registrations().nodes(module, self)
        return self._registered_with[module.__name__]

    def _function(self, function: types.FunctionType, node: Node, *, defaults: bool = True) -> None:
        if origin_of(function) != "project":
            self._library_function(function, node)
            return
        if hasattr(function, "registry") and hasattr(function, "dispatch"):
            self._single_dispatch(function, node)
            return
        space = Space(function.__globals__, cells_of(function))
        self.root_folder = code_root(space.file, space.module)
        node.kind, node.runs = "function", original_code(function.__code__)
        node.label = f"helper {function.__qualname__} in {space.where}"
        name = self._name_of(function, node, is_root=not defaults)
        source = find_function(function.__code__)
        if source is None:
            self._by_bytecode(function, node, space)
        else:
            text, tree = source
            node.text = text.segment(tree)
            self._by_template(text.memory.template(tree, defaults=defaults), node, space)
            if "text" in self.aspects:
                node.own = [node.own, node.text]
        if "lines" in self.aspects:
            node.own = [node.own, function.__code__.co_firstlineno]
        if "globals" in self.aspects:
            node.refs.append(self._here(space))
        if "place" in self.aspects:
            name = f"{module_name(function.__module__)}:{function.__qualname__}"
        node.own = [name, node.own]
        if defaults:
            self._defaults(function, node)
        self._attributes(function, node)

    def _name_of(self, function: types.FunctionType, node: Node, *, is_root: bool) -> str:
        """Give the name with which a function counts; a step's only if code asks for it."""
        if "own name" in self.aspects:
            return function.__name__
        if is_root or function not in _step_functions:
            return "" if is_root else function.__name__
        node.reflects |= {"step"}
        return function.__name__ if "names" in self.aspects else ""

    def _by_template(self, template: Template, node: Node, space: Space) -> None:
        parts = [template.body]
        node.refs = []
        parts += [part for part in template.decorators if not self._is_ours(part, space)]
        node.own = []
        for part in parts:
            resolved = self.part(part, space, lenient=part is not template.body)
            node.own.append([part.shape, [list(rest) for _, rest in resolved], *_shared(resolved)])
            node.refs += [ref for ref, _ in resolved]
            node.reflects |= part.reflects
            if "docstrings" in self.aspects:
                node.own.append(part.docstrings)
            for number, (ref, _) in enumerate(resolved):
                if not ref.outside:
                    continue
                for target in targets(ref.outside, part, number):
                    node.refs += self._meant(target, space)
                if draws_unseeded(ref.outside, part, number):
                    node.unseeded |= {ref.outside}

    def _is_ours(self, decorator: Part, space: Space) -> bool:
        """Say whether a decorator is zencache's: its options are not the function's code."""
        if not decorator.chains:
            return False
        chain = decorator.chains[0]
        target = space.cells.get(chain.root, space.names.get(chain.root))
        for name in chain.attributes:
            target = getattr(target, name, None)
        return origin_of_module(str(getattr(target, "__module__", ""))) == "zencache"

    def _by_bytecode(self, function: types.FunctionType, node: Node, space: Space) -> None:
        """Use the bytecode if no source text matches the running code."""
        code = function.__code__
        file = code.co_filename
        edited = not file.startswith("<") and Path(file).is_file()
        why = f"{Path(file).name} was edited after it was imported" if edited else "there is no source text"
        node.doubt = f"of {function.__qualname__} the bytecode counts, because {why}"
        node.own = ["bytecode", bytecode(code)]
        node.refs = [self.resolve(chain, space)[0] for chain in chains_in(code, space)]

    def _single_dispatch(self, function: Any, node: Node) -> None:
        entries = sorted(function.registry.items(), key=lambda entry: type_name(entry[0]))
        node.kind, node.own = "singledispatch", [function.__name__]
        node.refs = [self.visit(part) for entry in entries for part in entry]

    def _library_function(self, function: types.FunctionType, node: Node) -> None:
        """Represent a library's function by name; follow one that wraps the user's own."""
        if hasattr(function, "registry") and hasattr(function, "dispatch"):
            self._single_dispatch(function, node)
            return
        dotted = library_name(function)
        module = str(function.__globals__.get("__name__", function.__module__))
        library = library_node(dotted or f"{module}.{function.__code__.co_name}", module)
        _become(node, library)
        if dotted is None:
            node.kind = "made by a library"
            inside = [*cells_of(function).values(), *(function.__defaults__ or ())]
            node.refs = [self.or_opaque(value) for value in inside]

    def _builtin(self, value: Any, node: Node) -> None:
        """Represent a function in C by name, or by name and the object that it is bound to."""
        if inside := functions_in(value):
            node.kind, node.own, node.refs = "method", value.__name__, [self.visit(each) for each in inside]
            return
        bound = bound_to(value)
        if bound is not None:
            node.kind, node.own, node.refs = "method", value.__name__, [self.visit(bound)]
            return
        if isinstance(value, types.MemberDescriptorType) and is_of_project(value.__objclass__):
            node.kind, node.own, node.refs = "slot", value.__name__, [self.visit(value.__objclass__)]
            return
        module, dotted = written_in_c(value)
        is_ours = origin_of_module(module) == "project"
        _become(node, self.static.find(module, ())[0] if is_ours else library_node(dotted, module))

    def _defaults(self, function: types.FunctionType, node: Node) -> None:
        for value in (*(function.__defaults__ or ()), *sorted((function.__kwdefaults__ or {}).items())):
            node.refs.append(self.or_unknown(value, f"a default of {function.__qualname__}"))

    def _attributes(self, function: types.FunctionType, node: Node) -> None:
        """Include the attributes of the function itself."""
        own = {k: v for k, v in vars(function).items() if k != "__wrapped__" and not k.startswith("__")}
        for name, value in sorted(own.items()):
            node.own = [node.own, name]
            node.refs.append(self.or_opaque(value))

    # -- classes ------------------------------------------------------------------------------

    def _class(self, kind: type, node: Node) -> None:
        if not is_of_project(kind):
            _become(node, library_node(f"{module_of(kind)}.{kind.__qualname__}", module_of(kind)))
            node.refs = [self.visit(f) for f in vars(kind).values() if is_users(f)]
            return
        from zencache.code.class_members import Body  # noqa: PLC0415 - only a class needs it

        members = {name: original_of(value) for name, value in vars(kind).items()}
        space = Space(names_around(kind))
        self.root_folder = code_root(space.file, space.module)
        node.kind, node.label = "class", f"class {kind.__qualname__} in {space.where}"
        node.refs = [self.visit(base) for base in kind.__bases__ if base is not object]
        if "type variables" in self.aspects:
            node.refs += map(self.or_opaque, getattr(kind, "__parameters__", ()))
        if type(kind) not in map(type, kind.__bases__):  # an inherited one counts with the base
            node.refs.append(self.visit(type(kind)))
        source = class_source(kind)
        defined = Scope.of(source[1].body).bound if source else None
        body = Body.of(source[1] if source else None, space.names)
        live = frozenset(name for name, value in members.items() if is_live_member(value))
        if source is not None:
            text, tree = source
            node.text = text.segment(tree)
            inner = Node("class body")
            self._by_template(text.memory.template(tree, without=live), inner, space)
            node.refs.append(inner)
            if "text" in self.aspects:
                inner.own = [inner.own, node.text]
        try:
            self._members(kind, node, defined, body)
        except Exception as error:  # noqa: BLE001 - a class may answer questions about itself by any code
            node.refs.append(_unreadable(kind, error))
        if "subclasses" in self.aspects:
            below: list[type] = type.__subclasses__(
                kind
            )  # in the order of their definitions, as code sees them
            node.refs += [self.visit(each) for each in below]

    def _members(self, kind: type, node: Node, defined: set[str] | None, body: Body) -> None:
        """Add what counts of a class beyond its text and its bases."""
        from zencache.code.class_members import extras  # noqa: PLC0415 - only a class needs it

        members = {name: original_of(value) for name, value in vars(kind).items()}
        place = f"{module_name(kind.__module__)}:" if "place" in self.aspects else ""
        names = [n for n in sorted(members) if self._member(kind, n, members[n], node, defined, body)]
        node.own = [place + kind.__name__, names]
        node.refs += [self.visit(each) for each in registered(kind)]
        more = extras(kind, body)
        if more:
            values = [self.or_opaque(value) for _, value in more]
            node.refs.append(Node("members", [name for name, _ in more], values))

    def _member(
        self, kind: type, name: str, value: Any, node: Node, defined: set[str] | None, body: Body
    ) -> bool:
        """Add a member of a class; False if its source or its bases already determine it."""
        from zencache.code.class_members import is_derived, is_generated  # noqa: PLC0415 - likewise

        if is_generated(kind, name, value, defined):
            return False
        if is_live_member(value):
            ref = self.visit(value)
        elif is_derived(kind, name, value, body):
            return False
        else:
            try:
                ref = self.visit(value)
            except OpaqueError:
                if defined is not None:
                    return False
                ref = self.unknown(f"{name} of class {kind.__qualname__}", value)
        node.refs.append(ref)
        return True

    # -- modules ------------------------------------------------------------------------------

    def whole(self, module: types.ModuleType) -> Node:
        """Include all of a module, because it is used as a value."""
        name = module.__name__
        if origin_of_module(name) != "project":
            return self.static.library(name, name)
        return self._met(module, self._fill_whole)

    def _fill_whole(self, module: types.ModuleType, node: Node) -> None:
        space = Space(vars(module))
        node.kind, node.label = "module", f"module {space.where}"
        node.doubt = f"module {space.where} counts whole: which part is used is decided at run time"
        names = [n for n, v in sorted(space.names.items()) if not is_foreign(n, v)]
        node.own = names
        node.refs = [self.or_opaque(space.names[name]) for name in names]

    def _meant(self, target: Target, space: Space) -> list[Node]:
        """Include everything that dynamic code may refer to."""
        if target.kind == "here":
            return (
                [self._met(space.names, self._session)] if space.module == "__main__" else [self._here(space)]
            )
        if target.kind == "module":
            return [self.static.find(absolute(target.text, space.package), ())[0]]
        if target.kind == "code":
            return [self._code(target.text, space)]
        prefix = absolute(target.text, space.package) if target.kind == "prefix" else ""
        return [self.static.any_module(space.module, space.file, prefix)]

    def _here(self, space: Space) -> Node:
        module = sys.modules.get(space.module)
        return self._met(space.names, self._session) if module is None else self.whole(module)

    def _session(self, names: Mapping[str, Any], node: Node) -> None:
        """Include all names of a script or a session."""
        stand_in = types.ModuleType("__main__")
        vars(stand_in).update(names)
        self._fill_whole(stand_in, node)

    def _code(self, text: str, space: Space) -> Node:
        node = Node("code")
        try:
            self._by_template(Template(part_of(ast.parse(text.strip()))), node, space)
        except SyntaxError:
            node.own = text
        return node


def _unreadable(kind: type, error: Exception) -> Node:
    """Represent the members of a class that raised an error when they were read."""
    why = f"{type_name(type(error))}: {error}" if str(error) else type_name(type(error))
    doubt = f"class {kind.__qualname__} cannot be read ({why}), so no result can be reused"
    return Node("unknown", unknown=True, doubt=doubt)


def _become(node: Node, other: Node) -> None:
    for name, value in vars(other).items():
        setattr(node, name, value)


def _shared(resolved: list[Found]) -> list[Any]:
    """Give the groups of names that share one mutable value."""
    seen: dict[int, int] = {}
    first = [seen.setdefault(id(node), number) for number, (node, _) in enumerate(resolved)]
    twice = [
        n
        for n, at in enumerate(first)
        if at != n and resolved[n][0].kind == "value" and resolved[n][0].refs == []
    ]
    return [[first[n], n] for n in twice]
