"""Tables of pyarrow come back whole."""

from __future__ import annotations

import datetime

import pytest

pa = pytest.importorskip("pyarrow")
pytest.importorskip("zencache_pyarrow")

from hypothesis import given, settings
from hypothesis import strategies as st
from zencache_pyarrow import RecordBatchMaterializer, TableMaterializer

from zencache.testing import MaterializerContract


class TestTables(MaterializerContract):
    materializer = TableMaterializer()
    types = [pa.Table]
    values = [
        pa.table({"a": [1, None, 3], "b": [1.5, None, 2.5]}),
        pa.table({"a": pa.array([1, None, 3], pa.int8()), "b": [1.5, None, 2.5]}),
        pa.table({"a": [1]}).replace_schema_metadata({"unit": "m"}),
        pa.table({"k": pa.array(["u", "v", None]).dictionary_encode()}),
        pa.table({"t": pa.array([datetime.datetime(2024, 1, 1)], pa.timestamp("ns", "Europe/Berlin"))}),
        pa.table({"s": [{"x": 1, "y": [1, 2]}], "l": [["a", None]], "n": pa.nulls(1)}),
        pa.table({"a": pa.chunked_array([[1], [2]])}),
        pa.table({"a": pa.array([], pa.large_string())}),
        pa.table({}),
        pa.table([[1], [2]], names=["same", "same"]),
        pa.table([[1]], schema=pa.schema([pa.field("a", pa.int64(), nullable=False)])),
    ]

    def equal(self, left, right):
        return left.equals(right, check_metadata=True)


class TestRecordBatches(MaterializerContract):
    materializer = RecordBatchMaterializer()
    types = [pa.RecordBatch]
    values = [
        pa.RecordBatch.from_pydict({"a": [1, 2]}),
        pa.RecordBatch.from_pydict({"a": pa.array([], pa.int64())}),
        pa.RecordBatch.from_pydict({"k": pa.array(["u", "v"]).dictionary_encode()}),
    ]


def test_chunks_are_no_part_of_a_value(tmp_path):
    """A table that was put together has the file of one that was made at once."""
    for name, table in [
        ("one", pa.table({"a": [1, 2]})),
        ("two", pa.concat_tables([pa.table({"a": [1]}), pa.table({"a": [2]})])),
    ]:
        (tmp_path / name).mkdir()
        TableMaterializer().save(table, tmp_path / name)
    assert (tmp_path / "one/table.arrow").read_bytes() == (tmp_path / "two/table.arrow").read_bytes()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.none() | st.text(max_size=4))))
def test_any_rows_come_back(tmp_path_factory, rows):
    """Whatever the rows are, the loaded table is equal."""
    table = pa.table(
        {"i": pa.array([i for i, _ in rows], pa.int64()), "t": pa.array([t for _, t in rows], pa.string())}
    )
    folder = tmp_path_factory.mktemp("table")
    TableMaterializer().save(table, folder)
    assert TableMaterializer().load(folder).equals(table, check_metadata=True)
