"""Scalars, indexes and mixed columns of pandas come back whole, or are refused."""

from __future__ import annotations

import datetime
import zoneinfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zencache_pandas import DataFrameMaterializer, IndexMaterializer, ScalarMaterializer, _frames
from zencache_pandas._scalars import is_same_scalar

from zencache.errors import MaterializerError
from zencache.testing import MaterializerContract


class TestScalars(MaterializerContract):
    materializer = ScalarMaterializer()
    types = [pd.Timestamp, pd.Timedelta, pd.Period, pd.Interval, type(pd.NaT), type(pd.NA)]
    values = [
        pd.Timestamp("2024-01-01"),
        pd.Timestamp(1, unit="ns"),
        pd.Timestamp("2024-01-01", tz="Europe/Berlin"),
        pd.Timestamp("2024-01-01", tz=zoneinfo.ZoneInfo("Europe/Berlin")),
        pd.Timestamp("2024-01-01", tz=datetime.timezone.utc),
        pd.Timestamp("2023-10-29 01:30", tz="UTC").tz_convert("Europe/Berlin"),
        pd.Timedelta(1, unit="ns"),
        pd.Period("2024-01", freq="M"),
        pd.Interval(0, 1),
        pd.Interval(0, 1, closed="both"),
        pd.Interval(0.0, 1.0),
        pd.Interval(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")),
        pd.NaT,
        pd.NA,
    ]

    def equal(self, left, right):
        return is_same_scalar(left, right)


class TestIndexes(MaterializerContract):
    materializer = IndexMaterializer()
    types = [pd.Index, pd.RangeIndex, pd.MultiIndex, pd.DatetimeIndex]
    values = [
        pd.Index([1, 2]),
        pd.Index([1.0, 2.0], name="x"),
        pd.Index(["a", None]),
        pd.Index([1, "a"]),
        pd.RangeIndex(1, 9, 2, name="n"),
        pd.date_range("2024", periods=3, freq="D", tz="Europe/Berlin"),
        pd.DatetimeIndex(["2024-01-01", "2024-01-05"]),
        pd.period_range("2024", periods=2, freq="M"),
        pd.CategoricalIndex(["u", "v"], categories=["v", "u"], ordered=True),
        pd.MultiIndex.from_tuples([("u", 1), ("v", 2)], names=["g", None]),
        pd.to_timedelta([1, 2], unit="s"),
    ]

    def equal(self, left, right):
        pd.testing.assert_index_equal(left, right, exact=not isinstance(left, pd.MultiIndex))
        return getattr(left, "freq", None) == getattr(right, "freq", None)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}).describe(include="all"),
        pd.DataFrame({"a": [1, "x", None, 2.5, True, (1, 2), b"b"]}),
        pd.DataFrame({"a": ["x", None, np.nan]}),
        pd.DataFrame({"t": pd.Series([pd.Timestamp("2024-01-01", tz="UTC"), pd.NaT, "never"], dtype=object)}),
        pd.DataFrame({"d": [{"b": 1}, {"c": [2]}], "n": [1, 2]}),
        pd.DataFrame({"s": pd.Series([np.int8(1), np.float32(2.5), "x"], dtype=object)}),
    ],
    ids=["describe", "mixed", "nulls", "times", "dicts", "numpy scalars"],
)
def test_columns_of_mixed_types_come_back(tmp_path, frame):
    """Each object is there again with its type."""
    DataFrameMaterializer().save(frame, tmp_path)
    back = DataFrameMaterializer().load(tmp_path)
    pd.testing.assert_frame_equal(back, frame)
    for name in frame.columns:
        assert [type(item) for item in back[name]] == [type(item) for item in frame[name]]


def test_a_zone_that_has_no_text_is_refused(tmp_path):
    """It would come back as another zone."""

    class Zone(datetime.tzinfo):
        def utcoffset(self, when):
            return datetime.timedelta(hours=1)

        def dst(self, when):
            return None

    with pytest.raises(MaterializerError):
        ScalarMaterializer().save(pd.Timestamp(datetime.datetime(2024, 1, 1, tzinfo=Zone())), tmp_path)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=3)
        | st.binary(max_size=3)
        | st.datetimes(datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1)).map(pd.Timestamp)
    )
)
def test_any_objects_come_back(tmp_path_factory, items):
    """Whatever a column of objects holds, it is loaded with the same objects."""
    frame = pd.DataFrame({"a": pd.Series(items, dtype=object)})
    folder = tmp_path_factory.mktemp("frame")
    try:
        DataFrameMaterializer().save(frame, folder)
    except MaterializerError:
        return
    back = DataFrameMaterializer().load(folder)
    assert all(_frames._same(one, other) for one, other in zip(frame["a"], back["a"], strict=True))
