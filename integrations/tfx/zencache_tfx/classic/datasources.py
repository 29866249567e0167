"""Defines the datasources of training pipelines: CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from pydantic import field_validator

from zencache.errors import DefinitionError, NotFoundError, ParameterError
from zencache_tfx.classic.config_values import StepConfig
from zencache_tfx.classic.nearest_names import nearest

ColumnType = Literal["int", "float", "text"]

_SUFFIXES = (".csv", ".txt")
_SPELLINGS = {"string": "text", "str": "text", "integer": "int", "double": "float", "number": "float"}
_GLOB = "*?[]{}"


class CSVDatasource(StepConfig):
    """Rows of a CSV file with a header, or of all `.csv` (or all `.txt`) files of a folder.

    `schema` gives types of columns that should not be inferred from their values: `"int"`, `"float"` or
    `"text"`, for instance `{"postcode": "text"}`. The path becomes absolute.

    >>> CSVDatasource("people", "/data/people.csv", schema={"postcode": "string"}).schema_
    {'postcode': 'text'}
    """

    name: str
    path: str
    schema_: dict[str, ColumnType] | None = None

    def __init__(self, name: str, path: str | Path, schema: dict[str, str] | None = None) -> None:
        super().__init__(name=name, path=_absolute(path), schema_=schema)

    @field_validator("schema_", mode="before")
    @classmethod
    def _types(cls, schema: dict[str, str] | None) -> dict[str, str] | None:
        return None if schema is None else {column: _type(column, kind) for column, kind in schema.items()}

    def args(self) -> dict[str, object]:
        """Give the arguments that recreate this datasource."""
        return {"name": self.name, "path": self.path, "schema": self.schema_}

    def files(self) -> list[Path]:
        """List the files, sorted; raises NotFoundError if there are none."""
        path = Path(self.path)
        if path.is_file():
            return [path]
        if not path.is_dir():
            raise NotFoundError(
                f"datasource {self.name!r}: there is no file or folder {path}; "
                "correct the path of CSVDatasource(name, path)"
            )
        return self._files_of(path)

    def _files_of(self, folder: Path) -> list[Path]:
        kinds = {
            suffix: sorted(file for file in folder.glob(f"*{suffix}") if file.is_file())
            for suffix in _SUFFIXES
        }
        groups = [files for files in kinds.values() if files]
        if not groups:
            raise NotFoundError(f"datasource {self.name!r}: no .csv or .txt file is in {folder}")
        if len(groups) > 1:
            raise DefinitionError(
                f"datasource {self.name!r}: {folder} holds .csv and .txt files; keep one kind in the folder"
            )
        return groups[0]

    def pattern(self) -> tuple[str, str]:
        """Give the folder and the pattern of its file names, for TFX's example generators."""
        first = self.files()[0]
        name = f"*{first.suffix}" if Path(self.path).is_dir() else first.name
        if Path(self.path).is_file() and set(name) & set(_GLOB):
            raise DefinitionError(
                f"datasource {self.name!r}: the file's name {name!r} has one of {' '.join(_GLOB)} in it, "
                "which TFX reads as a pattern; rename the file"
            )
        return str(first.parent), name


def _absolute(path: str | Path) -> str:
    if "://" in str(path):
        raise ParameterError(
            f"CSVDatasource reads local files, not {path}; copy the file here, or build a tfx.dsl.Pipeline "
            "with CsvExampleGen and adopt it: zencache_tfx.adopt(pipeline)"
        )
    return str(Path(path).expanduser().absolute())


def _type(column: str, kind: str) -> str:
    column_types = get_args(ColumnType)
    column_type = _SPELLINGS.get(kind, kind)
    if column_type not in column_types:
        raise ParameterError(
            f"CSVDatasource: no column type {kind!r} ({column}){nearest(kind, column_types)}"
        )
    return column_type
