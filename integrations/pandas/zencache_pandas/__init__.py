"""Stores pandas DataFrames and Series as Parquet artifacts of zencache.

Every value is read back and compared when it is stored, and refused if it would be loaded with a difference.
The error for values that Parquet cannot hold (a column of mixed types, two columns of one name) says what to
change. `zencache_pandas._frames` describes the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.materializers import Materializer

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DataFrameMaterializer", "SeriesMaterializer"]


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
