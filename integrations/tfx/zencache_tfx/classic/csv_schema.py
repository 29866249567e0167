"""Reads columns, types and the number of rows of a datasource's CSV files in one pass, chunk by chunk.

The same pass checks the files, so that a broken one is reported before the run.
"""

from __future__ import annotations

import csv
import json
import os
import time
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from zencache.errors import DefinitionError, NotFoundError
from zencache.util.atomic_write import write_whole
from zencache_tfx.classic.nearest_names import nearest

if TYPE_CHECKING:
    import _csv
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FoundType = Literal["empty", "int", "float", "text"]

_ORDER: tuple[FoundType, ...] = ("empty", "int", "float", "text")
_CHUNK = 4096  # rows in memory at once
_INT64 = 2**63
_RACY = 2 * 10**9  # nanoseconds; a file that was just written may be written again in the same tick
_FORMAT = 1
_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


class CsvFacts(BaseModel):
    """The columns of CSV files in order, with their types, and the number of rows."""

    model_config = ConfigDict(frozen=True)

    types: dict[str, FoundType]
    rows: int

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.types)

    def require(self, column: str, role: str) -> FoundType:
        """Give a column's type; raises NotFoundError that names the column's role."""
        if column not in self.types:
            raise NotFoundError.named("column", column, self.columns, hint=f"it is wanted as {role}")
        return self.types[column]

    def kind(self, column: str) -> str:
        """Say whether a column is `text` or `number`."""
        return "text" if self.types[column] == "text" else "number"

    def with_schema(self, schema: Mapping[str, FoundType] | None) -> CsvFacts:
        """Use the types that the datasource declares; raises DefinitionError if the values do not fit."""
        declared = schema or {}
        for column, kind in declared.items():
            found = self.require(column, "a column of the datasource's schema")
            if _ORDER.index(found) > _ORDER.index(kind):
                raise DefinitionError(
                    f"column {column!r} is declared {kind}, and holds {found} values; "
                    "correct the data, or the schema of CSVDatasource(name, path, schema)"
                )
        return CsvFacts(types={**self.types, **declared}, rows=self.rows)


def read_facts(files: Sequence[Path], memory: Path | None = None) -> CsvFacts:
    r"""Read and check CSV files; raises DefinitionError that names the file and line of a problem.

    The result is cached in the file `memory`, and is used while the files stay the same.

    >>> from pathlib import Path
    >>> _ = Path("a.csv").write_text("age,job\n31,baker\n,cook\n")
    >>> read_facts([Path("a.csv")])
    CsvFacts(types={'age': 'int', 'job': 'text'}, rows=2)
    """
    key, is_settled = _stamp(files)
    known = _recall(memory, key)
    if known is not None:
        return known
    found = _joined(files, [_read_file(file) for file in files])
    if memory is not None and is_settled:
        _keep(memory, key, found)
    return found


def rows_of(file: Path) -> Iterator[list[list[str]]]:
    """Yield the rows of a CSV file in chunks, without blank lines; each row is as long as the header.

    Raises DefinitionError that names the first line of another length.
    """
    with _opened(file) as reader:
        width = len(_header(file, reader))
        while chunk := list(islice(reader, _CHUNK)):
            lengths = set(map(len, chunk))
            if lengths - {0, width}:
                raise _ragged(file)
            rows = [row for row in chunk if row] if 0 in lengths else chunk
            if rows:
                yield rows


def _read_file(file: Path) -> CsvFacts:
    with _opened(file) as reader:
        header = _header(file, reader)
    types: list[FoundType] = ["empty"] * len(header)
    rows = 0
    for chunk in rows_of(file):
        rows += len(chunk)
        columns = zip(*chunk, strict=True)
        types = [_type_of(column, known) for column, known in zip(columns, types, strict=True)]
    return CsvFacts(types=dict(zip(header, types, strict=True)), rows=rows)


@contextmanager
def _opened(file: Path) -> Iterator[_csv.Reader]:
    """Open a CSV file, and raise read errors as DefinitionError that names file and line."""
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        try:
            yield reader
        except csv.Error as error:
            raise DefinitionError(f"{file}, line {reader.line_num}: {error}; correct the CSV") from error
        except UnicodeDecodeError as error:
            raise DefinitionError(
                f"{file}, after line {reader.line_num}: not UTF-8 ({error.reason}); save it as UTF-8"
            ) from error


