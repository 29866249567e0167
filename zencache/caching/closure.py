"""What a live function reaches: helpers, classes, values, library names, wherever they are defined.

Names are looked up where the function itself would look them up (closure, globals, builtins), so that
whatever a decorator, a factory or an assignment made of them is what counts. Source texts serve only
where they compile to the code that runs.
"""

from __future__ import annotations

import ast
import builtins
import collections
import functools
import inspect
import io
import queue
import sys
import types
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

from zencache.caching.content import OpaqueError, content_node, short
from zencache.caching.dynamic import Target, absolute, targets
from zencache.caching.nodes import Node
from zencache.caching.origin import code_root, origin_of_file, origin_of_module
from zencache.caching.scopes import Scope
from zencache.caching.source import FunctionNode, Text, find_function, texts_of
from zencache.caching.static import Found, StaticReach, library_node, place_of
from zencache.caching.template import Chain, Part, Template, part_of, template_of
from zencache.graph.types import module_name, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CALLABLES = (
    *(types.BuiltinFunctionType, types.WrapperDescriptorType, types.MethodDescriptorType),
    *(types.MethodWrapperType, types.ClassMethodDescriptorType, types.GetSetDescriptorType),
    types.MemberDescriptorType,
)
_FUNCTION_LIKE = (
    *(types.FunctionType, staticmethod, classmethod, property, functools.cached_property),
    *(functools.partialmethod, functools.singledispatchmethod),
)
_CHANGEABLE = frozenset(
    {
        bool,
        int,
        float,
        str,
        bytes,
        list,
        dict,
        set,
        bytearray,
        type(None),
        io.StringIO,
        io.BytesIO,
        queue.Queue,
    }
    | {collections.deque, collections.Counter, collections.defaultdict, collections.OrderedDict}
)
_BY_NAME = frozenset({"__builtins__", "__spec__", "__loader__", "__path__", "__cached__", "__annotations__"})
# Names of steps do not count, so those of their functions do not.
_step_functions: WeakSet[types.FunctionType] = WeakSet()


def mark_step(function: Callable[..., Any]) -> None:
    """Remember that a function is a step's: its name is only a name."""
    inner = inspect.unwrap(function)
    if isinstance(inner, types.FunctionType):
        _step_functions.add(inner)


class Space(NamedTuple):
    """Where a piece of code looks names up."""

    names: Mapping[str, Any]
    cells: Mapping[str, Any] = types.MappingProxyType({})

    @property
    def module(self) -> str:
        """The module's name."""
        return str(self.names.get("__name__", "__main__"))

    @property
    def package(self) -> str:
        """What relative imports start from."""
        return str(self.names.get("__package__") or self.module.rpartition(".")[0])

    @property
    def file(self) -> str | None:
        """The module's file."""
        found = self.names.get("__file__")
        return str(found) if found else None

    @property
    def where(self) -> str:
        """What an explanation calls the module."""
        return place_of(self.module, self.file)


