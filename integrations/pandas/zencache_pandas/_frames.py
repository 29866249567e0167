"""Writes DataFrames and Series as files, and reads them back.

================== =======================================================================
`frame.parquet`    the columns, and the index where Parquet can name it
`notes.json`       only if needed: dtypes, kinds of nulls, frequencies and `attrs` to put back
`columns/`         only if needed: the column labels, as a frame with one column for each level
`index/`           only if needed: the row labels, likewise
`categories-3/`    only if needed: the categories of the fourth column, whose codes are in `frame.parquet`
`objects-3.json`   only if needed: the fourth column's objects of mixed types, as text
`name.json`        of a Series: a name that is not a text (none, a number, a tuple)
================== =======================================================================

A frame is first written as plain Parquet, which any tool reads. If it would be loaded with a difference, its
labels are written separately. If that does not help either, the frame is refused.
"""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped, unused-ignore]
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from zencache.errors import MaterializerError
from zencache.model.values import from_text, to_text
from zencache_pandas._scalars import text_of, value_of

if TYPE_CHECKING:
    from pathlib import Path

with contextlib.suppress(ModuleNotFoundError):
    import pyarrow_hotfix  # type: ignore[import-untyped, unused-ignore]  # noqa: F401 - pyarrow up to 14.0.0 unpickles data of files (CVE-2023-47248)

_FRAME, _NOTES, _NAME, _LABELS = "frame.parquet", "notes.json", "name.json", "labels"
_ADVICE = (
    "Give each column one type (`df.astype(...)`) and a name of its own, "
    "or return the parts as outputs of their own"
)
_NULLS = {"NaN": float("nan"), "NaT": pd.NaT, "NA": pd.NA}


def save_frame(frame: Any, folder: Path) -> None:
    """Write a DataFrame; raises MaterializerError if it would be loaded with a difference."""
    _require(frame, pd.DataFrame)
    if not frame.columns.is_unique:
        twice = list(dict.fromkeys(frame.columns[frame.columns.duplicated()]))
        raise MaterializerError(f"this DataFrame has several columns of the name {twice}. {_ADVICE}")
    try:
        _write(frame, folder, apart=False)
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - pyarrow and pandas raise many kinds, each a reason to try the other way
        _write_apart(frame, folder)


def load_frame(folder: Path) -> Any:
    """Read a DataFrame."""
    return _restored(_read(folder), folder, _read_notes(folder))


def save_series(series: Any, folder: Path) -> None:
    """Write a Series as a frame of one column."""
    _require(series, pd.Series)
    noted = type(series.name) in (type(None), bool, int, float, tuple)
    frame = series.to_frame("value" if noted else series.name)
    frame.attrs = series.attrs
    save_frame(frame, folder)
    if noted:
        (folder / _NAME).write_text(_text_of("the name of this Series", series.name), encoding="ascii")


def load_series(folder: Path) -> Any:
    """Read a Series."""
    frame = load_frame(folder)
    series = frame.iloc[:, 0]
    series.attrs = frame.attrs
    if (folder / _NAME).exists():
        series.name = from_text((folder / _NAME).read_text(encoding="ascii"))
    return series


def save_index(index: Any, folder: Path) -> None:
    """Write an Index of any kind; raises MaterializerError if it would be loaded with a difference."""
    if type(index).__module__.partition(".")[0] != "pandas":
        raise MaterializerError(
            f"{type(index).__name__} is an Index of another kind. Return pd.Index(value) instead"
        )
    notes = _save_labels(index, folder / _LABELS)
    (folder / _NOTES).write_text(_text_of("the names of this Index", notes), encoding="ascii")
    back = load_index(folder)
    try:
        assert type(back) is type(index), f"it would be a {type(back).__name__}"
        _check_labels(index, back)
    except AssertionError as error:
        raise MaterializerError(f"this Index would be loaded with a difference: {error}") from error
    _check_objects("the index", index, back)


def load_index(folder: Path) -> Any:
    """Read an Index."""
    return _load_labels(folder / _LABELS, _read_notes(folder))


def _require(value: Any, kind: Any) -> None:
    """Refuse a subclass, because its class and its own attributes would be lost."""
    if type(value) is not kind:
        raise MaterializerError(
            f"{type(value).__name__} is a {kind.__name__} of another kind, "
            "and would come back as a plain one. "
            f"Return pd.{kind.__name__}(value), or @register a materializer for {type(value).__name__}"
        )
    if not value.flags.allows_duplicate_labels:
        raise MaterializerError(
            "the flag allows_duplicate_labels=False is not stored. "
            "Return value.set_flags(allows_duplicate_labels=True)"
        )


def _write_apart(frame: Any, folder: Path) -> None:
    try:
        _write(frame, folder, apart=True)
    except OSError:
        raise
    except Exception as error:
        if any(_has_objects(frame.iloc[:, number]) for number in range(frame.shape[1])):
            _write(frame, folder, apart=True, objects=True)
            return
        if isinstance(error, MaterializerError):
            raise
        raise MaterializerError(f"Parquet cannot hold this DataFrame as it is: {error}. {_ADVICE}") from error


