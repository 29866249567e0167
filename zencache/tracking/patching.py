"""Wraps functions temporarily, so that their arguments can be recorded.

A function that is written in Python keeps its identity: its code is exchanged, so that a call is recorded
whatever holds it. One that is written in C is replaced where it stands, and where the project's modules hold
it.
"""

from __future__ import annotations

import functools
import gc
import types
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from zencache.code import step_effects
from zencache.tracking.stand_ins import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, MutableMapping, MutableSequence

_DEEPEST = 4  # containers in containers in which a function may be held
_MOST = 20_000  # values of a project's modules that are searched
_HOLDERS = ("functools", "zencache")  # modules of objects that hold the project's functions: partials, steps
_LONGEST = 1_000  # a longer container holds data, not functions


class Wrapping:
    """Functions and methods that are replaced by wrappers, which first record their arguments.

    >>> import types
    >>> tool, calls, wrapping = types.SimpleNamespace(length=len), [], Wrapping()
    >>> wrapping.around(tool, "length", calls.append)
    >>> tool.length("ab"), calls
    (2, ['ab'])
    >>> wrapping.undo()
    >>> tool.length("abc"), calls
    (3, ['ab'])
    """

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []
        self._replaced: dict[
            int, tuple[Any, Any]
        ] = {}  # by the original's id: the original and what stands for it

    def around(self, owner: Any, name: str, note: Callable[..., object]) -> None:
        """Have `note` called before `owner.name` is, if there is such a thing and it can be replaced."""
        original = None if owner is None else vars(owner).get(name)
        if isinstance(original, type) or not callable(original):  # a class stays: others may compare with it
            return
        if isinstance(original, types.FunctionType):
            with suppress(Exception):  # a function that cannot take other code
                self._undo.append(_exchange(original, note))
            return
        place = owner.__name__ if isinstance(owner, types.ModuleType) else ""
        self.replace(owner, name, _noting(original, note, place))

    def around_static(self, owner: Any, name: str, note: Callable[..., object]) -> None:
        """Do so for a function in a class that is called without the instance."""
        original = None if owner is None else vars(owner).get(name)
        if callable(original):
            self.replace(owner, name, staticmethod(_noting(original, note)))

    def replace(self, owner: Any, name: str, put: Any) -> None:
        """Replace `owner.name` until `undo`."""
        original = vars(owner).get(name)
        # First, as an interruption may come at any moment.
        self._undo.append(functools.partial(_put_back, owner, name, put, original))
        try:
            setattr(owner, name, put)
        except (AttributeError, TypeError):  # a class that is written in C
            self._undo.pop()
            return
        if isinstance(owner, types.ModuleType):
            self._replaced[id(original)] = (original, put)
            step_effects.replaced(original, put)

    def around_class(self, owner: Any, name: str, note: Callable[..., object]) -> None:
        """Have `note` called before a class written in C is; a stand-in gives the class's own objects."""
        original = None if owner is None else vars(owner).get(name)
        if isinstance(original, type):
            with suppress(TypeError):  # a class that takes no subclass
                self.replace(owner, name, _stand_in(original, note))

    def around_c_method(self, owner: Any, name: str, note: Callable[..., object]) -> None:
        """Have `note` called before a method of a class written in C is, which refuses an assignment."""
        attributes: Any = gc.get_referents(vars(owner))[0] if isinstance(owner, type) else {}
        original = attributes.get(name) if isinstance(attributes, dict) else None
        if original is None:
            return
        put = _noting(original, note)
        _assign(owner, attributes, name, put)
        self._undo.append(
            lambda: attributes.get(name) is put and _assign(owner, attributes, name, original)  # type: ignore[func-returns-value]
        )

    def replace_item(self, holder: MutableMapping[Any, Any], key: Any, put: Any) -> None:
        """Replace an item of a mapping until `undo`."""
        value, holder[key] = holder[key], put
        self._undo.append(functools.partial(_put_back_item, holder, key, put, value))

    def add(self, members: set[Any], member: Any) -> None:
        """Add a member to a set until `undo`."""
        if member in members:  # it may be equal to what it stands for
            return
        members.add(member)
        self._undo.append(lambda: members.discard(member))

    def rebind(self, modules: Iterable[types.ModuleType]) -> None:
        """Replace what some modules hold, too: by `from x import f`, in a dict, a partial, a default."""
        searched = list(modules)
        search = _Search(self._replaced, frozenset(module.__name__ for module in searched))
        for module in searched:
            with suppress(Exception):  # a container of the user's own may do anything
                self._undo += search.rebind(module.__dict__, is_namespace=True)

    def undo(self) -> None:
        """Put back everything that nobody else has replaced meanwhile."""
        while self._undo:
            with suppress(Exception):  # what was held there may be gone
                self._undo.pop()()
        for _, put in self._replaced.values():
            step_effects.put_back(put)
        self._replaced.clear()


