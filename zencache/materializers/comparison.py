"""Compares a value with what was loaded of it, by types and by the parts that `==` does not see.

Both are taken apart as pickle does. Of a large value only the beginning is compared.
"""

from __future__ import annotations

import copyreg
import types
from typing import Any

from zencache.model.types import type_name

_LONGEST = 20_000
"""Parts that are compared."""
_SCALARS = frozenset({type(None), bool, int, str, bytes, float, complex, range, type(Ellipsis)})
_NAMED = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)


def difference(value: Any, back: Any) -> str | None:
    """Say where two values differ; None if no difference was found.

    >>> difference([1, {"a": (2.0,)}], [1, {"a": (2.0,)}])
    >>> difference([1, {"a": True}], [1, {"a": 1}])
    "at [1]['a']: True (bool) would be 1 (int)"
    """
    rest: list[tuple[str, Any, Any]] = [("", value, back)]
    seen: set[tuple[int, int]] = set()
    kept: list[Any] = []  # so that no other object gets the id of one that was compared
    count = 0
    while rest and count < _LONGEST:
        place, one, other = rest.pop()
        count += 1
        if one is other or (id(one), id(other)) in seen:
            continue
        seen.add((id(one), id(other)))
        kept += [one, other]
        if _differ(one, other):
            return (
                f"{f'at {place}: ' if place else ''}{_shown(one)} ({type_name(type(one))}) would be "
                f"{_shown(other)} ({type_name(type(other))})"
            )
        rest += _parts(place, one, other)
    return None


def _differ(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return True
    if type(one) in (float, complex):
        return repr(one) != repr(other)
    if type(one) in _SCALARS:
        return bool(one != other)
    if isinstance(one, _NAMED):
        return one is not other and getattr(one, "__qualname__", "") != getattr(other, "__qualname__", "")
    return type(one) in (list, tuple, dict, set, frozenset) and len(one) != len(other)


def _parts(place: str, one: Any, other: Any) -> list[tuple[str, Any, Any]]:
    kind = type(one)
    if kind in _SCALARS or isinstance(one, _NAMED):
        return []
    if kind in (list, tuple):
        return [(f"{place}[{n}]", a, b) for n, (a, b) in enumerate(zip(one, other, strict=True))]
    if kind is dict:
        pairs = zip(one.items(), other.items(), strict=True)
        return [
            part
            for (key, a), (other_key, b) in pairs
            for part in ((f"{place} key", key, other_key), (f"{place}[{key!r}]", a, b))
        ]
    if kind in (set, frozenset):
        return []  # their order may differ
    return _parts_of_object(place, one, other)


def _parts_of_object(place: str, one: Any, other: Any) -> list[tuple[str, Any, Any]]:
    if isinstance(getattr(one, "__dict__", None), dict) and not hasattr(one, "__array__"):
        inside = [
            (f"{place}.{name}", each, vars(other)[name])
            for name, each in vars(one).items()
            if name in vars(other)
        ]
        missing = vars(one).keys() ^ vars(other).keys()
        if missing and not _has_own_state(type(one)):
            return [(f"{place} attributes", sorted(vars(one)), sorted(vars(other)))]
        return inside if not _has_own_state(type(one)) else []
    if hasattr(one, "__array__") or _has_own_state(type(one)):
        return []
    reduced = [_reduced(each) for each in (one, other)]
    if None in reduced or len(reduced[0]) != len(reduced[1]):  # type: ignore[arg-type]
        return []
    return [(place, a, b) for a, b in zip(*reduced, strict=True)]


def _has_own_state(kind: type) -> bool:
    """Say whether a class itself decides what of its state is pickled, such as a cache that it leaves out."""
    names = ("__getstate__", "__setstate__", "__reduce__", "__reduce_ex__")
    return any(name in vars(base) for base in kind.__mro__[:-1] for name in names)


def _reduced(value: Any) -> list[Any] | None:
    try:
        reduce = copyreg.dispatch_table.get(type(value))
        parts = reduce(value) if reduce else value.__reduce_ex__(4)
    except Exception:  # noqa: BLE001 - a class may refuse
        return None
    return None if isinstance(parts, str) else [part for part in parts[:3] if not callable(part)]


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a user's __repr__ may do anything
        text = "a value"
    return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004 - characters
