"""Labels come back as they are, not only as equal ones; and no Parquet file runs a pickle."""

from __future__ import annotations

import contextlib
import os
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from zencache_pandas import DataFrameMaterializer

from zencache.errors import MaterializerError
from zencache.testing import MaterializerContract

DAYS = pd.date_range("2024", periods=2, freq="D")
PAIRS = pd.MultiIndex.from_tuples([("b", 1), ("a", 2)], names=["x", "x"])


class TestLabels(MaterializerContract):
    """An index keeps its class and its frequency, on rows and on columns."""

    materializer = DataFrameMaterializer()
    types = [pd.DataFrame]
    values = [
        pd.DataFrame(np.ones((2, 2)), columns=pd.RangeIndex(2, 8, 3, name="r")),
        pd.DataFrame(np.ones((2, 2)), columns=pd.Index([2, 5], name="r")),
        pd.DataFrame(np.ones((2, 2)), columns=DAYS),
        pd.DataFrame(np.ones((2, 2)), columns=pd.DatetimeIndex(DAYS, freq=None)),
        pd.DataFrame({"a": [1, 2]}, index=PAIRS).iloc[:0],
        pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("b", np.nan), (None, 2)])),
    ]

    def equal(self, left, right):
        # As numbers of rows and columns: the levels of a MultiIndex are compared by what they say.
        assert left.to_numpy().tolist() == right.to_numpy().tolist()
        return all(
            type(one) is type(other)
            and one.equals(other)
            and list(one.names) == list(other.names)
            and getattr(one, "freq", None) == getattr(other, "freq", None)
            for one, other in ((left.index, right.index), (left.columns, right.columns))
        )


def test_a_frequency_that_its_name_does_not_say_is_refused(tmp_path):
    """A calendar with holidays of its own would come back with none."""
    days = pd.date_range("2024", periods=2, freq=pd.offsets.CustomBusinessDay(holidays=["2024-01-03"]))
    with pytest.raises(MaterializerError, match="frequency"):
        DataFrameMaterializer().save(pd.DataFrame(index=days), tmp_path)


class MakesAFolder:
    """What a pickle can do to whoever reads it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_file_that_asks_for_it_runs_no_pickle(tmp_path):
    """Up to 14.0.0 pyarrow unpickled the types that a Parquet file names (CVE-2023-47248)."""
    kind = {
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": pickle.dumps(MakesAFolder(str(tmp_path / "ran"))),
    }
    schema = pa.schema([pa.field("a", pa.int64(), metadata=kind)])
    pq.write_table(pa.table([pa.array([1])], schema), tmp_path / "frame.parquet")
    with contextlib.suppress(RuntimeError):  # the type is refused, or not known
        DataFrameMaterializer().load(tmp_path)
    assert not (tmp_path / "ran").exists()