def _write(frame: Any, folder: Path, *, apart: bool, objects: bool = False) -> None:
    body = frame.copy(deep=False)
    body.attrs = {}
    notes: dict[str, Any] = {"attrs": frame.attrs} if frame.attrs else {}
    if apart:
        body = _without_labels(body, folder, notes, objects=objects)
    elif getattr(frame.index, "freq", None) is not None:
        notes["freq"] = frame.index.freqstr
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of labels that will change: they are compared below
        table = pa.Table.from_pandas(body)
    pq.write_table(table, folder / _FRAME, version="2.6")  # the first that holds nanoseconds
    back = _read(folder)
    repairs = {number: repair for number in range(back.shape[1]) if (repair := _repair(body, back, number))}
    if repairs:
        notes["repairs"] = repairs
    if notes:
        (folder / _NOTES).write_text(
            _text_of("the names or the attrs of this DataFrame", notes), encoding="ascii"
        )
    _check(frame, _restored(back, folder, notes))


def _read(folder: Path) -> Any:
    # Not pd.read_parquet: it takes a folder named `a=1` on the way for a column `a`.
    return pq.ParquetFile(folder / _FRAME).read().to_pandas()


def _read_notes(folder: Path) -> dict[str, Any]:
    path = folder / _NOTES
    notes: dict[str, Any] = from_text(path.read_text(encoding="ascii")) if path.exists() else {}
    return notes


def _text_of(what: str, value: Any) -> str:
    try:
        return to_text(value)
    except Exception as error:
        raise MaterializerError(f"{what} cannot be stored: {error}. Use plain values there") from error


def _without_labels(body: Any, folder: Path, notes: dict[str, Any], *, objects: bool) -> Any:
    """Write the labels and the categories separately; return the columns, named by their numbers."""
    notes["columns"] = _save_labels(body.columns, folder / "columns")
    if not isinstance(body.index, pd.RangeIndex) or body.index.name is not None or body.columns.empty:
        notes["index"] = _save_labels(body.index, folder / "index")
        body.index = pd.RangeIndex(len(body))
    body.columns = [str(number) for number in range(body.shape[1])]
    for number, name in enumerate(body.columns):
        if isinstance(body[name].dtype, pd.CategoricalDtype):
            values = body[name].cat
            labels = _save_labels(values.categories, folder / f"categories-{number}")
            notes[f"categories-{number}"] = {**labels, "ordered": bool(values.ordered)}
            body[name] = values.codes
        elif objects and _has_objects(body[name]):
            _save_objects(body[name], folder / f"objects-{number}.json")
            notes[f"objects-{number}"] = True
            body[name] = np.zeros(len(body), dtype="int8")
    return body


def _has_objects(column: Any) -> bool:
    """Say whether a column holds Python objects that are not all texts."""
    return bool(column.dtype == object) and not set(map(type, column)) <= {str}


def _save_objects(column: Any, path: Path) -> None:
    try:
        path.write_text(text_of(list(column)), encoding="ascii")
    except MaterializerError as error:
        raise MaterializerError(f"a column of this DataFrame cannot be stored: {error}. {_ADVICE}") from error


def _save_labels(labels: Any, folder: Path) -> dict[str, Any]:
    """Write an Index as a frame with a column for each level; return the notes that restore the Index."""
    if isinstance(labels, pd.RangeIndex):
        return {"names": list(labels.names), "range": [labels.start, labels.stop, labels.step]}
    folder.mkdir(exist_ok=True)
    levels = [labels.get_level_values(number) for number in range(labels.nlevels)]
    save_frame(pd.DataFrame({str(n): pd.Series(level) for n, level in enumerate(levels)}), folder)
    notes: dict[str, Any] = {"names": list(labels.names), "multi": isinstance(labels, pd.MultiIndex)}
    if getattr(labels, "freq", None) is not None and not isinstance(labels, pd.PeriodIndex):
        notes["freq"] = labels.freqstr
    return notes


def _load_labels(folder: Path, notes: dict[str, Any]) -> Any:
    if "range" in notes:
        return pd.RangeIndex(*notes["range"], name=notes["names"][0])
    frame = load_frame(folder)
    if notes["multi"]:
        return pd.MultiIndex.from_frame(frame, names=notes["names"])
    labels = pd.Index(frame.iloc[:, 0])
    labels.name = notes["names"][0]
    if "freq" in notes:
        labels.freq = notes["freq"]
    return labels


