"""Places of other steps' outputs inside of an argument: a list, tuple or dict of outputs, at any depth.

An argument `[a, 2, b]`, where `a` and `b` are outputs, is recorded as the parameter `[output 0, 2, output 1]`
under the argument's name with `[]`, and as two inputs of the argument's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.model.specs import indexed, key_and_index
from zencache.model.values import OutputPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MARK = "[]"


def parameter_name(argument: str) -> str:
    """Name the parameter that records the places of outputs in an argument.

    >>> parameter_name("scores"), argument_name("scores[]"), argument_name("rate")
    ('scores[]', 'scores', 'rate')
    """
    return argument + _MARK


def argument_name(parameter: str) -> str:
    """Name the argument of a parameter."""
    return parameter.removesuffix(_MARK)


def replaced(value: Any, kind: type, replace: Callable[[Any], Any]) -> Any:
    """Copy lists, tuples and dicts with each object of a kind replaced.

    >>> replaced([1, {"a": (2.5,)}], float, str)
    [1, {'a': ('2.5',)}]
    """
    if isinstance(value, kind):
        return replace(value)
    if type(value) is list:
        return [replaced(item, kind, replace) for item in value]
    if isinstance(value, tuple) and (type(value) is tuple or type(value).__new__ is tuple.__new__):
        return tuple(replaced(item, kind, replace) for item in value)
    if type(value) is dict:
        return {key: replaced(item, kind, replace) for key, item in value.items()}
    return value


def holds(value: Any, kind: type) -> bool:
    """Say whether lists, tuples and dicts hold an object of a kind at any depth.

    >>> holds([1, {"a": (2.5,)}], float), holds([1], float)
    (True, False)
    """
    if isinstance(value, kind):
        return True
    if type(value) is dict:
        return any(holds(item, kind) for item in value.values())
    return isinstance(value, list | tuple) and any(holds(item, kind) for item in value)


def filled(arguments: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Put inputs into arguments: under their own names, or at the places of their outputs.

    >>> filled({"rate": 1, "scores": [OutputPlace(0), 5, OutputPlace(1)]}, {"scores": 3, "scores[1]": 4})
    {'rate': 1, 'scores': [3, 5, 4]}
    """
    composed = {name for name, value in arguments.items() if holds(value, OutputPlace)}
    own = {name: value for name, value in inputs.items() if key_and_index(name)[0] not in composed}
    values = {n: _filled(n, value, inputs) if n in composed else value for n, value in arguments.items()}
    return {**values, **own}


def _filled(name: str, value: Any, inputs: Mapping[str, Any]) -> Any:
    return replaced(value, OutputPlace, lambda place: inputs[indexed(name, place.number)])


def without_places(value: Any) -> Any:
    """Give a value with None where outputs stand."""
    return replaced(value, OutputPlace, lambda _: None)
