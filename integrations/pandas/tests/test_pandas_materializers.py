"""Frames and series come back whole, or are refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from zencache_pandas import DataFrameMaterializer, SeriesMaterializer

from zencache.errors import MaterializerError
from zencache.testing import MaterializerContract

DATES = pd.date_range("2024-01-01", periods=3, tz="Europe/Berlin")


class TestDataFrames(MaterializerContract):
    """DataFrames keep dtypes, index and names."""

    materializer = DataFrameMaterializer()
    types = [pd.DataFrame]
    values = [
        pd.DataFrame({"a": [1, 2, 3], "b": [1.5, np.nan, 3.0], "c": ["x", None, "z"]}),
        pd.DataFrame({"a": [1, 2, 3], "b": [1.5, np.nan, 3.5], "c": ["x", None, "z"]}),
        pd.DataFrame(
            {"t": DATES, "k": pd.Categorical(["u", "v", "u"]), "n": pd.array([1, None, 3], dtype="Int64")}
        ),
        pd.DataFrame({"a": [1, 2]}, index=pd.Index([10, 20], name="row")),
        pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("u", 1), ("v", 2)], names=["g", "n"])),
        pd.DataFrame({"a": np.array([], dtype="float64")}),
        pd.DataFrame({"a": [True, False], "b": np.array([1, 2], dtype="int8")}),
        pd.DataFrame({"c": ["x", np.nan, "z"]}),
        pd.DataFrame({"c": ["x", None, "z"]}),
        pd.DataFrame(np.ones((2, 2))),
        pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None])),
        pd.DataFrame([[1, 2]], columns=pd.date_range("2024", periods=2)),
        pd.DataFrame({"a": pd.Categorical([3, 1], categories=[3, 1, 2], ordered=True)}),
        pd.DataFrame({"a": pd.cut([1, 5, 9], [0, 4, 10])}),
        pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2024", periods=2, freq="D")),
        pd.DataFrame({"a": [1, 2]}, index=pd.period_range("2024", periods=2, freq="M")),
        pd.DataFrame({"a": [1]}, index=pd.Index([3], name=0)),
        pd.DataFrame({"a": pd.to_datetime([1577836800000000001])}),
        pd.DataFrame({"a": pd.Series([1, 2], dtype=object)}),
        pd.DataFrame({"tokens": [["a", "b"], ["c"]]}),
        pd.DataFrame(index=range(3)),
        pd.DataFrame(),
    ]

    def equal(self, left, right):
        pd.testing.assert_frame_equal(left, right, check_exact=True)
        return True


class TestSeries(MaterializerContract):
    """Series keep their name, or that they have none."""

    materializer = SeriesMaterializer()
    types = [pd.Series]
    values = [
        pd.Series([1, 2, 3], name="a"),
        pd.Series([1, 2, 3]),
        pd.Series(["x"], index=["i"], name="value"),
        pd.Series([1, 2, 3], name=3),
        pd.Series([1, 2, 3], name=("a", 2)),
        pd.Series([1, 2, 3], name=pd.Timestamp("2024-01-01")),
        pd.Series([1], index=pd.Index([7], name="a"), name="a"),
        pd.Series([], dtype="float64"),
    ]

    def equal(self, left, right):
        pd.testing.assert_series_equal(left, right)
        return True


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, "x"]}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": [(1, 2)]}),
        pd.DataFrame({1: [1.0]}),
        pd.DataFrame([[1, 2]], columns=["a", 1]),
        pd.DataFrame({"a": ["x", None, np.nan]}),
        pd.DataFrame({"a": [1j]}),
    ],
    ids=["mixed types", "two of a name", "tuples", "number as name", "mixed names", "mixed nulls", "complex"],
)
def test_what_parquet_would_bend_is_stored_whole_or_refused(tmp_path, frame):
    """Nothing comes back changed: the frame is equal, or the error says what to do."""
    materializer = DataFrameMaterializer()
    try:
        materializer.save(frame, tmp_path)
    except MaterializerError as error:
        assert "Give each column one type" in str(error)
    else:
        pd.testing.assert_frame_equal(materializer.load(tmp_path), frame)


@pytest.mark.parametrize("null", [None, float("nan"), pd.NA, pd.NaT], ids=repr)
def test_a_null_among_objects_keeps_its_kind(tmp_path, null):
    """Parquet knows one null, pandas four: the one that was stored comes back."""
    DataFrameMaterializer().save(pd.DataFrame({"a": pd.Series(["x", null], dtype=object)}), tmp_path)
    assert type(DataFrameMaterializer().load(tmp_path)["a"][1]) is type(null)


@pytest.mark.parametrize("values", [[1, object()], [(1, object())], [1j]], ids=["mixed", "tuples", "complex"])
def test_what_parquet_cannot_hold_is_refused_with_advice(tmp_path, values):
    """The step fails where it can be mended, not the one that reads."""
    with pytest.raises(MaterializerError, match="Give each column one type"):
        DataFrameMaterializer().save(pd.DataFrame({"a": values}), tmp_path)


def test_two_columns_of_one_name_are_refused(tmp_path):
    """The error names them."""
    with pytest.raises(MaterializerError, match=r"\['a'\]"):
        DataFrameMaterializer().save(pd.DataFrame([[1, 2]], columns=["a", "a"]), tmp_path)


def test_a_subclass_is_refused(tmp_path):
    """A GeoDataFrame, say, would come back as a plain one."""

    class Own(pd.DataFrame):
        pass

    with pytest.raises(MaterializerError, match="@register"):
        DataFrameMaterializer().save(Own({"a": [1]}), tmp_path)


def test_attrs_come_back_and_count(tmp_path):
    """Notes on a frame are part of it."""
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["unit"] = "m"
    DataFrameMaterializer().save(frame, tmp_path)
    assert DataFrameMaterializer().load(tmp_path).attrs == {"unit": "m"}


def test_a_folder_named_like_a_partition_adds_no_column(tmp_path):
    """Readers of data sets take `b=1` on the way to a file for a column `b`."""
    folder = tmp_path / "b=1"
    folder.mkdir()
    DataFrameMaterializer().save(pd.DataFrame({"a": [1]}), folder)
    assert list(DataFrameMaterializer().load(folder)) == ["a"]


def test_storing_leaves_the_value_alone(tmp_path):
    """Setting labels apart is done on a copy."""
    frame = pd.DataFrame({1: pd.Categorical([3, 1]), 2: [1.0, 2.0]}, index=pd.Index([4, 5], name=0))
    before = frame.copy()
    DataFrameMaterializer().save(frame, tmp_path)
    pd.testing.assert_frame_equal(frame, before)


def test_an_ordinary_frame_is_plain_parquet(tmp_path):
    """Other tools read it: one file, columns under their own names."""
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index([10, 20], name="row"))
    DataFrameMaterializer().save(frame, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["frame.parquet"]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "frame.parquet"), frame)


def test_importing_the_package_imports_no_pandas():
    """An integration costs nothing until there is a value for it."""
    code = "import sys, zencache_pandas; print('pandas' in sys.modules, 'pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
