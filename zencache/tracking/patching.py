"""Wraps functions temporarily, so that their arguments can be recorded."""

from __future__ import annotations

import functools
import types
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Wrapping:
    """Functions and methods that are replaced by wrappers, which first record their arguments.

    >>> import types
    >>> tool, calls, wrapping = types.SimpleNamespace(double=lambda x: 2 * x), [], Wrapping()
    >>> wrapping.around(tool, "double", calls.append)
    >>> tool.double(2), calls
    (4, [2])
    >>> wrapping.undo()
    >>> tool.double(3), calls
    (6, [2])
    """

    def __init__(self) -> None:
        self._put: list[tuple[Any, str, Any, Any]] = []

    def around(self, owner: Any, name: str, note: Callable[..., object]) -> None:
        """Have `note` called before `owner.name` is, if there is such a thing and it can be replaced."""
        original = None if owner is None else vars(owner).get(name)
        if isinstance(original, type) or not callable(original):  # a class stays: others may compare with it
            return
        self._replace(owner, name, original, _noting(original, note))

    def around_static(self, owner: Any, name: str, note: Callable[..., object]) -> None:
        """Do so for a function in a class that is called without the instance."""
        original = None if owner is None else vars(owner).get(name)
        if callable(original):
            self._replace(owner, name, original, staticmethod(_noting(original, note)))

    def rebind(self, modules: Iterable[types.ModuleType]) -> None:
        """Replace in some modules what they took by `from x import f`, too."""
        replaced = {
            id(original): (original, put) for owner, _, put, original in self._put if _is_module(owner)
        }
        for module in modules:
            for name, value in list(vars(module).items()):
                original, put = replaced.get(id(value), (None, None))
                if put is not None:
                    self._replace(module, name, original, put)

    def undo(self) -> None:
        """Put back everything that nobody else has replaced meanwhile."""
        while self._put:
            owner, name, put, original = self._put.pop()
            if vars(owner).get(name) is put:
                setattr(owner, name, original)

    def _replace(self, owner: Any, name: str, original: Any, put: Any) -> None:
        try:
            setattr(owner, name, put)
        except (AttributeError, TypeError):  # a class that is written in C
            return
        self._put.append((owner, name, put, original))


def _is_module(owner: Any) -> bool:
    return isinstance(owner, types.ModuleType)


def _noting(original: Callable[..., Any], note: Callable[..., object]) -> Callable[..., Any]:
    @functools.wraps(original)
    def noting(*args: Any, **kwargs: Any) -> Any:
        with suppress(Exception):  # a failure to record must not reach the caller
            note(*args, **kwargs)
        return original(*args, **kwargs)

    return noting