class _Search:
    """Searches what modules hold for functions that are replaced."""

    def __init__(self, replaced: dict[int, tuple[Any, Any]], modules: frozenset[str]) -> None:
        self._replaced = replaced
        self._modules = modules
        self._visited = {id(put) for _, put in replaced.values()}
        self._left = _MOST

    def rebind(
        self, holder: Any, depth: int = 0, *, is_namespace: bool = False
    ) -> Iterator[Callable[[], object]]:
        """Replace what a container holds; gives the functions that undo it."""
        if isinstance(holder, dict) and (is_namespace or len(holder) <= _LONGEST):
            yield from self._in_items(list(holder.items()), holder, depth)
        elif isinstance(holder, list) and len(holder) <= _LONGEST:
            yield from self._in_items(list(enumerate(holder)), holder, depth)
        elif isinstance(holder, functools.partial):
            yield from self._in_partial(holder, depth)
        elif isinstance(holder, types.FunctionType | type):
            if holder.__module__ in self._modules:
                yield from (
                    self._in_attributes(holder, depth)
                    if isinstance(holder, type)
                    else self._in_function(holder, depth)
                )
        elif isinstance(holder, tuple | frozenset | set) and len(holder) <= _LONGEST:
            for item in holder:
                yield from self._below(item, depth)
        elif type(holder).__module__ in self._modules or type(holder).__module__.startswith(_HOLDERS):
            yield from self.rebind(getattr(holder, "__dict__", None), depth)

    def _put_for(self, value: Any) -> Any:
        original, put = self._replaced.get(id(value), (None, None))
        return put if original is value else None

    def _below(self, value: Any, depth: int) -> Iterator[Callable[[], object]]:
        self._left -= 1
        if (
            depth < _DEEPEST
            and self._left > 0
            and type(value) not in _PLAIN
            and id(value) not in self._visited
        ):
            self._visited.add(id(value))
            yield from self.rebind(value, depth + 1)

    def _in_items(
        self, items: Iterable[tuple[Any, Any]], holder: Any, depth: int
    ) -> Iterator[Callable[[], object]]:
        for key, value in items:
            put = self._put_for(value)
            if put is None:
                yield from self._below(value, depth)
            else:
                holder[key] = put
                yield functools.partial(_put_back_item, holder, key, put, value)

    def _in_attributes(self, holder: type, depth: int) -> Iterator[Callable[[], object]]:
        for name, value in list(vars(holder).items()):
            static = isinstance(value, staticmethod)
            inner = value.__func__ if static else value
            put = self._put_for(inner)
            if put is None:
                yield from self._below(inner, depth)
            else:  # as a C function, which a class does not bind
                attribute = staticmethod(put)
                setattr(holder, name, attribute)
                step_effects.replaced(value, attribute)
                yield functools.partial(_put_back_attribute, holder, name, attribute, value)

    def _in_partial(self, holder: functools.partial[Any], depth: int) -> Iterator[Callable[[], object]]:
        put = self._put_for(holder.func)
        if put is None:
            yield from self._below(holder.func, depth)
            return
        setter: Callable[[Any], None] = holder.__setstate__  # type: ignore[attr-defined]
        state: Any = holder.__reduce__()[2]
        setter((put, *state[1:]))
        yield functools.partial(setter, state)

    def _in_function(self, holder: types.FunctionType, depth: int) -> Iterator[Callable[[], object]]:
        defaults = holder.__defaults__ or ()
        replaced = tuple(self._put_for(value) or value for value in defaults)
        if any(new is not old for new, old in zip(replaced, defaults, strict=True)):
            holder.__defaults__ = replaced
            yield functools.partial(setattr, holder, "__defaults__", defaults)
        if holder.__kwdefaults__:
            yield from self.rebind(holder.__kwdefaults__, depth)
        for cell in holder.__closure__ or ():
            with suppress(ValueError):  # an empty cell
                yield from self._in_cell(cell, depth)
        if holder.__dict__:
            yield from self.rebind(holder.__dict__, depth)

    def _in_cell(self, cell: types.CellType, depth: int) -> Iterator[Callable[[], object]]:
        value = cell.cell_contents
        put = self._put_for(value)
        if put is None:
            yield from self._below(value, depth)
        else:
            cell.cell_contents = put
            yield functools.partial(setattr, cell, "cell_contents", value)


