"""Resolves the namespaces in which live code looks up names, and names the objects in them."""

from __future__ import annotations

import collections
import gc
import io
import queue
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from zencache.code.ast_shape import Chain
from zencache.code.module_origin import origin_of_file, origin_of_module
from zencache.code.module_texts import place_of
from zencache.code.step_effects import original_of
from zencache.model.types import type_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zencache.code.ast_shape import Part
    from zencache.code.module_origin import Origin

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

CALLABLES = (
    *(types.BuiltinFunctionType, types.WrapperDescriptorType, types.MethodDescriptorType),
    *(types.MethodWrapperType, types.ClassMethodDescriptorType, types.GetSetDescriptorType),
    types.MemberDescriptorType,
)
"""Types of functions, methods and descriptors that are written in C."""

ATTRS_FILE = "<attrs generated"
"""How attrs names the files of methods that it generates; their globals do not name a module."""


class Space(NamedTuple):
    """The namespaces in which a piece of code looks up names."""

    names: Mapping[str, Any]
    cells: Mapping[str, Any] = types.MappingProxyType({})

    @property
    def module(self) -> str:
        """The module's name."""
        return str(self.names.get("__name__", "__main__"))

    @property
    def package(self) -> str:
        """The package that relative imports start from."""
        return str(self.names.get("__package__") or self.module.rpartition(".")[0])

    @property
    def file(self) -> str | None:
        """The module's file."""
        file = self.names.get("__file__")
        return str(file) if file else None

    @property
    def where(self) -> str:
        """The module's name in explanations."""
        return place_of(self.module, self.file)


def origin_of(function: types.FunctionType) -> Origin:
    """Give the origin of a function; if it was compiled from a text, by the module that did so."""
    file = function.__code__.co_filename
    if file.startswith(ATTRS_FILE):
        return origin_of_module(str(function.__module__))
    if file.startswith("<") and not file.startswith("<frozen"):
        return origin_of_module(str(function.__globals__.get("__name__", "__main__")))
    return origin_of_file(file)


def cells_of(function: types.FunctionType) -> dict[str, Any]:
    """Give the closure of a function by name, without unassigned variables."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells if cell != types.CellType()}


def looked_up(name: str, space: Space) -> Any:
    """Look up a name that exists."""
    return space.cells[name] if name in space.cells else space.names[name]


def library_name(value: Any) -> str | None:
    """Give the name of a library's object in its module, or None if the module does not have it."""
    value = original_of(value)
    module, qualname = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not (isinstance(module, str) and isinstance(qualname, str)) or "<locals>" in qualname:
        return None
    target: Any = sys.modules.get(module)
    for name in qualname.split("."):
        target = original_of(getattr(target, name, None))
    return f"{module}.{qualname}" if target is value and origin_of_module(module) != "project" else None


def is_only_changed(value: Any, chain: Chain) -> bool:
    """Say whether a change of a global is independent of its earlier content.

    This holds for containers and streams, whose methods are known, and for setting an attribute on a module,
    a class or a function.
    """
    for name in chain.attributes:
        if not isinstance(value, types.ModuleType | type):
            break
        value = vars(value).get(name)
    if chain.changed == "attribute":
        return isinstance(value, types.ModuleType | type | types.FunctionType)
    if chain.changed == "name" and type(value) is dict:  # `C = {"a": C["b"]}`, of which others read one entry
        return False
    return type(value) in _CHANGEABLE


def is_project(module: types.ModuleType) -> bool:
    """Say whether a module is the user's own."""
    return origin_of_module(module.__name__) == "project"


def is_foreign(name: str, value: Any) -> bool:
    """Say whether a global of a module is not its own: an attribute of every module, or another module."""
    return (name.startswith("__") and name.endswith("__")) or isinstance(value, types.ModuleType)


def chains_in(code: types.CodeType, space: Space) -> list[Chain]:
    """List the objects from outside that bytecode may use: of a module, all attributes named in the code."""
    names = sorted(_names(code))
    chains = []
    for name in names:
        value = looked_up(name, space) if name in space.cells or name in space.names else None
        if isinstance(value, types.ModuleType):
            chains += [Chain(name, (attribute,)) for attribute in names if attribute in vars(value)]
        elif name in space.cells or name in space.names:
            chains.append(Chain(name))
    return chains


def _names(code: types.CodeType) -> set[str]:
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return {*code.co_names, *code.co_freevars}.union(*map(_names, inner))


def module_of(kind: type) -> str:
    """Give the module of a class; a class in C may hold another object under that name."""
    return kind.__module__ if isinstance(kind.__module__, str) else "builtins"


