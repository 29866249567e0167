"""Frames and series come back whole, or are refused."""

from __future__ import annotations

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
    ]

    def equal(self, left, right):
        pd.testing.assert_frame_equal(left, right, check_freq=False)
        return True


class TestSeries(MaterializerContract):
    """Series keep their name, or that they have none."""

    materializer = SeriesMaterializer()
    types = [pd.Series]
    values = [
        pd.Series([1, 2, 3], name="a"),
        pd.Series([1, 2, 3]),
        pd.Series(["x"], index=["i"], name="value"),
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
    ],
    ids=["mixed types", "two of a name", "tuples", "number as name"],
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
