"""pandas DataFrames and Series as Parquet artifacts of zencache.

Parquet holds typed columns, so values come back with their dtypes, index and names. What it cannot
hold (a column of mixed types, two columns of one name) is refused with advice, never bent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.errors import MaterializerError
from zencache.materializers import Materializer

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DataFrameMaterializer", "SeriesMaterializer"]


class DataFrameMaterializer(Materializer):
    """DataFrames as `frame.parquet`."""

    def save(self, value: Any, folder: Path) -> None:
        """Write `frame.parquet`, and hold it against the value: what would come back otherwise is refused."""
        path = folder / "frame.parquet"
        try:
            value.to_parquet(path, engine="pyarrow")
        except Exception as error:
            raise MaterializerError(
                f"this DataFrame cannot be stored as Parquet: {error}. {_ADVICE}"
            ) from error
        _check(value, _read(path))

    def load(self, folder: Path) -> Any:
        """Read `frame.parquet`."""
        return _read(folder / "frame.parquet")


class SeriesMaterializer(Materializer):
    """Series as a `frame.parquet` of one column; a file `unnamed` says that the Series has no name."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the Series as a frame."""
        frame = value.to_frame("value" if value.name is None else value.name)
        DataFrameMaterializer().save(frame, folder)
        if value.name is None:
            (folder / "unnamed").touch()

    def load(self, folder: Path) -> Any:
        """Read the frame's column."""
        series = _read(folder / "frame.parquet").iloc[:, 0]
        return series.rename(None) if (folder / "unnamed").exists() else series


_ADVICE = (
    "Give each column one type (`df.astype(...)`) and a name of its own, "
    "or return the parts as outputs of their own"
)


def _read(path: Path) -> Any:
    import pandas as pd  # noqa: PLC0415 - imported when there is a frame

    return pd.read_parquet(path, engine="pyarrow")


def _check(value: Any, stored: Any) -> None:
    """Raise MaterializerError where Parquet would give back another frame."""
    import pandas as pd  # noqa: PLC0415 - imported when there is a frame

    try:
        pd.testing.assert_frame_equal(value, stored, check_exact=True, check_freq=False, check_flags=False)
    except AssertionError as error:
        raise MaterializerError(
            f"Parquet would not give this DataFrame back as it is: {error}. {_ADVICE}"
        ) from error