def _restored(body: Any, folder: Path, notes: dict[str, Any]) -> Any:
    """Restore what the notes describe, and the labels that were written separately."""
    for number, repair in notes.get("repairs", {}).items():
        body.isetitem(number, _repaired(body.iloc[:, number], repair))
    for number in range(body.shape[1]):
        if (found := notes.get(f"categories-{number}")) is not None:
            categories = _load_labels(folder / f"categories-{number}", found)
            codes = body.iloc[:, number]
            values = pd.Categorical.from_codes(codes, categories, ordered=found["ordered"])
            body.isetitem(number, values)
        if f"objects-{number}" in notes:
            items = value_of((folder / f"objects-{number}.json").read_text(encoding="ascii"))
            body.isetitem(number, pd.Series(_filled(len(items), items), index=body.index, dtype=object))
    if "index" in notes:
        index = _load_labels(folder / "index", notes["index"])
        body = body.set_axis(index, axis=0) if body.shape[1] else pd.DataFrame(index=index)
    if "columns" in notes:
        body.columns = _load_labels(folder / "columns", notes["columns"])
    if "freq" in notes:
        body.index.freq = notes["freq"]
    body.attrs = notes.get("attrs", {})
    return body


def _repair(body: Any, back: Any, number: int) -> dict[str, Any]:
    """Describe what a column lost in Parquet and can be restored."""
    given, stored = body.iloc[:, number], back.iloc[:, number]
    repair: dict[str, Any] = {}
    if given.dtype != stored.dtype:
        repair["dtype"] = _dtype_name(given.dtype)
    if given.dtype == object:
        kinds = {_kind_of_null(value) for value in given[given.isna()]}
        if len(kinds) == 1 and kinds <= _NULLS.keys():
            repair["null"] = kinds.pop()
        if any(type(value) is list for value in given):
            repair["lists"] = True
    return repair


def _repaired(column: Any, repair: dict[str, Any]) -> Any:
    if "dtype" in repair:
        column = column.astype(repair["dtype"])
    if "null" in repair or "lists" in repair:
        values = column.to_numpy(dtype=object, copy=True)
        if "null" in repair:
            values[pd.isna(values)] = _NULLS[repair["null"]]
        if "lists" in repair:
            values[:] = _filled(len(values), (v.tolist() if isinstance(v, np.ndarray) else v for v in values))
        column = pd.Series(values, index=column.index, dtype=object)
    return column


def _filled(size: int, values: Any) -> Any:
    """Fill an array with objects one by one; numpy would turn lists of equal length into a table."""
    array = np.empty(size, dtype=object)
    for number, value in enumerate(values):
        array[number] = value
    return array


def _dtype_name(dtype: Any) -> str:
    """Name a dtype so that pandas can read it; `str` of a text dtype omits its storage."""
    return (
        repr(dtype) if isinstance(dtype, pd.StringDtype) and repr(dtype).startswith("string[") else str(dtype)
    )


def _kind_of_null(value: Any) -> str:
    if value is None:
        return "None"
    return "NA" if value is pd.NA else "NaT" if value is pd.NaT else "NaN"


def _check(value: Any, stored: Any) -> None:
    """Raise MaterializerError if the stored frame differs."""
    try:
        pd.testing.assert_frame_equal(_numbered(value), _numbered(stored), check_exact=True)
        _check_labels(value.index, stored.index)
        _check_labels(value.columns, stored.columns)
    except AssertionError as error:
        raise MaterializerError(
            f"Parquet would not give this DataFrame back as it is: {error}. {_ADVICE}"
        ) from error
    _check_objects("index", value.index, stored.index)
    for number, name in enumerate(value.columns):
        _check_objects(f"column {name!r}", value.iloc[:, number], stored.iloc[:, number])


def _numbered(frame: Any) -> Any:
    """Give the frame without its labels, which are compared separately."""
    body = frame.copy(deep=False)
    body.index, body.columns = pd.RangeIndex(body.shape[0]), pd.RangeIndex(body.shape[1])
    return body


def _check_labels(given: Any, stored: Any) -> None:
    """Raise AssertionError if labels differ; a MultiIndex is compared by values, not by its encoding."""
    if isinstance(given, pd.MultiIndex):
        assert isinstance(stored, pd.MultiIndex) and given.nlevels == stored.nlevels, "levels were lost"  # noqa: PT018
        for number in range(given.nlevels):
            _check_labels(given.get_level_values(number), stored.get_level_values(number))
        return
    pd.testing.assert_index_equal(given, stored, exact=True)
    frequencies = getattr(given, "freq", None), getattr(stored, "freq", None)
    assert frequencies[0] == frequencies[1], f"the frequency {frequencies[0]} would be {frequencies[1]}"


def _check_objects(where: str, given: Any, stored: Any) -> None:
    """Compare objects one by one: for pandas, None equals NaN, a tuple an array, and 1 equals True."""
    if given.dtype != object or isinstance(given, pd.MultiIndex):
        return
    if set(map(type, given)) == set(map(type, stored)) == {str}:
        return  # pandas has compared them
    for left, right in zip(given, stored, strict=True):
        if not _same(left, right):
            raise MaterializerError(
                f"Parquet would not give this DataFrame back as it is: in {where}, "
                f"{left!r} ({type(left).__name__}) would come back as "
                f"{right!r} ({type(right).__name__}). {_ADVICE}"
            )


def _same(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, str):
        return bool(left == right)
    if isinstance(left, np.ndarray):
        whole = left.dtype == right.dtype and left.shape == right.shape and not left.dtype.hasobject
        return bool(whole and left.tobytes() == right.tobytes())
    return repr(left) == repr(right)
