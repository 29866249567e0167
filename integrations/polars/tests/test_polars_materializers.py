"""Frames of polars come back whole, or are refused."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

pl = pytest.importorskip("polars")
pytest.importorskip("zencache_polars")

from hypothesis import given, settings
from hypothesis import strategies as st
from zencache_polars import DataFrameMaterializer, LazyFrameMaterializer, SeriesMaterializer

from zencache.errors import MaterializerError
from zencache.testing import MaterializerContract


class TestDataFrames(MaterializerContract):
    materializer = DataFrameMaterializer()
    types = [pl.DataFrame]
    values = [
        pl.DataFrame({"a": [1, None, 3], "b": [1.5, float("nan"), None], "c": ["x", None, ""]}),
        pl.DataFrame({"a": [1, 2]}, schema={"a": pl.Int8}),
        pl.DataFrame({"a": [1, 2]}, schema={"a": pl.UInt64}),
        pl.DataFrame({"t": [datetime.datetime(2024, 1, 1)], "d": [datetime.date(2024, 1, 1)]}),
        pl.DataFrame(
            {"t": [datetime.datetime(2024, 1, 1)]}, schema={"t": pl.Datetime("ms", "Europe/Berlin")}
        ),
        pl.DataFrame({"s": [{"x": 1, "y": [1, 2]}], "l": [["a", None]], "b": [b"\0"]}),
        pl.DataFrame({"k": ["u", "v", "u"]}, schema={"k": pl.Enum(["u", "v", "w"])}),
        pl.DataFrame({"k": ["u", "v", "u"]}, schema={"k": pl.Categorical}),
        pl.DataFrame({"d": [Decimal("1.50")], "n": [None], "e": [datetime.timedelta(seconds=1)]}),
        pl.DataFrame({"a": []}),
        pl.DataFrame(),
    ]

    def equal(self, left, right):
        return left.schema == right.schema and left.equals(right)


class TestSeries(MaterializerContract):
    materializer = SeriesMaterializer()
    types = [pl.Series]
    values = [pl.Series("a", [1, 2]), pl.Series("b", [1, 2]), pl.Series([1.0, None]), pl.Series("", ["x"])]

    def equal(self, left, right):
        return left.name == right.name and left.dtype == right.dtype and left.equals(right)


def test_chunks_are_no_part_of_a_value(tmp_path):
    """A frame that was put together has the files of one that was made at once."""
    for name, frame in [
        ("one", pl.DataFrame({"a": [1, 2]})),
        ("two", pl.concat([pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]})], rechunk=False)),
    ]:
        (tmp_path / name).mkdir()
        DataFrameMaterializer().save(frame, tmp_path / name)
    files = [(tmp_path / name / "frame.parquet").read_bytes() for name in ("one", "two")]
    assert files[0] == files[1]


def test_what_parquet_cannot_hold_is_refused(tmp_path):
    """Python objects, subclasses and queries are refused with what to do."""

    class Mine(pl.DataFrame):
        pass

    with pytest.raises(MaterializerError, match="cast"):
        DataFrameMaterializer().save(pl.DataFrame({"o": pl.Series([object()], dtype=pl.Object)}), tmp_path)
    with pytest.raises(MaterializerError, match="Return pl.DataFrame"):
        DataFrameMaterializer().save(Mine({"a": [1]}), tmp_path)
    with pytest.raises(MaterializerError, match="collect"):
        LazyFrameMaterializer().save(pl.DataFrame().lazy(), tmp_path)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.floats(), st.none() | st.text(max_size=4))))
def test_any_rows_come_back(tmp_path_factory, rows):
    """Whatever the rows are, the loaded frame is equal and has the same schema."""
    frame = pl.DataFrame(rows, schema={"i": pl.Int64, "f": pl.Float64, "t": pl.String}, orient="row")
    folder = tmp_path_factory.mktemp("frame")
    DataFrameMaterializer().save(frame, folder)
    back = DataFrameMaterializer().load(folder)
    assert back.schema == frame.schema
    assert back.equals(frame)
