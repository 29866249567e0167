"""Digests the values that code reads (globals, closures, defaults, class attributes) by typed content."""

from __future__ import annotations

import builtins
import contextvars
import copy
import copyreg
import functools
import json
import logging
import re
import struct
import sys
import threading
import types
import weakref
from datetime import datetime, time
from enum import Enum
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.code.ast_shape import constant_text
from zencache.code.digest_graph import Node
from zencache.code.module_origin import origin_of_module
from zencache.code.namespaces import is_of_project
from zencache.code.reporting import original_code
from zencache.model.types import type_name
from zencache.model.values import PLAIN_TYPES, encode

if TYPE_CHECKING:
    from collections.abc import Callable

_SCALARS = (type(None), bool, int, float, complex, str, bytes)
_PLAIN = frozenset(PLAIN_TYPES)
# Results do not depend on their content, and they cannot be serialized. A subclass of the user's counts.
_INERT = (
    threading.local,  # first: asked for another class, it would run its constructor
    *(logging.Logger, logging.LoggerAdapter, logging.Handler, threading.Event, threading.Condition),
    *(type(threading.Lock()), type(threading.RLock()), threading.Semaphore),
)
# Python's own builtins with such names; libraries and sessions add others.
_OF_BUILTINS = frozenset(
    {
        "__name__",
        "__doc__",
        "__package__",
        "__loader__",
        "__spec__",
        "__build_class__",
        "__import__",
        "__debug__",
    }
)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+(?=>)")  # in the text of an object; another one in each process
_LONGEST = 60  # characters of a value that an explanation shows


class OpaqueError(Exception):
    """The content of a value cannot be read."""


def content_node(value: Any, visit: Callable[[Any], Node], root: Path | None) -> Node:  # noqa: C901, PLR0911 - one line a kind
    """Give the node of a value that is neither a function, a class nor a module.

    `visit` gives the nodes of the values inside it. `root` is the folder of the user's code: paths below it
    count relative to it, so that a project can be moved. Raises OpaqueError if the content cannot be read.
    """
    kind = type(value)
    if kind in _SCALARS:
        return _leaf(relative(value, root) if kind is str else encode(value), value)
    if kind in (types.EllipsisType, types.NotImplementedType):
        return _leaf(repr(value), value)
    if kind in (list, tuple, dict) and is_plain(value):
        return _plain(value, root)
    if kind in (list, tuple):
        return _of(kind.__name__, [visit(item) for item in value])
    if kind in (set, frozenset):
        return Node("value", kind.__name__, [visit(item) for item in value], unordered=True)
    if kind is dict:
        return _of("dict", _builtins(value, visit) if _is_builtins(value) else _items(value, visit))
    if isinstance(value, _INERT) and is_of_project(kind):
        return _own_inert(value, visit)
    if kind is threading.local and (own := _of_this_thread(value)):
        return _of(["inert", "threading.local"], [visit(own)])
    if isinstance(value, _INERT) or any(value is stream for stream in _streams()):
        return Node("value", ["inert", type_name(kind)])
    if isinstance(value, PurePath):
        return _leaf(["path", relative(value.as_posix(), root)], value)
    if isinstance(value, Enum):
        return _of(["member", value.name], [visit(kind)])
    node = _special(value, visit)
    if node is not None:
        return node
    return _instance(value, visit) if is_of_project(kind) else _reduced(value, visit)


def is_plain(value: Any, also: tuple[type, ...] = ()) -> bool:
    """Say whether a value consists of Python's own plain values only, at any depth; `also` names more types.

    >>> is_plain({"a": [1, (2.0, None)]}), is_plain([len])
    (True, False)
    """
    rest, seen = [value], set()
    while rest:
        item = rest.pop()
        if type(item) not in _PLAIN and type(item) not in also:
            return False
        if type(item) in (datetime, time) and item.tzinfo is not None and not _has_named_zone(item):
            return False
        if type(item) in (list, tuple, dict, set, frozenset):
            if id(item) in seen:
                return False
            seen.add(id(item))
            rest.extend(item)
            rest.extend(item.values() if type(item) is dict else ())
    return True


def _has_named_zone(value: datetime | time) -> bool:
    from zencache.model.time_values import has_named_zone  # noqa: PLC0415 - few steps reach a time in a zone

    return has_named_zone(value)