@dataclass
class Reach:
    """Follows live objects; what was met once is not followed again."""

    aspects: frozenset[str] = frozenset()
    """What code asks about code, so that it counts: docstrings, text, place."""
    static: StaticReach = field(default_factory=StaticReach)
    _nodes: dict[Any, tuple[Any, Node]] = field(default_factory=dict)
    """By identity, with the object itself, so that its id stays its own."""
    _root: Path | None = None

    # -- any object ---------------------------------------------------------------------------

    def visit(self, value: Any) -> Node:  # noqa: PLR0911 - one line a kind
        """Give the node of any object; raises OpaqueError where nothing tells what it holds."""
        if isinstance(value, types.ModuleType):
            return self._module(value)
        if isinstance(value, type):
            return self._met(value, self._class)
        if isinstance(value, types.FunctionType):
            return self._met(value, self._function)
        if isinstance(value, _CALLABLES) or type_name(type(value)) == "numpy.ufunc":
            return self._met(value, self._builtin)
        if origin_of_module(type(value).__module__) == "zencache" and hasattr(value, "__wrapped__"):
            return self.visit(value.__wrapped__)
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            return content_node(value, self.visit, self._root)
        return self._met(value, self._value)

    def _met(self, value: Any, make: Callable[[Any, Node], None]) -> Node:
        """Make the node of an object once; it is known while it is made, because objects refer to each other."""
        key = id(value)
        if key not in self._nodes:
            before = len(self._nodes)
            node = Node("")
            self._nodes[key] = (value, node)
            try:
                make(value, node)
            except (OpaqueError, RecursionError) as error:
                for late in list(self._nodes)[before:]:  # they may refer to what was not finished
                    del self._nodes[late]
                raise OpaqueError(str(error) or type_name(type(value))) from error
        return self._nodes[key][1]

    def _value(self, value: Any, node: Node) -> None:
        made = content_node(value, self.visit, self._root)
        node.kind, node.own, node.refs = made.kind, made.own, made.refs
        node.unordered, node.text = made.unordered, made.text

    # -- functions ----------------------------------------------------------------------------

    def root(self, function: types.FunctionType) -> Node:
        """Give the node of a step's own function: the defaults of its arguments are parameters."""
        node = Node("")
        self._function(function, node, defaults=False)
        node.label = ""
        return node

    def _function(self, function: types.FunctionType, node: Node, *, defaults: bool = True) -> None:
        if _origin(function) != "project":
            self._library_function(function, node)
            return
        if hasattr(function, "registry") and hasattr(function, "dispatch"):
            self._single_dispatch(function, node)
            return
        space = Space(function.__globals__, _cells(function))
        node.kind = "function"
        node.label = f"helper {function.__qualname__} in {space.where}"
        name = function.__name__ if defaults and function not in _step_functions else ""
        found = find_function(function.__code__)
        if found is None:
            self._by_bytecode(function, node, space)
        else:
            text, tree = found
            node.text = text.segment(tree)
            self._by_template(_template(tree, defaults), node, space)
            if "text" in self.aspects:
                node.own = [node.own, node.text]
        if "place" in self.aspects:
            name = f"{module_name(function.__module__)}:{function.__qualname__}"
        node.own = [name, node.own]
        if defaults:
            self._defaults(function, node)
        self._attributes(function, node)

    def _by_template(self, template: Template, node: Node, space: Space) -> None:
        parts = [template.body]
        node.refs = []
        parts += [part for part in template.decorators if not self._is_ours(part, space)]
        node.own = []
        for part in parts:
            found = self._part(part, space, lenient=part is not template.body)
            node.own.append([part.shape, [list(rest) for _, rest in found]])
            node.refs += [ref for ref, _ in found]
            node.reflects |= part.reflects
            if "docstrings" in self.aspects:
                node.own.append(part.docstrings)
            for number, (ref, _) in enumerate(found):
                for target in targets(ref.outside, part, number):
                    node.refs += self._meant(target, space)

    def _is_ours(self, decorator: Part, space: Space) -> bool:
        """Say whether a decorator is zencache's: its options are not the function's code."""
        if not decorator.chains:
            return False
        chain = decorator.chains[0]
        found = space.cells.get(chain.root, space.names.get(chain.root))
        for name in chain.attributes:
            found = getattr(found, name, None)
        return origin_of_module(str(getattr(found, "__module__", ""))) == "zencache"

    def _by_bytecode(self, function: types.FunctionType, node: Node, space: Space) -> None:
        """Take the bytecode where no source text is that of the code that runs."""
        code = function.__code__
        file = code.co_filename
        edited = not file.startswith("<") and Path(file).is_file()
        why = f"{Path(file).name} was edited after it was imported" if edited else "there is no source text"
        node.doubt = f"of {function.__qualname__} the bytecode counts, because {why}"
        node.own = ["bytecode", _bytecode(code)]
        names = sorted(_names(code))
        chains = [Chain(name) for name in names if name in space.cells or name in space.names]
        modules = [c for c in chains if isinstance(_looked_up(c.root, space), types.ModuleType)]
        chains = [c for c in chains if c not in modules]
        for chain in modules:
            inside = vars(_looked_up(chain.root, space))
            chains += [Chain(chain.root, (name,)) for name in names if name in inside]
        node.refs = [self.resolve(chain, space)[0] for chain in chains]

    def _single_dispatch(self, function: Any, node: Node) -> None:
        entries = sorted(function.registry.items(), key=lambda entry: type_name(entry[0]))
        node.kind, node.own = "singledispatch", [function.__name__]
        node.refs = [self.visit(part) for entry in entries for part in entry]

    def _library_function(self, function: types.FunctionType, node: Node) -> None:
        """Stand for a library's function by name; one that a library made around the user's own is followed."""
        if hasattr(function, "registry") and hasattr(function, "dispatch"):
            self._single_dispatch(function, node)
            return
        dotted = _library_name(function)
        module = str(function.__globals__.get("__name__", function.__module__))
        made = library_node(dotted or f"{module}.{function.__code__.co_name}", module)
        _become(node, made)
        if dotted is None:
            node.kind = "made by a library"
            inside = [*_cells(function).values(), *(function.__defaults__ or ())]
            node.refs = [self._or_opaque(value) for value in inside]

    def _builtin(self, value: Any, node: Node) -> None:
        """Stand for something written in C: by name, or by name and the object that it is bound to."""
        bound = getattr(value, "__self__", None)
        if bound is not None and not isinstance(bound, types.ModuleType | type):
            home = sys.modules.get(type(bound).__module__)
            if getattr(home, value.__name__, None) is not value:  # not one like `random.random`
                node.kind, node.own = "method", value.__name__
                node.refs = [self.visit(bound)]
                return
            module = type(bound).__module__
        else:
            holder = getattr(value, "__objclass__", bound if isinstance(bound, type) else None)
            module = getattr(value, "__module__", None) or getattr(holder, "__module__", None) or ""
        if origin_of_module(module or "builtins") == "project":
            _become(node, self.static.find(module, ())[0])
            return
        name = getattr(value, "__qualname__", None) or value.__name__
        _become(node, library_node(f"{module}.{name}" if module else name, module or "builtins"))

    def _defaults(self, function: types.FunctionType, node: Node) -> None:
        for value in (*(function.__defaults__ or ()), *sorted((function.__kwdefaults__ or {}).items())):
            node.refs.append(self._or_unknown(value, f"a default of {function.__qualname__}"))

    def _attributes(self, function: types.FunctionType, node: Node) -> None:
        """Take in what was set on the function itself."""
        own = {k: v for k, v in vars(function).items() if k != "__wrapped__" and not k.startswith("__")}
        for name, value in sorted(own.items()):
            node.own = [node.own, name]
            node.refs.append(self._or_opaque(value))

    # -- classes ------------------------------------------------------------------------------

    def _class(self, kind: type, node: Node) -> None:
        if origin_of_module(kind.__module__) != "project":
            _become(node, library_node(f"{kind.__module__}.{kind.__qualname__}", kind.__module__))
            return
        members = vars(kind)
        space = Space(_class_names(kind))
        node.kind, node.label = "class", f"class {kind.__qualname__} in {space.where}"
        node.refs = [self.visit(base) for base in kind.__bases__ if base is not object]
        node.refs.append(self.visit(type(kind)))
        found = class_source(kind)
        defined = Scope.of(found[1].body).bound if found else None
        live = frozenset(name for name, value in members.items() if _is_live_member(value))
        if found is not None:
            text, tree = found
            node.text = text.segment(tree)
            inner = Node("class body")
            self._by_template(template_of(tree, without=live), inner, space)
            node.refs.append(inner)
            if "text" in self.aspects:
                inner.own = [inner.own, node.text]
        place = f"{module_name(kind.__module__)}:" if "place" in self.aspects else ""
        names = [n for n in sorted(members) if self._member(kind, n, members[n], node, defined)]
        node.own = [place + kind.__name__, names]
        if "subclasses" in self.aspects:
            below: list[type] = sorted(kind.__subclasses__(), key=lambda each: each.__qualname__)
            node.refs += [self.visit(each) for each in below]

    def _member(self, kind: type, name: str, value: Any, node: Node, defined: set[str] | None) -> bool:
        """Add a member of a class; False for what its source or its bases tell already."""
        if defined is not None and name not in defined and _is_generated(name, value):
            return False
        if _is_live_member(value):
            ref = self.visit(value)
        elif _is_noise(kind, name, value):
            return False
        else:
            try:
                ref = self.visit(value)
            except OpaqueError:
                if defined is not None:
                    return False
                ref = self._unknown(f"{name} of class {kind.__qualname__}", value)
        node.refs.append(ref)
        return True

    # -- modules ------------------------------------------------------------------------------

    def _module(self, module: types.ModuleType) -> Node:
        """Take in all of a module, because it is used as a value."""
        name = module.__name__
        if origin_of_module(name) != "project":
            return library_node(name, name)
        return self._met(module, self._whole)

    def _whole(self, module: types.ModuleType, node: Node) -> None:
        space = Space(vars(module))
        node.kind, node.label = "module", f"module {space.where}"
        node.doubt = f"module {space.where} counts whole: which part is used is decided at run time"
        names = [n for n, v in sorted(space.names.items()) if not _is_foreign(n, v)]
        node.own = names
        node.refs = [self._or_opaque(space.names[name]) for name in names]

    def _meant(self, target: Target, space: Space) -> list[Node]:
        """Take in all that dynamic code may mean."""
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
        return self._met(space.names, self._session) if module is None else self._module(module)

    def _session(self, names: Mapping[str, Any], node: Node) -> None:
        """Take in all names of a script or a session."""
        stand_in = types.ModuleType("__main__")
        vars(stand_in).update(names)
        self._whole(stand_in, node)

    def _code(self, text: str, space: Space) -> Node:
        node = Node("code")
        try:
            self._by_template(Template(part_of(ast.parse(text.strip()))), node, space)
        except SyntaxError:
            node.own = text
        return node

    # -- names --------------------------------------------------------------------------------

    def _part(self, part: Part, space: Space, *, lenient: bool) -> list[Found]:
        return [self.resolve(chain, space, lenient=lenient) for chain in part.chains]

    def resolve(self, chain: Chain, space: Space, *, lenient: bool = False) -> Found:  # noqa: PLR0911 - one line a kind
        """Find what a piece of code means by a name from outside.

        `lenient`: whether what nothing can be told of is let pass; else nothing computed with it is reused.
        """
        if chain.imported is not None:
            if chain.effects:
                return self.static.effects(chain.imported.module), ()
            return self.static.imported(chain.imported, space.package, chain.attributes)
        if chain.root in _BY_NAME:
            return Node("undefined", chain.root), chain.attributes
        if chain.root not in space.cells and chain.root not in space.names:
            return self._undefined(chain)
        value = _looked_up(chain.root, space)
        if chain.written and _is_only_changed(value, chain.attributes):
            return Node("changed", type_name(type(value))), chain.attributes
        if isinstance(value, types.ModuleType) and (chain.attributes or not _is_project(value)):
            return self._through_module(value, chain.attributes)
        return self._named(chain.root, value, space, lenient=lenient), chain.attributes

    def _undefined(self, chain: Chain) -> Found:
        if hasattr(builtins, chain.root):
            return library_node(f"builtins.{chain.root}", "builtins"), chain.attributes
        return Node("undefined", chain.root), chain.attributes

    def _through_module(self, module: types.ModuleType, rest: tuple[str, ...]) -> Found:
        """Follow `module.attribute.attribute` through live modules."""
        while rest:
            name = rest[0]
            if name in ("__dict__", "__getattr__") and _is_project(module):
                return self._module(module), rest
            inside = vars(module)
            value = inside[name] if name in inside else getattr(module, name, _MISSING)
            if value is _MISSING:
                return self.static.find(module.__name__, rest)
            rest = rest[1:]
            if not isinstance(value, types.ModuleType):
                if _is_project(module):
                    return self._named(name, value, Space(inside), lenient=False), rest
                return self._in_library(module, name, value, rest)
            module = value
        if module is sys and rest == ():
            return library_node("sys", "sys"), ()
        return self._module(module), ()

    def _in_library(self, module: types.ModuleType, name: str, value: Any, rest: tuple[str, ...]) -> Found:
        if module is sys and name == "argv":
            return self.visit(sys.argv[1:]), rest
        dotted = _library_name(value) or f"{module.__name__}.{name}"
        node = library_node(dotted, module.__name__)
        return node, rest

    def _named(self, name: str, value: Any, space: Space, *, lenient: bool) -> Node:
        self._root = code_root(space.file, space.module)
        if lenient:
            return self._or_opaque(value)
        kind = "closed-over" if name in space.cells else "global"
        node = self._or_unknown(value, f"{kind} {name} in {space.where}")
        if node.kind == "library" and not node.outside:
            return node
        if node.kind in ("value", "method", "object") and not node.label:
            node.label = f"{kind} {name} in {space.where}"
            node.text = node.text or short(value)
        return node

    # -- what nothing can be told of --------------------------------------------------------------

    def _or_unknown(self, value: Any, what: str) -> Node:
        try:
            return self.visit(value)
        except OpaqueError as error:
            return self._unknown(what, error)

    def _unknown(self, what: str, error: Any) -> Node:
        kind = error if isinstance(error, OpaqueError) else type_name(type(error))
        return Node(
            "unknown",
            unknown=True,
            doubt=f"{what} holds a {kind}, which cannot be digested, so no result can be reused; make it inside "
            'the step, or say CachePolicy(code="function")',
        )

    def _or_opaque(self, value: Any) -> Node:
        """Take a value by its type where nothing tells what it holds."""
        try:
            return self.visit(value)
        except OpaqueError:
            return Node("opaque", type_name(type(value)))


