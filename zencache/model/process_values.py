"""Finds attributes that a constructor takes from the clock, a random generator or the process itself.

Such an attribute differs between two processes that make equal objects, so it cannot be part of a key. It is
found in the bytecode of constructors and of functions of the user that they call; nothing is run.
"""

from __future__ import annotations

import dis
import functools
import inspect
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONSTRUCTORS = ("__new__", "__init__", "__post_init__", "model_post_init", "__attrs_post_init__")
_MODULES = frozenset({"time", "random", "secrets"})
"""Modules all of whose functions give another value in another process."""
_FUNCTIONS = frozenset(
    {
        *(("uuid", "uuid1"), ("uuid", "uuid4"), ("builtins", "id"), ("tempfile", "mkdtemp")),
        *(("posix", "getpid"), ("posix", "getppid"), ("posix", "urandom"), ("posix", "getrandom")),
        *(("nt", "getpid"), ("nt", "getppid"), ("nt", "urandom"), ("tempfile", "mkstemp")),
        *(("_thread", "get_ident"), ("_thread", "get_native_id"), ("threading", "current_thread")),
        *(("threading", "get_ident"), ("threading", "get_native_id"), ("tempfile", "mktemp")),
        *(("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today")),
        *(("multiprocessing.process", "current_process"), ("tempfile", "NamedTemporaryFile")),
    }
)
_DEEPEST = 4  # calls of functions by functions
_NOTHING = object()
_SELF = object()
_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF")
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")


@functools.lru_cache(maxsize=1024)
def attributes_of_process(kind: type) -> frozenset[str]:
    """Name the attributes that the constructors of a class take from the process.

    >>> class Timed:
    ...     def __init__(self, a):
    ...         self.a, self.started = a, __import__
    ...         self.number = id(self)
    >>> attributes_of_process(Timed)
    frozenset({'number'})
    """
    functions = [vars(base).get(name) for base in kind.__mro__ for name in _CONSTRUCTORS]
    return frozenset(
        effect.attribute
        for function in _users_functions(functions)
        for effect in _effects(function, kind, _DEEPEST)
        if effect.is_of_process and effect.attribute
    )


def is_of_process(factory: Any) -> bool:
    """Say whether a function gives a value of the process: the time, a random number, an identity.

    >>> import time, uuid
    >>> is_of_process(time.time), is_of_process(lambda: uuid.uuid4().hex), is_of_process(dict)
    (True, True, False)
    """
    return _draws(factory, None, _DEEPEST)


def _users_functions(values: list[Any]) -> Iterator[types.FunctionType]:
    """Give the user's functions, and those in the closures of functions that a library made of them."""
    for value in values:
        function = getattr(value, "__func__", value)
        if not isinstance(function, types.FunctionType):
            continue
        if _is_users(function):
            yield function
        else:
            inside = [cell.cell_contents for cell in function.__closure__ or () if cell != types.CellType()]
            yield from (each for each in inside if isinstance(each, types.FunctionType) and _is_users(each))


class _Effect(NamedTuple):
    """What a statement of a function does, as far as its bytecode shows."""

    attribute: str
    """The attribute that it sets; empty for another statement."""
    is_of_process: bool


def _draws(value: Any, kind: type | None, depth: int) -> bool:
    """Say whether calling an object gives a value of the process."""
    while isinstance(value, functools.partial | types.MethodType | staticmethod | classmethod):
        inner = value.func if isinstance(value, functools.partial) else value.__func__
        if _is_source(value):
            return True
        value = inner
    if _is_source(value):
        return True
    if not isinstance(value, types.FunctionType) or depth == 0 or not _is_users(value):
        return False
    return any(effect.is_of_process for effect in _effects(value, kind, depth - 1))


_KNOWN_CALLABLES = (
    *(types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodDescriptorType),
    types.ClassMethodDescriptorType,
)


def _is_source(value: Any) -> bool:
    if not isinstance(value, _KNOWN_CALLABLES):
        return False
    module: Any = getattr(value, "__module__", None)
    if not isinstance(module, str):
        owner = getattr(value, "__objclass__", None) or getattr(value, "__self__", None)
        module = (owner if isinstance(owner, type) else type(owner)).__module__
    is_random = str(module).startswith("numpy.random")
    return is_random or module in _MODULES or (module, value.__name__) in _FUNCTIONS