def short(value: Any) -> str:
    """Describe a value in a few words."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a user's __repr__ may do anything
        text = type_name(type(value))
    text = _ADDRESS.sub("", " ".join(text.split()))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def relative(text: str, root: Path | None) -> Any:
    """Write a path in the user's project relative to it, and any other text unchanged.

    >>> relative("/home/ada/taxi/data/trips.csv", Path("/home/ada/taxi"))
    ['in the project', 'data/trips.csv']
    >>> relative("trips.csv", Path("/home/ada/taxi"))
    'trips.csv'
    """
    if root is None or not text.startswith(str(root)):
        return text
    rest = text[len(str(root)) :]
    return ["in the project", rest.lstrip("/")] if not rest or rest.startswith("/") else text


def _streams() -> tuple[Any, ...]:
    return sys.stdout, sys.stderr, sys.stdin, sys.__stdout__, sys.__stderr__


def _items(mapping: dict[Any, Any], visit: Callable[[Any], Node]) -> list[Node]:
    return [visit(part) for pair in mapping.items() for part in pair]


def _is_builtins(mapping: dict[Any, Any]) -> bool:
    """Say whether a mapping is the namespace of Python's builtins, or a copy that `exec` made."""
    own = (mapping.get("__name__"), mapping.get("__doc__"))
    return all(type(text) is str for text in own) and own == (builtins.__name__, builtins.__doc__)


def _builtins(names: dict[Any, Any], visit: Callable[[Any], Node]) -> list[Node]:
    """Include Python's builtins, and the user's additions to them.

    Objects that libraries and sessions keep there do not count: pybind11's capsule, a notebook's shell, and
    the value that an interpreter showed last.
    """
    refs = []
    for name, value in names.items():
        if _is_passing(name):
            continue
        try:
            refs += [visit(name), visit(_unread(value))]
        except OpaqueError:
            if not _is_of_library(value):
                raise
    return refs


def _unread(value: Any) -> Any:
    """Give `license` and similar objects in their initial state; once shown, they cache their text."""
    if type_name(type(value)) != "_sitebuiltins._Printer":
        return value
    fresh = copy.copy(value)
    vars(fresh)["_Printer__lines"] = None
    vars(fresh).pop("_Printer__linecnt", None)
    return fresh


def _is_passing(name: Any) -> bool:
    """Say whether a library or a session added an object of that name to the builtins."""
    special = isinstance(name, str) and name.startswith("__") and name.endswith("__")
    return name == "_" or (special and name not in _OF_BUILTINS)


def _is_of_library(value: Any) -> bool:
    """Say whether a value is a library's function, or a method of a library's object."""
    return isinstance(value, types.FunctionType | types.MethodType) and (
        origin_of_module(str(value.__module__)) != "project"
    )


def _leaf(own: Any, value: Any) -> Node:
    return Node("value", [type(value).__name__, own], text=short(value))


def _of(own: Any, refs: list[Node]) -> Node:
    return Node("value", own, refs)


def _plain(value: Any, root: Path | None) -> Node:
    """Digest plain values directly, in order; mappings too, because code may iterate over them."""
    text = json.dumps(encode(value), separators=(",", ":"), allow_nan=False)
    if root is not None and str(root) in text:
        for end in ("/", '"'):
            text = text.replace(f'"{root}{end}', f'"$in the project{end}')
    return Node("value", ["plain", blake3(text.encode()).hexdigest()], text=short(value))


def _special(value: Any, visit: Callable[[Any], Node]) -> Node | None:  # noqa: C901, PLR0911, PLR0912 - one line a kind
    """Give the node of a value whose type pickle does not support, or that has a shorter form."""
    kind = type(value)
    if kind is types.MethodType:
        return _of("method", [visit(value.__func__), visit(value.__self__)])
    if kind in (staticmethod, classmethod):
        return _of(kind.__name__, [visit(value.__func__)])
    if kind is property:
        return _of("property", [visit(part) for part in (value.fget, value.fset, value.fdel)])
    if kind is functools.cached_property:
        return _of("cached_property", [visit(value.func)])
    if kind is functools.singledispatchmethod:
        return _of("singledispatchmethod", [visit(value.dispatcher)])
    if type_name(kind) == "functools._lru_cache_wrapper":
        node = _of(["lru_cache", value.cache_parameters()["typed"]], [visit(value.__wrapped__)])
        node.kept = str(value.cache_info()[1:])
        return node
    if kind is types.MappingProxyType:
        return _of("mappingproxy", [visit(dict(value))])
    if kind in (weakref.ref, weakref.KeyedRef):
        return _of("reference", [visit(value())])
    if kind in (weakref.WeakValueDictionary, weakref.WeakKeyDictionary):
        return _of(kind.__name__, [visit(dict(value))])
    if kind is weakref.WeakSet:
        return _of("WeakSet", [visit(set(value))])
    if kind is memoryview:
        return _leaf([value.format, list(value.shape), encode(value.tobytes())], value)
    if kind is contextvars.ContextVar:
        return _of("context variable", [visit(_current(value))])
    if kind is types.CodeType:
        return _leaf(bytecode(value), value)
    if kind.__name__ == "ForwardRef" and hasattr(value, "__forward_arg__"):
        return _leaf(["forward reference", value.__forward_arg__], value)  # its evaluation changes its state
    if kind is struct.Struct:
        return _leaf(value.format, value.format)
    if type_name(kind) == "numpy.ndarray":
        return _array(value, visit)
    if kind.__module__ == "ctypes":
        from zencache.code import shared_libraries  # noqa: PLC0415 - few steps reach one

        return (
            shared_libraries.library_content(value, visit)
            if type_name(kind) in shared_libraries.KINDS
            else None
        )
    return None