_MISSING = object()


@functools.lru_cache(maxsize=8192)
def _template(node: FunctionNode, defaults: bool) -> Template:
    return template_of(node, defaults=defaults)


def _become(node: Node, other: Node) -> None:
    for name, value in vars(other).items():
        setattr(node, name, value)


def _origin(function: types.FunctionType) -> str:
    file = function.__code__.co_filename
    if file.startswith("<") and not file.startswith("<frozen"):
        return origin_of_module(str(function.__globals__.get("__name__", "__main__")))
    return origin_of_file(file)


def _cells(function: types.FunctionType) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells if cell != types.CellType()}


def _looked_up(name: str, space: Space) -> Any:
    return space.cells[name] if name in space.cells else space.names[name]


def _library_name(value: Any) -> str | None:
    """Name something in a library as its module knows it, or None where the module does not."""
    module, qualname = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not (isinstance(module, str) and isinstance(qualname, str)) or "<locals>" in qualname:
        return None
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        found = getattr(found, name, None)
    return f"{module}.{qualname}" if found is value and origin_of_module(module) != "project" else None


def _is_only_changed(value: Any, attributes: tuple[str, ...]) -> bool:
    """Say whether changing a global tells nothing of what it held: a container, a stream, an attribute."""
    if isinstance(value, types.ModuleType):
        value, attributes = vars(value).get(attributes[0] if attributes else ""), attributes[1:]
    return type(value) in _CHANGEABLE or (bool(attributes) and isinstance(value, type | types.FunctionType))


