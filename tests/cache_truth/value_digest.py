"""Tells a value of any type by its types and content, the same in each process."""

from __future__ import annotations

import hashlib
import random
from functools import singledispatch
from types import BuiltinFunctionType, FunctionType, ModuleType

import numpy as np
import pandas as pd

PLAIN = (bool, int, float, complex, str, bytes, type(None))


def digest(value: object) -> str:
    """Tell a small value by its text, and a large one by the beginning of it and a digest."""
    text = shown(value)
    return text if len(text) < 80 else f"{text[:40]}… {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def shown(value: object, above: tuple[int, ...] = ()) -> str:
    """Write a value with its types; `above` are the objects that it is a part of."""
    if type(value) in PLAIN:
        return repr(value)
    if id(value) in above:
        return f"<{type(value).__qualname__} above>"
    return f"{type(value).__module__}.{type(value).__qualname__}({content(value, (*above, id(value)))})"


@singledispatch
def content(value: object, above: tuple[int, ...]) -> str:
    """Write what an object holds: its attributes, or else what a pickle would hold."""
    state = getattr(value, "__dict__", None)
    if state is None:
        try:
            state = value.__reduce_ex__(4)[1:3]
        except Exception:  # noqa: BLE001 - what cannot be taken apart is told by its type
            return ""
    return shown(state, above)


@content.register(type)
@content.register(FunctionType)
@content.register(BuiltinFunctionType)
def _(value, above) -> str:
    return f"{value.__module__}.{value.__qualname__}"


@content.register
def _(value: ModuleType, above) -> str:
    return value.__name__


@content.register
def _(value: np.ndarray, above) -> str:
    items = [shown(each, above) for each in value.ravel()] if value.dtype == object else value.tolist()
    return f"{value.dtype}, {value.shape}, {items}"


@content.register
def _(value: np.generic, above) -> str:
    return repr(value)


@content.register
def _(value: pd.DataFrame, above) -> str:
    columns = [
        (name, shown(value.iloc[:, number].to_numpy(), above)) for number, name in enumerate(value.columns)
    ]
    return f"{columns}, {_index(value, above)}, {list(map(str, value.dtypes))}"


@content.register
def _(value: pd.Series, above) -> str:
    return f"{shown(value.to_numpy(), above)}, {_index(value, above)}, {value.name!r}, {value.dtype}"


def _index(value: pd.DataFrame | pd.Series, above: tuple[int, ...]) -> str:
    return f"{shown(value.index.to_numpy(), above)} {value.index.names}"


@content.register
def _(value: dict, above) -> str:
    items = [(shown(key, above), shown(each, above)) for key, each in value.items()]
    return f"{items}, {_attributes(value, above)}"


@content.register(set)
@content.register(frozenset)
def _(value, above) -> str:
    return f"{sorted(shown(each, above) for each in value)}"


@content.register(list)
@content.register(tuple)
def _(value, above) -> str:
    return f"{[shown(each, above) for each in value]}, {_attributes(value, above)}"


@content.register
def _(value: random.Random, above) -> str:
    return repr(value.getstate())


def _attributes(value: object, above: tuple[int, ...]) -> str:
    """Write what an instance of a subclass of a container holds beside its items."""
    return shown(vars(value), above) if getattr(value, "__dict__", None) else ""
