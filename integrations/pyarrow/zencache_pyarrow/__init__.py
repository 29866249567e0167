"""Stores tables and record batches of pyarrow as Arrow files of zencache."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from zencache.errors import MaterializerError
from zencache.materializers import Materializer
from zencache.materializers.exact import require_exact

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RecordBatchMaterializer", "TableMaterializer"]

_FILE = "table.arrow"


class TableMaterializer(Materializer):
    """Stores tables as `table.arrow`, with their schema and its metadata."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the table; raises MaterializerError if its schema would be loaded with a difference."""
        pa = _pyarrow()
        require_exact(value, pa.Table, advice="Return a pyarrow.Table")
        _write(value.combine_chunks(), value.schema, folder)
        if not _read(folder).schema.equals(value.schema, check_metadata=True):
            raise MaterializerError(
                f"Arrow's format would not keep the schema of this table: {value.schema}. "
                "Cast the columns to types that Arrow itself has"
            )

    def load(self, folder: Path) -> Any:
        """Read the table."""
        return _read(folder)


class RecordBatchMaterializer(TableMaterializer):
    """Stores a record batch as a table of one chunk."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the batch as a table."""
        pa = _pyarrow()
        require_exact(value, pa.RecordBatch, advice="Return a pyarrow.RecordBatch")
        TableMaterializer().save(pa.Table.from_batches([value]), folder)

    def load(self, folder: Path) -> Any:
        """Read the one chunk; a batch without rows is made from the schema."""
        pa = _pyarrow()
        table = _read(folder)
        columns = [
            column.chunk(0) if column.num_chunks else pa.array([], column.type) for column in table.columns
        ]
        return pa.RecordBatch.from_arrays(columns, schema=table.schema)


def _pyarrow() -> Any:
    import pyarrow as pa  # noqa: PLC0415 - imported when there is a table

    with contextlib.suppress(ModuleNotFoundError):
        import pyarrow_hotfix  # noqa: F401, PLC0415 - up to 14.0.0, reading unpickles data of files (CVE-2023-47248)
    return pa


def _write(table: Any, schema: Any, folder: Path) -> None:
    pa = _pyarrow()
    with (
        pa.OSFile(str(folder / _FILE), "wb") as file,
        pa.ipc.new_file(file, schema, options=pa.ipc.IpcWriteOptions(unify_dictionaries=True)) as writer,
    ):
        writer.write_table(table)


def _read(folder: Path) -> Any:
    pa = _pyarrow()
    with pa.OSFile(str(folder / _FILE), "rb") as file:
        return pa.ipc.open_file(file).read_all()
