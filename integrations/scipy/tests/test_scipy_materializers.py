"""Sparse matrices come back whole, or are refused."""

from __future__ import annotations

import numpy as np
import pytest

sparse = pytest.importorskip("scipy.sparse")
pytest.importorskip("zencache_scipy")

from hypothesis import given, settings
from hypothesis import strategies as st
from zencache_scipy import SparseMaterializer, _entries

from zencache.errors import MaterializerError
from zencache.testing import MaterializerContract

DENSE = np.array([[0, 1.5, 0], [2.5, 0, -0.0]])
FORMATS = ["csr", "csc", "coo", "bsr", "dia", "lil", "dok"]


class TestSparse(MaterializerContract):
    materializer = SparseMaterializer()
    types = [sparse.csr_matrix, sparse.csr_array, sparse.lil_matrix, sparse.dok_array]
    values = [
        *(getattr(sparse, f"{name}_matrix")(DENSE) for name in FORMATS),
        *(getattr(sparse, f"{name}_array")(DENSE) for name in FORMATS),
        sparse.csr_matrix((2, 3), dtype="int8"),
        sparse.csr_matrix(DENSE.astype("complex64")),
        sparse.csr_matrix(DENSE != 0),
        sparse.csr_matrix(([0.0, 1.0], ([0, 1], [0, 0])), shape=(2, 1)),
    ]

    def equal(self, left, right):
        return left.dtype == right.dtype and left.shape == right.shape and _entries(left) == _entries(right)


def test_objects_and_subclasses_are_refused(tmp_path):
    """Neither is stored as something else."""

    class Mine(sparse.csr_matrix):
        pass

    with pytest.raises(
        (MaterializerError, ValueError), match="numeric|does not support dtype object"
    ):  # scipy 1.16
        SparseMaterializer().save(sparse.coo_matrix(np.array([[None, 1]], dtype=object)), tmp_path)
    with pytest.raises(MaterializerError, match="subclass"):
        SparseMaterializer().save(Mine(DENSE), tmp_path)


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(FORMATS),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.floats()), unique_by=lambda entry: entry[:2]),
)
def test_any_entries_come_back(tmp_path_factory, name, entries):
    """Whatever the entries are, the loaded matrix has the same, or saving it was refused."""
    rows, columns, data = zip(*entries, strict=True) if entries else ((), (), ())
    matrix = sparse.coo_matrix((np.array(data, "float64"), (rows, columns)), shape=(4, 5)).asformat(name)
    folder = tmp_path_factory.mktemp("sparse")
    SparseMaterializer().save(matrix, folder)
    back = SparseMaterializer().load(folder)
    assert type(back) is type(matrix)
    assert _entries(back) == _entries(matrix)
