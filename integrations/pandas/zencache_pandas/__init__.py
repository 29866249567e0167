"""Stores pandas DataFrames and Series as Parquet artifacts of zencache.

Every value is read back and compared when it is stored, and refused if it would be loaded with a difference.
The error for values that Parquet cannot hold (a column of mixed types, two columns of one name) says what to
change. `zencache_pandas._frames` describes the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.errors import MaterializerError
from zencache.materializers import Materializer

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DataFrameMaterializer", "IndexMaterializer", "ScalarMaterializer", "SeriesMaterializer"]


class DataFrameMaterializer(Materializer):
    """Stores DataFrames as `frame.parquet`, and labels that Parquet cannot hold in folders beside it."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the frame; raises MaterializerError if it would be loaded with a difference."""
        from zencache_pandas import _frames  # noqa: PLC0415 - it imports pandas

        _frames.save_frame(value, folder)

    def load(self, folder: Path) -> Any:
        """Read the frame."""
        from zencache_pandas import _frames  # noqa: PLC0415 - it imports pandas

        return _frames.load_frame(folder)


class SeriesMaterializer(Materializer):
    """Stores a Series as a frame of one column; `name.json` holds a name that is not a text."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the Series as a frame."""
        from zencache_pandas import _frames  # noqa: PLC0415 - it imports pandas

        _frames.save_series(value, folder)

    def load(self, folder: Path) -> Any:
        """Read the frame's column."""
        from zencache_pandas import _frames  # noqa: PLC0415 - it imports pandas

        return _frames.load_series(folder)


class IndexMaterializer(Materializer):
    """Stores an Index of any kind as a frame with a column for each level, and `notes.json`."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the labels."""
        from zencache_pandas import _frames  # noqa: PLC0415 - it imports pandas

        _frames.save_index(value, folder)

    def load(self, folder: Path) -> Any:
        """Read the labels."""
        from zencache_pandas import _frames  # noqa: PLC0415 - it imports pandas

        return _frames.load_index(folder)


class ScalarMaterializer(Materializer):
    """Stores Timestamp, Timedelta, Period, Interval, NaT and NA as `scalar.json`."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the scalar; raises MaterializerError for one that would be loaded with a difference."""
        from zencache_pandas import _scalars  # noqa: PLC0415 - it imports pandas

        text = _scalars.text_of(value)
        try:
            is_same = _scalars.is_same_scalar(value, _scalars.value_of(text))
        except (TypeError, ValueError, AttributeError, LookupError) as error:
            raise MaterializerError(f"{value!r} could not be read again: {error}") from error
        if not is_same:
            raise MaterializerError(
                f"{value!r} would be loaded with a difference, as of its zone or its unit"
            )
        (folder / "scalar.json").write_text(text, encoding="ascii")

    def load(self, folder: Path) -> Any:
        """Read the scalar."""
        from zencache_pandas import _scalars  # noqa: PLC0415 - it imports pandas

        return _scalars.value_of((folder / "scalar.json").read_text(encoding="ascii"))
