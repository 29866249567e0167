"""Stores polars DataFrames and Series as Parquet artifacts of zencache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.errors import MaterializerError
from zencache.materializers import Materializer
from zencache.materializers.exact import require_exact

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DataFrameMaterializer", "LazyFrameMaterializer", "SeriesMaterializer"]

_FILE = "frame.parquet"
_ADVICE = "Give each column a dtype that Parquet has (`frame.cast(...)`)"


class DataFrameMaterializer(Materializer):
    """Stores DataFrames as `frame.parquet`."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the frame; raises MaterializerError for a subclass and for what Parquet cannot hold."""
        import polars as pl  # noqa: PLC0415 - imported when there is a frame

        require_exact(value, pl.DataFrame, advice="Return pl.DataFrame(value)")
        try:
            value.rechunk().write_parquet(folder / _FILE, statistics=False)
        except Exception as error:
            if isinstance(error, OSError):
                raise
            raise MaterializerError(f"Parquet cannot hold this DataFrame: {error}. {_ADVICE}") from error
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # what polars raises for columns of objects
                raise
            raise MaterializerError(f"Parquet cannot hold this DataFrame: {error}. {_ADVICE}") from error
        _check_frame(value, self.load(folder))

    def load(self, folder: Path) -> Any:
        """Read the frame."""
        import polars as pl  # noqa: PLC0415 - imported when there is a frame

        # Not by its path, of which polars takes folders named `a=1` for a column.
        return pl.read_parquet((folder / _FILE).read_bytes(), hive_partitioning=False)


class SeriesMaterializer(DataFrameMaterializer):
    """Stores a Series as a frame of one column."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the Series as a frame."""
        import polars as pl  # noqa: PLC0415 - imported when there is a Series

        require_exact(value, pl.Series, advice="Return pl.Series(value)")
        DataFrameMaterializer().save(value.to_frame(), folder)

    def load(self, folder: Path) -> Any:
        """Read the frame's column."""
        return DataFrameMaterializer().load(folder).to_series()


class LazyFrameMaterializer(Materializer):
    """Refuses a LazyFrame, which is a query over files that may change."""

    def save(self, value: Any, folder: Path) -> None:  # noqa: ARG002 - the interface
        """Raise MaterializerError."""
        raise MaterializerError("a LazyFrame is a query, not its result. Return frame.collect()")

    def load(self, folder: Path) -> Any:
        """Raise MaterializerError: none was stored."""
        raise MaterializerError(f"{folder} holds no LazyFrame")


def _check_frame(value: Any, back: Any) -> None:
    """Raise MaterializerError if the stored frame differs."""
    if back.schema != value.schema or back.shape != value.shape:
        raise MaterializerError(
            f"Parquet would give back {back.shape} of {dict(back.schema)}, not {value.shape} of "
            f"{dict(value.schema)}. {_ADVICE}"
        )
    if not value.equals(back, null_equal=True):
        raise MaterializerError(f"Parquet would give back other values of this DataFrame. {_ADVICE}")
