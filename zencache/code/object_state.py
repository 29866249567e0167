"""Reads the state of live objects without running the user's code."""

from __future__ import annotations

import gc
import threading
import types
from typing import Any

from zencache.code.namespaces import is_of_project


def state_of(value: Any) -> dict[str, Any]:
    """Give the attributes of an object itself, even if a class of the user has a property `__dict__`."""
    members = [vars(base)["__dict__"] for base in type(value).__mro__ if "__dict__" in vars(base)]
    own = [member for member in members if isinstance(member, types.GetSetDescriptorType)]
    if members and not own:
        return {}
    state = own[0].__get__(value) if own else getattr(value, "__dict__", {})
    return dict(state) if isinstance(state, dict) else {}


def added_attributes(value: Any) -> dict[str, Any]:
    """Give what a user's subclass of a library's class, such as a handler of logs, adds to an instance.

    Those that the library's own methods use, such as a handler's lock, do not count, nor do those that the
    constructor takes from the process, such as the time. Of a `threading.local`, whose attributes belong to
    each thread, the arguments of the constructor are given: each new thread makes its attributes of them.
    """
    if isinstance(value, threading.local):
        return {f"argument {number}": each for number, each in enumerate(_arguments(value))}
    from zencache.model.process_values import attributes_of_process  # noqa: PLC0415 - few steps need it

    kind: Any = type(value)
    library = {
        name
        for base in kind.__mro__
        if not is_of_project(base)
        for function in vars(base).values()
        if isinstance(function, types.FunctionType)
        for name in function.__code__.co_names
    }
    left_out = library | attributes_of_process(kind)
    return {name: each for name, each in state_of(value).items() if name not in left_out}


def _arguments(value: threading.local) -> list[Any]:
    """Give the arguments that a `threading.local` keeps for its constructor, by position and by name.

    An attribute cannot be asked for: the constructor would run in a thread that has not used the object.
    """
    referents = gc.get_referents(value)
    by_name = (each for each in referents if type(each) is dict and each and all(map(_is_text, each)))
    return [*(each for each in referents if type(each) is tuple and each), *by_name]


def _is_text(value: Any) -> bool:
    return type(value) is str
