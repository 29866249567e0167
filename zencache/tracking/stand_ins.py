"""Makes what takes the place of a function while a step runs: it acts as the function does."""

from __future__ import annotations

import copy
import functools
import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class _StandIn:
    """Takes the place of a function that is written in C, which a class that holds it does not bind."""

    def __init__(self, original: Any, place: str) -> None:
        functools.update_wrapper(self, original)  # type: ignore[arg-type]
        self.__dict__["_zencache_place"] = place

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """Give the function's own type, by which `inspect` and libraries tell what it is."""
        return type(self.__dict__["__wrapped__"])

    def __getattr__(self, name: str) -> Any:
        if name == "__wrapped__":  # an object that was not made here
            raise AttributeError(name)
        return getattr(self.__wrapped__, name)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __eq__(self, other: object) -> bool:
        return self is other or self.__wrapped__ == other

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __reduce__(self) -> Any:
        """Be pickled by the name where it stands; as the function once it stands there no more."""
        original, place = self.__wrapped__, self.__dict__["_zencache_place"]
        name = original.__name__
        if getattr(sys.modules.get(place), name, None) is not self:
            return copy.copy, (original,)
        return name if place == original.__module__ else (getattr, (_Module(place), name))

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, _: dict[int, Any]) -> Any:
        return self


class _Module:
    """Becomes a module in a pickle."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __reduce__(self) -> Any:
        return importlib.import_module, (self._name,)


def stand_in(original: Callable[..., Any], call: Callable[..., Any], place: str = "") -> Any:
    """Make what calls `call` in place of a function; a class binds it only if it binds the function.

    `place` is the module where it will stand, if that is not the function's own.

    >>> length = stand_in(len, lambda value: len(value) + 1)
    >>> length("ab"), length == len, length
    (3, True, <built-in function len>)
    >>> type("Text", (), {"length": length})().length("ab")
    3
    """
    functools.update_wrapper(call, original)
    if hasattr(type(original), "__get__"):
        return call
    # A class for each, so that no frame lies between the caller and `call`.
    return type("StandIn", (_StandIn,), {"__call__": staticmethod(call)})(
        original, place or original.__module__
    )