def _is_project(module: types.ModuleType) -> bool:
    return origin_of_module(module.__name__) == "project"


def _is_foreign(name: str, value: Any) -> bool:
    return (name.startswith("__") and name.endswith("__")) or isinstance(value, types.ModuleType)


def _bytecode(code: types.CodeType) -> Any:
    constants = [_bytecode(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    return [code.co_name, code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars]


def _names(code: types.CodeType) -> set[str]:
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return {*code.co_names, *code.co_freevars}.union(*map(_names, inner))


# -- classes ----------------------------------------------------------------------------------------

_NOISE = frozenset({"_abc_impl", "_is_protocol", "_is_runtime_protocol", "_parameters"})


def _is_live_member(value: Any) -> bool:
    """Say whether a member is taken from the live class rather than from the class's text."""
    return isinstance(value, (*_FUNCTION_LIKE, type))


def _is_generated(name: str, value: Any) -> bool:
    """Say whether a method was made by a library (`@dataclass`): the class's text tells what it does."""
    if not isinstance(value, types.FunctionType):
        return False
    generated = value.__code__.co_filename.startswith("<")
    return generated or (name.startswith("__") and _origin(value) != "project")


def _is_noise(kind: type, name: str, value: Any) -> bool:
    """Say whether a member is the machinery's: dunders, slots, and what an enum's metaclass adds."""
    if name.startswith("__") or name in _NOISE or isinstance(value, _CALLABLES):
        return True
    return issubclass(kind, Enum) and (name.startswith("_") or isinstance(value, kind))


def _class_names(kind: type) -> Mapping[str, Any]:
    """Give the globals in which a class was defined."""
    for value in vars(kind).values():
        function = getattr(value, "__func__", getattr(value, "fget", value))
        is_own = isinstance(function, types.FunctionType) and function.__module__ == kind.__module__
        if is_own and not function.__code__.co_filename.startswith("<"):
            return function.__globals__  # type: ignore[no-any-return]
    module = sys.modules.get(kind.__module__)
    return vars(module) if module else {"__name__": kind.__module__}


def class_source(kind: type) -> tuple[Text, ast.ClassDef] | None:
    """Find the text of a live class: the one that its methods and its plain attributes agree with."""
    names = _class_names(kind)
    file = str(names.get("__file__") or _file_of_methods(kind) or "")
    for text in texts_of(file) if file else ():
        for node in reversed(text.classes.get(kind.__qualname__, [])):
            if _fits(node, kind, text):
                return text, node
    return None


def _file_of_methods(kind: type) -> str | None:
    for value in vars(kind).values():
        if isinstance(value, types.FunctionType) and value.__module__ == kind.__module__:
            return value.__code__.co_filename
    return None


def _fits(node: ast.ClassDef, kind: type, text: Text) -> bool:
    """Say whether a class's text is that of the live class, as far as can be seen."""
    lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    for name, value in vars(kind).items():
        function = getattr(value, "__func__", getattr(value, "fget", value))
        if not isinstance(function, types.FunctionType) or function.__name__ != name:
            continue
        code = function.__code__
        if code.co_filename == text.file and code.co_firstlineno in lines and text.find(code) is None:
            return False
    return all(_agrees(statement, kind) for statement in node.body)


def _agrees(statement: ast.stmt, kind: type) -> bool:
    """Say whether `name = literal` in a class's text is what the live class holds."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=literal)):
            pass
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=literal)):
            pass
        case _:
            return True
    fields = getattr(kind, "model_fields", {})
    live = fields[name].default if name in fields else vars(kind).get(name, literal)
    return type(live) is not type(literal) or bool(live == literal)
