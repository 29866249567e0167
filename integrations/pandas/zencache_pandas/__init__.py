"""pandas DataFrames and Series as Parquet artifacts of zencache.

A value comes back whole, or is refused when it is stored: each one is read back and held against what
was given. What Parquet cannot hold (a column of mixed types, two columns of one name) is refused with
advice, never bent. `zencache_pandas._frames` describes the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.materializers import Materializer

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DataFrameMaterializer", "SeriesMaterializer"]


class DataFrameMaterializer(Materializer):
    """DataFrames as `frame.parquet`, with labels that Parquet has no place for in folders beside it."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the frame; raises MaterializerError where it would come back otherwise."""
        from zencache_pandas import _frames  # noqa: PLC0415 - it imports pandas

        _frames.save_frame(value, folder)

    def load(self, folder: Path) -> Any:
        """Read the frame."""
        from zencache_pandas import _frames  # noqa: PLC0415 - it imports pandas

        return _frames.load_frame(folder)


class SeriesMaterializer(Materializer):
    """Series as a frame of one column; `name.json` says that it has no name, or which number or tuple."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the Series as a frame."""
        from zencache_pandas import _frames  # noqa: PLC0415 - it imports pandas

        _frames.save_series(value, folder)

    def load(self, folder: Path) -> Any:
        """Read the frame's column."""
        from zencache_pandas import _frames  # noqa: PLC0415 - it imports pandas

        return _frames.load_series(folder)
