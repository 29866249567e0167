"""Says before anything runs that no materializer stores values of a declared type."""

from __future__ import annotations

import inspect
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from zencache.materializers.registry import advice, find
from zencache.model.types import type_name

_OF_INTERFACES = ("abc", "typing", "numbers", "collections.abc", "os")


def refusal(annotation: Any) -> str | None:
    """Say why no value of an annotated type is stored without pickle; None if one may be.

    A class counts only if nothing stores its subclasses either: a step may return one of those.

    >>> refusal(int), refusal(list[int | str]), refusal(object)
    (None, None, None)
    >>> class Odd: ...
    >>> refusal(dict[str, Odd])  # doctest: +ELLIPSIS
    '...Odd in it: No materializer stores it. Write one ...'
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return refusal(arguments[0])
    if origin in (Union, types.UnionType):
        refusals = [refusal(member) for member in arguments]
        return refusals[0] if all(refusals) else None
    if origin is Literal:
        return None
    if origin in (list, tuple, set, frozenset, dict):
        return next(filter(None, map(_refusal_inside, arguments)), None)
    if isinstance(annotation, type) and origin is None and not _may_be_stored(annotation):
        return advice(annotation)
    return None


def _refusal_inside(argument: Any) -> str | None:
    """Say why a part of a container is not stored, with its type."""
    inside = refusal(argument)
    return inside if inside is None or " in it: " in inside else f"{type_name(argument)} in it: {inside}"


def _may_be_stored(kind: type) -> bool:
    is_interface = (
        kind is object
        or inspect.isabstract(kind)
        or getattr(kind, "_is_protocol", False)
        or kind.__module__ in _OF_INTERFACES
    )
    return is_interface or find(kind) is not None or any(map(_may_be_stored, type.__subclasses__(kind)))
