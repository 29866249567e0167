"""Stores sparse matrices and sparse arrays of scipy as artifacts of zencache."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zencache.errors import MaterializerError
from zencache.materializers import Materializer

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SparseMaterializer"]

_FILE, _FORMAT = "sparse.npz", "format.json"
_VIA_COO = ("lil", "dok")  # formats that scipy does not write


class SparseMaterializer(Materializer):
    """Stores `sparse.npz`; of the formats `lil` and `dok` that of `coo`, and the format in `format.json`."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the matrix; raises MaterializerError if it would be loaded with a difference."""
        from scipy import sparse  # noqa: PLC0415 - imported when there is a matrix

        if value.dtype.hasobject:
            raise MaterializerError(
                "a sparse matrix of Python objects is not stored. Give it a numeric dtype"
            )
        if type(value).__module__.partition(".")[0] != "scipy":
            raise MaterializerError(
                f"{type(value).__name__} is a subclass and would come back as scipy's own. "
                "Return a matrix of scipy"
            )
        try:
            if value.format in _VIA_COO:
                (folder / _FORMAT).write_text(json.dumps(value.format), encoding="ascii")
                sparse.save_npz(folder / _FILE, value.tocoo(), compressed=False)
            else:
                sparse.save_npz(folder / _FILE, value, compressed=False)
        except NotImplementedError as error:
            raise MaterializerError(f"scipy does not write this {type(value).__name__}: {error}") from error
        _check(value, self.load(folder))

    def load(self, folder: Path) -> Any:
        """Read the matrix in its format."""
        from scipy import sparse  # noqa: PLC0415 - imported when there is a matrix

        matrix = sparse.load_npz(folder / _FILE)
        if (folder / _FORMAT).exists():
            return matrix.asformat(json.loads((folder / _FORMAT).read_text(encoding="ascii")))
        return matrix


def _check(value: Any, back: Any) -> None:
    """Raise MaterializerError if type, shape, dtype or the stored entries differ."""
    for what in (type, lambda matrix: matrix.shape, lambda matrix: matrix.dtype, _entries):
        if what(value) != what(back):
            raise MaterializerError(
                f"this {type(value).__name__} would come back as a {type(back).__name__} with other entries "
                f"or another dtype ({back.dtype}). Return it in the format csr"
            )


def _entries(matrix: Any) -> list[Any]:
    """Give the bytes of the arrays that hold the entries, with their dtypes."""
    if matrix.format in _VIA_COO:
        matrix = matrix.tocoo()
    names = ("data", "indices", "indptr", "row", "col", "offsets")
    arrays = [getattr(matrix, name, None) for name in names]
    return [None if a is None else (a.dtype.str, a.shape, a.tobytes()) for a in arrays]