def _header(file: Path, reader: _csv.Reader) -> list[str]:
    header = next(reader, [])
    if not header:
        raise DefinitionError(f"{file} is empty; it needs a line with the names of the columns, and rows")
    if header[0].startswith(_BOM):
        raise DefinitionError(f"{file} starts with a byte-order mark, which TFX takes as part of the first "
                              "column's name; save it as UTF-8 without one")  # fmt: skip
    for place, name in enumerate(header, 1):
        if not name.strip():
            raise DefinitionError(f"{file}, line 1: column {place} has no name; name it")
        if name in header[: place - 1]:
            raise DefinitionError(f"{file}, line 1: two columns are named {name!r}; rename one")
    return header


def _ragged(file: Path) -> DefinitionError:
    """Report the first line of another length than the header; reads the file again, line by line."""
    with _opened(file) as reader:
        width = len(_header(file, reader))
        first_line, row = reader.line_num + 1, next(reader)
        while len(row) in (0, width):
            first_line, row = reader.line_num + 1, next(reader)
    return DefinitionError(
        f"{file}, line {first_line}: {len(row)} values where the header names {width} columns; "
        "correct the line (a value with a comma or a line break in it wants quotes)"
    )


# -- types ----------------------------------------------------------------------------------------


def _type_of(column: Sequence[str], known: FoundType) -> FoundType:
    """Widen a type by more values; by the rules of TFX's CsvExampleGen."""
    if known == "text":
        return known
    values = [value for value in column if value]
    if not values:
        return known
    return max(known, _narrowest(values), key=_ORDER.index)


def _narrowest(values: Sequence[str]) -> FoundType:
    try:
        numbers = list(map(int, values))
    except ValueError:
        return _float_or_text(values)
    return "int" if min(numbers) >= -_INT64 and max(numbers) < _INT64 else "text"


def _float_or_text(values: Sequence[str]) -> FoundType:
    try:
        list(map(float, values))
    except ValueError:
        return "text"
    return "float"


def _joined(files: Sequence[Path], found: Sequence[CsvFacts]) -> CsvFacts:
    """Merge the facts of several files; raises DefinitionError if their columns differ."""
    first = found[0]
    for file, facts in zip(files, found, strict=True):
        odd = [name for name in facts.columns if name not in first.types]
        if facts.columns != first.columns:
            hint = f": {odd[0]!r}{nearest(odd[0], first.columns)}" if odd else ""
            raise DefinitionError(
                f"{file} has other columns than {files[0]}{hint}; give all files one header"
            )
    rows = sum(facts.rows for facts in found)
    if rows == 0:
        raise DefinitionError(f"{files[0]} has a header and no rows; there is nothing to train on")
    types = {name: max((facts.types[name] for facts in found), key=_ORDER.index) for name in first.columns}
    return CsvFacts(types=types, rows=rows)


# -- memory ---------------------------------------------------------------------------------------


def _stamp(files: Sequence[Path]) -> tuple[str, bool]:
    """Give a key of the files and their state, and whether a later change would alter that key."""
    states = [(str(file), file.stat()) for file in files]
    key = json.dumps([[name, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino] for name, s in states])
    newest = max(max(s.st_mtime_ns, s.st_ctime_ns) for _, s in states)
    return key, time.time_ns() - newest > _RACY


def _recall(memory: Path | None, key: str) -> CsvFacts | None:
    return CsvFacts.model_validate(found) if (found := _entries(memory).get(key)) else None


def _keep(memory: Path, key: str, facts: CsvFacts) -> None:
    entries = {**_entries(memory), key: facts.model_dump()}
    recent = dict(list(entries.items())[-50:])
    write_whole(memory, json.dumps({"format": _FORMAT, "entries": recent}).encode())


def _entries(memory: Path | None) -> dict[str, object]:
    """Read the cached entries; none if the file is missing or is not a cache of this kind."""
    if memory is None or not os.path.exists(memory):  # noqa: PTH110 - as cheap as can be
        return {}
    try:
        data = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = data.get("entries") if isinstance(data, dict) and data.get("format") == _FORMAT else None
    return entries if isinstance(entries, dict) else {}
