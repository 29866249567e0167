"""Writes scalars of pandas and numpy as plain data, and reads them back, alone or among objects."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped, unused-ignore]

from zencache.errors import MaterializerError
from zencache.model.types import type_name
from zencache.model.values import from_text, to_text


def text_of(value: Any) -> str:
    """Give the text of a scalar, or of a list that may hold scalars; raises MaterializerError."""
    return to_text(value, leaf=_data)


def value_of(text: str) -> Any:
    """Read what `text_of` gave."""
    return from_text(text, _scalar)


def is_same_scalar(value: Any, back: Any) -> bool:
    """Compare by type, by text (which shows every field but the zone and the frequency), and by these."""
    return type(value) is type(back) and _facts(value) == _facts(back)


def _data(value: Any) -> list[Any]:
    """Give the data that restores a scalar: its kind, and its fields."""
    if value is pd.NaT or value is pd.NA:
        return ["NaT" if value is pd.NaT else "NA"]
    if type(value) is pd.Timestamp:
        return ["Timestamp", *_count(value.to_datetime64()), _zone_data(value.tz), _frequency(value)]
    if type(value) is pd.Timedelta:
        return ["Timedelta", *_count(value.to_timedelta64())]
    if type(value) is pd.Period:
        return ["Period", value.ordinal, value.freqstr]
    if type(value) is pd.Interval:
        return ["Interval", text_of(value.left), text_of(value.right), value.closed]
    if isinstance(value, np.generic) and not value.dtype.hasobject and not value.dtype.names:
        return ["numpy", value.dtype.str, value.tobytes().hex()]
    raise MaterializerError(f"a value of type {type_name(type(value))} is not stored among objects")


def _scalar(data: Any) -> Any:
    kind, *fields = data
    if kind in ("NaT", "NA"):
        return getattr(pd, kind)
    if kind == "Timestamp":
        return _timestamp(*fields)
    if kind == "Timedelta":
        return pd.Timedelta(np.timedelta64(*fields))
    if kind == "Period":
        return pd.Period(ordinal=fields[0], freq=fields[1])
    if kind == "Interval":
        return pd.Interval(value_of(fields[0]), value_of(fields[1]), fields[2])
    return np.frombuffer(bytes.fromhex(fields[1]), np.dtype(fields[0]))[0]


def _count(value: Any) -> tuple[int, str]:
    """Give the number of units since the epoch, or of a duration, and the unit."""
    return int(value.astype("int64")), np.datetime_data(value.dtype)[0]


def _timestamp(count: int, unit: str, zone: list[str] | None, frequency: str | None) -> Any:
    value = pd.Timestamp(np.datetime64(count, unit))
    if zone is not None:
        name = zone[1] if zone[0] == "pytz" else from_text(zone[1])
        value = value.tz_localize("UTC").tz_convert(name)
    if frequency is None:
        return value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # pandas 1 alone has frequencies of times
        return pd.Timestamp(value, freq=frequency)


def _zone_data(zone: Any) -> list[str] | None:
    if zone is None:
        return None
    name = getattr(zone, "zone", None)
    return ["pytz", name] if isinstance(name, str) else ["text", to_text(zone)]


def _frequency(value: Any) -> str | None:
    frequency = getattr(value, "_freq", None)
    return None if frequency is None else frequency.freqstr


def _facts(value: Any) -> list[Any]:
    zone = getattr(value, "tzinfo", None)
    facts = [repr(value), type(zone), str(zone), getattr(value, "unit", None), getattr(value, "_freq", None)]
    facts += [getattr(value, name, None) for name in ("fold", "freq") if type(value) is not pd.Timestamp]
    if isinstance(value, pd.Interval):
        facts += [type(value.left), type(value.right)]
    return facts