def _current(variable: contextvars.ContextVar[Any]) -> Any:
    """Give the value of a context variable, or its default; None without both."""
    try:
        return variable.get()
    except LookupError:
        return None


def _array(value: Any, visit: Callable[[Any], Node]) -> Node:
    import numpy as np  # noqa: PLC0415 - there is an array, so it is loaded

    kind = value.dtype.descr if value.dtype.names else value.dtype.str
    order = [value.flags.c_contiguous, value.flags.f_contiguous]
    own = ["numpy.ndarray", str(kind), list(value.shape), order]
    if value.dtype.hasobject:
        return Node("value", own, [visit(value.ravel().tolist())], text=short(value))
    data = np.ascontiguousarray(value)
    digest = blake3(data.tobytes()).hexdigest()
    return Node("value", [*own, digest], text=short(value), outside="numpy.ndarray")


def _instance(value: Any, visit: Callable[[Any], Node]) -> Node:
    """Decompose an instance of a user's class: its class, its attributes, and its value as a built-in."""
    from zencache.code.object_state import state_of  # noqa: PLC0415 - few steps reach an instance
    from zencache.model.object_values import slots_of  # noqa: PLC0415 - likewise

    kind = type(value)
    names = [name for base in kind.__mro__ for name in slots_of(base) if hasattr(value, name)]
    refs = [visit(kind), visit(state_of(value))]
    refs += [visit(getattr(value, name)) for name in names]
    built_in = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    if built_in is not object:
        refs.append(visit(built_in(value)) if built_in in _PLAIN else _reduced(value, visit))
    return Node("value", ["instance", names], refs, text=short(value))


def _own_inert(value: Any, visit: Callable[[Any], Node]) -> Node:
    """Represent an instance of a user's subclass of an inert type: its class, and what that adds to it."""
    from zencache.code.object_state import added_attributes  # noqa: PLC0415 - likewise

    own = added_attributes(value)
    parts = [part for name, each in own.items() for part in (visit(name), _lenient(each, visit))]
    return _of(["inert", "instance"], [visit(type(value)), *parts])


def _of_this_thread(value: threading.local) -> dict[str, Any]:
    """Give the plain attributes that the import set; other ones, such as connections, are made on demand."""
    return {name: each for name, each in vars(value).items() if is_plain(each)}


def _lenient(value: Any, visit: Callable[[Any], Node]) -> Node:
    try:
        return visit(value)
    except OpaqueError:
        return Node("opaque", type_name(type(value)))


_FLAGS = 0x04 | 0x08 | 0x20 | 0x80 | 0x100 | 0x200
"""Those for starred arguments, generators and coroutines."""


def bytecode(code: types.CodeType) -> Any:
    """Write a code object as a plain value; what is usual in a plain function is left out."""
    code = original_code(code)
    constants = [_constant(constant) for constant in code.co_consts]
    text = [code.co_name, code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars]
    signature = [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & _FLAGS]
    more = [*signature, code.co_cellvars, getattr(code, "co_exceptiontable", b"")]
    usual = [len(code.co_varnames), 0, 0, 0, (), b""]
    return text if more == usual else [*text, *more]


def _constant(value: Any) -> Any:
    """Write a constant with its type, and a set in an order that does not depend on the hash seed."""
    if isinstance(value, types.CodeType):
        return bytecode(value)
    if isinstance(value, tuple) and any(isinstance(item, frozenset | tuple) for item in value):
        return ["tuple", *map(_constant, value)]
    if isinstance(value, frozenset):
        return ["frozenset", *sorted(map(_constant, value), key=repr)]
    return constant_text(value)


def _reduced(value: Any, visit: Callable[[Any], Node]) -> Node:
    """Decompose a value as pickle does, into the function that restores it and its arguments."""
    try:
        reduce = copyreg.dispatch_table.get(type(value))
        parts = reduce(value) if reduce else value.__reduce_ex__(4)
    except Exception as error:
        raise OpaqueError(type_name(type(value))) from error
    if isinstance(parts, str):
        return _leaf(["named", parts], value)
    makes, arguments, *rest = parts
    refs = [visit(makes), visit(tuple(arguments)), *(visit(_listed(part)) for part in rest[:3])]
    return Node("value", "object", refs, text=short(value))


def _listed(part: Any) -> Any:
    """List the items of a subclass of list or mapping, which pickle gives as iterators; keep other states."""
    return list(part) if hasattr(part, "__next__") else part