def bound_to(value: Any) -> Any | None:
    """Give the object that a method in C is bound to; None for a function like `random.random`."""
    bound = getattr(value, "__self__", None)
    if bound is None or isinstance(bound, types.ModuleType | type):
        return None
    home = sys.modules.get(type(bound).__module__)
    return None if getattr(home, value.__name__, None) is value else bound


def functions_in(value: Any) -> list[Any]:
    """Give the user's functions in a universal function that `numpy.frompyfunc` made."""
    if type_name(type(value)) != "numpy.ufunc":
        return []
    return [each for each in gc.get_referents(value) if callable(each) and not isinstance(each, type)]


def written_in_c(value: Any) -> tuple[str, str]:
    """Give the module and the dotted name of an object in C."""
    holder = getattr(value, "__self__", None) or getattr(value, "__objclass__", None)
    if holder is not None and not isinstance(holder, type | types.ModuleType):
        holder = type(holder)
    modules = (getattr(value, "__module__", None), getattr(holder, "__module__", None))
    module = next((name for name in modules if isinstance(name, str)), "builtins")
    return module, f"{module}.{getattr(value, '__qualname__', None) or value.__name__}"


def is_of_project(kind: type) -> bool:
    """Say whether a class is the user's own, or was made at run time by a call of the standard library.

    `make_dataclass` and `new_class` leave the name of the library's module in the class that they make.

    >>> is_of_project(types.new_class("Own")), is_of_project(dict), is_of_project(types.SimpleNamespace)
    (True, False, False)
    """
    origin = origin_of_module(module_of(kind))
    if origin != "standard":
        return origin == "project"
    return _is_defined_in_python(kind) and "<locals>" not in kind.__qualname__ and library_name(kind) is None


def _is_defined_in_python(kind: type) -> bool:
    """Say whether Python code defines a class: instances have a dictionary or slots, by it or by a base."""
    is_on_heap = bool(kind.__flags__ & (1 << 9))
    return is_on_heap and any(vars(base).keys() & {"__dict__", "__slots__"} for base in kind.__mro__)


def classes_of(values: Iterable[Any]) -> list[type]:
    """List the project's classes that values are instances of: enums, dataclasses, models, at any depth."""
    kinds: dict[type, None] = {}
    rest, seen = list(values), set()
    while rest:
        value = rest.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            rest += [*value, *value.values()]
        elif isinstance(value, list | tuple | set | frozenset):
            rest += value
        kind = type(value)
        if kind.__module__ != "builtins" and is_of_project(kind):
            kinds[kind] = None
        if kind in kinds or hasattr(kind, "__dataclass_fields__") or hasattr(kind, "model_fields"):
            rest += getattr(value, "__dict__", {}).values()
            rest += [getattr(value, name, None) for name in getattr(kind, "__dataclass_fields__", ())]
            rest += (getattr(value, "__pydantic_private__", None) or {}).values()
    return sorted(kinds, key=lambda each: (each.__module__, each.__qualname__))


class Entries(NamedTuple):
    """The entries of a table that a piece of code reads by constant keys, or the attribute that it reads."""

    table: str
    """The table's name in its module."""
    space: Space
    values: Mapping[str, Any]
    """Each key that the table has, with its value."""
    missing: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    """Further attributes that are read from the value of an attribute."""
    is_attribute: bool = False


def entries_of(part: Part, number: int, space: Space) -> Entries | None:  # noqa: PLR0911 - one line a kind
    """Find the entries that a part reads of a plain table, if it uses the table in no other way."""
    chain = part.chains[number]
    if chain.imported is not None or part.is_changing:
        return None
    if chain.root.startswith("__") or (chain.root not in space.cells and chain.root not in space.names):
        return None
    name, value, rest = chain.root, looked_up(chain.root, space), chain.attributes
    while issubclass(type(value), types.ModuleType):  # `isinstance` may ask the object, and run code
        if not (rest and is_project(value) and rest[0] in vars(value)):
            return None
        space, name, rest = Space(vars(value)), rest[0], rest[1:]
        value = space.names[name]
    if type(value) is dict and value is not sys.modules and not rest:
        keys = part.subscripts.get(number, ())
        if len(keys) != part.uses.get(number) or any(kind != "text" for kind, _ in keys):
            return None
        texts = sorted({text for _, text in keys})
        held = {text: value[text] for text in texts if text in value}
        return Entries(name, space, held, tuple(text for text in texts if text not in value))
    if rest and type_name(type(value)) in _NAMESPACES and rest[0] in vars(value):
        return Entries(name, space, {rest[0]: vars(value)[rest[0]]}, (), rest[1:], is_attribute=True)
    return None


_NAMESPACES = frozenset({"types.SimpleNamespace", "argparse.Namespace"})