_PLAIN = frozenset({str, bytes, int, float, bool, type(None), types.ModuleType, types.BuiltinFunctionType})


def _put_back(owner: Any, name: str, put: Any, original: Any) -> None:
    if vars(owner).get(name) is put:
        setattr(owner, name, original)


def _put_back_attribute(owner: type, name: str, put: Any, original: Any) -> None:
    step_effects.put_back(put)
    setattr(owner, name, original)


def _put_back_item(
    holder: MutableMapping[Any, Any] | MutableSequence[Any], key: Any, put: Any, value: Any
) -> None:
    if holder[key] is put:
        holder[key] = value


def _assign(owner: type, attributes: dict[str, Any], name: str, value: Any) -> None:
    import ctypes  # noqa: PLC0415 - only for the few classes that need it

    attributes[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))  # methods are cached


def _stand_in(original: type, note: Callable[..., object]) -> type:
    """Make a class that calls another one, and is the same to `isinstance` and `issubclass`."""

    class StandIn(type(original)):  # type: ignore[misc]
        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            if cls is not made:
                return super().__call__(*args, **kwargs)
            with suppress(Exception):  # a failure to record must not reach the caller
                note(*args, **kwargs)
            return original(*args, **kwargs)

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, original) if cls is made else super().__instancecheck__(instance)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, original) if cls is made else super().__subclasscheck__(subclass)

    names = {
        "__module__": original.__module__,
        "__qualname__": original.__qualname__,
        "__doc__": original.__doc__,
    }
    made: type = StandIn(original.__name__, (original,), names)
    return made


def _noting(original: Callable[..., Any], note: Callable[..., object], place: str = "") -> Callable[..., Any]:
    def noting(*args: Any, **kwargs: Any) -> Any:
        with suppress(Exception):  # a failure to record must not reach the caller
            note(*args, **kwargs)
        return original(*args, **kwargs)

    return stand_in(original, noting, place)  # type: ignore[no-any-return]


def _exchange(function: types.FunctionType, note: Callable[..., object]) -> Callable[[], object]:
    """Exchange a function's code for one that records the arguments first; gives what undoes it."""
    code, attributes = function.__code__, dict(function.__dict__)
    original = types.FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    original.__kwdefaults__ = function.__kwdefaults__
    original.__dict__.update(attributes)
    stub = _stub_of(_noting(original, note), code)
    function.__code__ = stub
    function.__wrapped__ = original  # type: ignore[attr-defined] # for its signature

    def undo() -> None:
        if function.__code__ is stub:
            function.__code__ = code
            if function.__dict__.get("__wrapped__") is original:
                function.__dict__.pop("__wrapped__")
                function.__dict__.update({k: v for k, v in attributes.items() if k == "__wrapped__"})

    return undo


def _stub_of(noting: Callable[..., Any], code: types.CodeType) -> types.CodeType:
    """Make code that calls a function with all that it is given, in place of some code."""

    def stub(*args: Any, **kwargs: Any) -> Any:
        called: Any = "the function"  # a constant that is exchanged below
        return called(*args, **kwargs)

    constants = tuple(noting if each == "the function" else each for each in stub.__code__.co_consts)
    return stub.__code__.replace(
        co_consts=constants,
        co_freevars=code.co_freevars,
        co_name=code.co_name,
        co_filename=__file__,
        co_firstlineno=code.co_firstlineno,
    )