def _is_users(function: types.FunctionType) -> bool:
    module = str(function.__globals__.get("__name__", "")).partition(".")[0]
    file = function.__code__.co_filename
    is_installed = any(folder in file for folder in ("site-packages", "dist-packages"))
    return module not in sys.stdlib_module_names and not is_installed


def _effects(function: types.FunctionType, kind: type | None, depth: int) -> Iterator[_Effect]:
    """Follow the statements of a function in their order, as if each ran once."""
    statement = _Statement(function, kind, depth)
    for operation, argument in _operations(function.__code__):
        if operation in ("STORE_FAST", "STORE_ATTR", "STORE_SUBSCR", "POP_TOP", "RETURN_VALUE"):
            yield statement.end(operation, argument)
        else:
            statement.load(operation, argument)


class _Statement:
    """The statement of a function that is followed now: what it loads."""

    def __init__(self, function: types.FunctionType, kind: type | None, depth: int) -> None:
        code = function.__code__
        self._function, self._kind, self._depth = function, kind, depth
        self._cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=False))
        self._variables: dict[str, Any] = {code.co_varnames[0]: _SELF} if code.co_argcount and kind else {}
        self._drawn: set[str] = set()
        """Variables whose values are of the process."""
        self._begin()

    def _begin(self) -> None:
        self._value: Any = _NOTHING
        self._texts: list[str] = []
        self._names: set[str] = set()
        self._is_drawn = False

    def load(self, operation: str, argument: Any) -> None:
        """Follow an instruction that loads an object, as far as it can be known without running code."""
        if operation == "LOAD_CONST":
            self._texts += [argument] if isinstance(argument, str) else []
            return
        if operation == "LOAD_FAST":
            self._is_drawn |= argument in self._drawn
            self._value = self._variables.get(argument, _NOTHING)
        elif operation in _LOADS:
            self._value = _looked_up(argument, self._function, self._cells)
        elif operation == "IMPORT_NAME":
            self._value = sys.modules.get(argument, _NOTHING)
        elif operation in (*_ATTRIBUTES, "IMPORT_FROM"):
            self._names.add(argument)
            self._value = _attribute(self._value, argument, self._kind)
        else:
            return
        self._is_drawn |= _draws(self._value, self._kind, self._depth)

    def end(self, operation: str, argument: Any) -> _Effect:
        """End the statement with an instruction that stores, drops or returns its value."""
        if operation == "STORE_FAST":
            self._variables[argument] = self._value
            (self._drawn.add if self._is_drawn else self._drawn.discard)(argument)
        is_named = self._texts and self._names & {"__setattr__", "__dict__"}
        attribute = argument if operation == "STORE_ATTR" else self._texts[0] if is_named else ""
        effect = _Effect(attribute, self._is_drawn)
        self._begin()
        return effect


def _operations(code: types.CodeType) -> Iterator[tuple[str, Any]]:
    """Give the instructions with their arguments; one that handles two variables counts as two."""
    for instruction in dis.get_instructions(code):
        name, argument = instruction.opname, instruction.argval
        if isinstance(argument, tuple) and "_FAST_" in name:
            first, _, second = name.partition("_FAST_")
            yield f"{first}_FAST", argument[0]
            yield second, argument[1]
        elif name.startswith("LOAD_FAST"):
            yield "LOAD_FAST", argument
        elif name == "RETURN_CONST":
            yield "RETURN_VALUE", argument
        else:
            yield name, argument


def _looked_up(name: str, function: types.FunctionType, cells: dict[str, Any]) -> Any:
    if name in cells:
        try:
            return cells[name].cell_contents
        except ValueError:
            return _NOTHING
    own = function.__globals__.get(name, _NOTHING)
    return own if own is not _NOTHING else getattr(sys.modules["builtins"], name, _NOTHING)


def _attribute(value: Any, name: str, kind: type | None) -> Any:
    """Look up an attribute of a module, a class or the object itself, without running code."""
    if value is _NOTHING:
        return _NOTHING
    if value is _SELF:
        return inspect.getattr_static(kind, name, _NOTHING)
    if isinstance(value, types.ModuleType | type):
        return inspect.getattr_static(value, name, _NOTHING)
    return getattr(type(value), name, _NOTHING) if type(value).__module__ in _RANDOM else _NOTHING


_RANDOM = frozenset({"random", "numpy.random._generator", "numpy.random.mtrand"})
