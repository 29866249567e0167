"""Describes the first difference between two values or folders: where it is, old → new."""

from __future__ import annotations

import dataclasses
import sys
from itertools import zip_longest
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from zencache.artifacts.manifest import content_files
from zencache.model.types import type_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MAX_SHOWN = 60  # characters of a value in a message
_CHUNK = 2**20  # bytes


def first_difference(old: Any, new: Any, where: str) -> str | None:  # noqa: PLR0911 - one line a kind
    """Say where two values first differ; None where no difference is found.

    >>> first_difference({"a": [1, 2]}, {"a": [1, 3]}, "report")
    "report['a'][1]: 2 → 3"
    >>> first_difference("same", "sane", "text")
    "text[2]: 'm' → 'n' (of 4 characters)"
    """
    if type(old) is not type(new):
        return f"{where}: {type_name(type(old))} → {type_name(type(new))}"
    if (labelled := _of_library(old, new, where)) is not None:
        return labelled or None
    if isinstance(old, dict):
        return _mappings(old, new, where)
    if isinstance(old, list | tuple):
        return _sequences(old, new, where, "elements")
    if isinstance(old, str | bytes):
        return _sequences(old, new, where, "characters" if isinstance(old, str) else "bytes")
    if isinstance(old, set | frozenset):
        return _sets(old, new, where)
    if (fields := _fields(old)) is not None:
        return next(_each(fields, _fields(new) or {}, f"{where}."), None)
    return _plain(old, new, where)


def _mappings(old: dict[Any, Any], new: dict[Any, Any], where: str) -> str | None:
    for key in sorted(old.keys() ^ new.keys(), key=repr):
        return f"{where}[{_shown(key)}] is {'gone' if key in old else 'new'}"
    for key, value in old.items():
        if difference := first_difference(value, new[key], f"{where}[{_shown(key)}]"):
            return difference
    return f"{where}: the order of its keys" if list(old) != list(new) else None


def _sequences(old: Sequence[Any], new: Sequence[Any], where: str, parts: str) -> str | None:
    """Compare part by part; `parts` names them: elements, characters or bytes."""
    is_text = isinstance(old, str | bytes)
    for index, (before, now) in enumerate(zip(old, new, strict=False)):
        if not is_text:
            difference = first_difference(before, now, f"{where}[{index}]")
        elif before != now:
            difference = f"{where}[{index}]: {before!r} → {now!r} (of {len(old)} {parts})"
        else:
            difference = None
        if difference:
            return difference
    return f"{where}: {len(old)} {parts} → {len(new)}" if len(old) != len(new) else None


def _sets(old: set[Any] | frozenset[Any], new: set[Any] | frozenset[Any], where: str) -> str | None:
    for value in sorted(old ^ new, key=repr):
        return f"{where}: {_shown(value)} is {'gone' if value in old else 'new'}"
    return None


def _fields(value: Any) -> Mapping[str, Any] | None:
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(type(value), "model_fields"):
        return dict(value)
    return None


def _each(old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> Iterator[str]:
    for name, value in old.items():
        if difference := first_difference(value, new.get(name), f"{where}{name}"):
            yield difference


def _plain(old: Any, new: Any, where: str) -> str | None:
    if isinstance(old, PurePath):
        return None  # a stored file: its content is compared, not its path
    try:
        is_same = bool(old == new) or bool(old != old and new != new)  # noqa: PLR0124 - NaN is not itself
    except Exception:  # noqa: BLE001 - a comparison of users' values may do anything
        return None
    if is_same or object.__repr__(old) == repr(old):
        return None  # its repr would only show its address in memory
    return f"{where}: {_shown(old)} → {_shown(new)}"


# -- numpy and pandas -------------------------------------------------------------------------------


def _of_library(old: Any, new: Any, where: str) -> str | None:
    """Compare arrays and frames; "" where they are equal, None for values of other kinds."""
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and isinstance(old, numpy.ndarray):
        return _arrays(numpy, old, new, where) or ""
    if pandas is not None and isinstance(old, pandas.DataFrame | pandas.Series):
        return _frames(pandas, old, new, where) or ""
    return None


def _arrays(numpy: Any, old: Any, new: Any, where: str) -> str | None:
    for attribute in ("dtype", "shape"):
        if getattr(old, attribute) != getattr(new, attribute):
            return f"{where}: {attribute} {getattr(old, attribute)} → {getattr(new, attribute)}"
    both_nan = (old != old) & (new != new)  # noqa: PLR0124 - NaN is not itself
    differ = numpy.asarray(~((old == new) | both_nan))
    places = numpy.argwhere(differ)
    if not len(places):
        return None
    index = tuple(map(int, places[0]))
    place = f"[{', '.join(map(str, index))}]" if index else ""
    return f"{where}{place}: {old[index]} → {new[index]} ({len(places)} of {old.size} elements differ)"


def _frames(pandas: Any, old: Any, new: Any, where: str) -> str | None:
    """Compare labels, dtypes, and then cells, row by row."""
    if isinstance(old, pandas.Series):
        old, new = old.to_frame("value"), new.to_frame("value")
    if list(old.columns) != list(new.columns):
        return f"{where}: columns {_shown(list(old.columns))} → {_shown(list(new.columns))}"
    if len(old) != len(new):
        return f"{where}: {len(old)} rows → {len(new)}"
    if not old.index.equals(new.index):
        return f"{where}: the labels of its rows differ"
    for number, column in enumerate(old.columns):
        old_dtype, new_dtype = old.dtypes.iloc[number], new.dtypes.iloc[number]
        if old_dtype != new_dtype:
            return f"{where}: dtype of column {column!r} {old_dtype} → {new_dtype}"
    return _cells(old, new, where)


def _cells(old: Any, new: Any, where: str) -> str | None:
    before, now = old.astype(object).to_numpy(), new.astype(object).to_numpy()
    missing = (old.isna() & new.isna()).to_numpy()
    places = ((before != now) & ~missing).nonzero()
    if not len(places[0]):
        return None
    row, column = int(places[0][0]), int(places[1][0])
    place = f"row {old.index[row]!r}, column {old.columns[column]!r}"
    change = f"{_shown(before[row, column])} → {_shown(now[row, column])}"
    return f"{where}: {place}: {change} ({len(places[0])} of {old.size} cells differ)"


# -- files ------------------------------------------------------------------------------------------


def first_differing_file(old: Path, new: Path, where: str) -> str | None:
    """Say which file differs first between two folders, and from which byte on."""
    old_names, new_names = (
        {p.relative_to(side).as_posix() for p in content_files(side)} for side in (old, new)
    )
    for name in sorted(old_names | new_names):
        if name not in new_names:
            return f"{where}: file {name} is gone"
        if name not in old_names:
            return f"{where}: file {name} is new"
        if (offset := first_differing_byte(old / name, new / name)) is not None:
            return f"{where}: file {name} differs from byte {offset:,} on"
    return None


def first_differing_byte(old: Path, new: Path) -> int | None:
    """Give the offset of the first byte that differs, or at which one file ends; None for equal files."""
    with old.open("rb") as before, new.open("rb") as now:
        offset = 0
        while True:
            left, right = before.read(_CHUNK), now.read(_CHUNK)
            if left != right:
                return offset + next(n for n, (a, b) in enumerate(zip_longest(left, right)) if a != b)
            if not left:
                return None
            offset += len(left)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"
