"""Remembers what follows from a source text alone, in this process and between processes.

The memory is a SQLite file that can be deleted at any time, and may be shared by processes::

    texts(text, data)      the digest of a text, and what follows from it as JSON, by key

A text's digest covers the version of Python and the code that computes what is remembered. Before some texts
were asked for nothing is read or written: to compute what follows from a few is faster than to open a file.
"""

from __future__ import annotations

import ast
import functools
import json
import sys
import threading
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from blake3 import blake3

from zencache.code.ast_shape import Part, Template, part_of, template_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from contextlib import AbstractContextManager

    from zencache.code.outline import Span
    from zencache.util.remembered_rows import RememberedRows

_T = TypeVar("_T")
_FORMAT = 1  # of the SQLite file; another one is left alone
_TABLE = "create table if not exists texts (text text primary key, data text) without rowid"
_FEW = 20_000
"""Characters of texts for which no file is opened, about 600 lines."""


class TextMemory:
    """What follows from one text; a value is computed once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._values: dict[str, Any] = {}
        self._row: dict[str, Any] | None = None

    def value(
        self,
        key: str,
        compute: Callable[[], _T],
        write: Callable[[_T], Any] = lambda value: value,
        read: Callable[[Any], _T] = lambda data: data,
    ) -> _T:
        """Give a value; `write` makes it plain data for other processes, and `read` makes it again."""
        if key not in self._values:
            self._values[key] = self._remembered(key, compute, write, read)
        value: _T = self._values[key]
        return value

    def tree(self) -> ast.Module:
        """Parse the text; if it was parsed before, bodies of functions are parsed when they are asked for."""
        if not self._has_row():
            return ast.parse(self._text)
        from zencache.code.outline import outline_of, parsed  # noqa: PLC0415 - only where texts are remembered

        trees: list[ast.Module] = []

        def outline() -> list[Span]:
            trees.append(ast.parse(self._text))
            return outline_of(self._text, trees[0])

        spans = self.value("outline", outline)
        if trees or not spans:
            return trees[0] if trees else ast.parse(self._text)
        return parsed(self._text, spans)

    def part(self, nodes: Sequence[ast.AST]) -> Part:
        """Give the shape of some statements of the text, outside any function."""
        key = " ".join(["part", *map(place, nodes)])
        return self.value(key, lambda: part_of(nodes), Part.to_data, Part.from_data)

    def template(self, node: ast.AST, *, defaults: bool = True, without: Collection[str] = ()) -> Template:
        """Give the template of a definition in the text, as `template_of` does."""
        key = f"template {place(node)} {defaults:d} {' '.join(sorted(without))}"
        return self.value(
            key,
            lambda: template_of(node, defaults=defaults, without=frozenset(without)),
            Template.to_data,
            Template.from_data,
        )

    def _has_row(self) -> bool:
        if self._row is None and _Store.current is not None:
            self._row = _Store.current.row(self._text)
        return self._row is not None and _Store.current is not None

    def _remembered(
        self, key: str, compute: Callable[[], _T], write: Callable[[_T], Any], read: Callable[[Any], _T]
    ) -> _T:
        store = _Store.current
        if store is None or not self._has_row() or self._row is None:
            return compute()
        if key in self._row:
            return read(self._row[key])
        value = compute()
        self._row[key] = write(value)
        store.add(self._text, self._row)
        return value


class _Store:
    """The SQLite file while it is used."""

    current: _Store | None = None

    def __init__(self, file: Path, around: Callable[[], AbstractContextManager[None]]) -> None:
        self._file = file
        self._around = around
        self._rows: RememberedRows | None = None
        self._characters = 0
        self._new: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def row(self, text: str) -> dict[str, Any] | None:
        """Give the row of a text, empty for a new one; None while there are few texts."""
        self._characters += len(text)
        if self._characters <= _FEW:
            return None
        if self._rows is None:
            from zencache.util.remembered_rows import RememberedRows  # noqa: PLC0415 - imports SQLite

            self._rows = RememberedRows(self._file, _TABLE, _FORMAT)
        with self._around():
            rows = self._rows.read("select data from texts where text = ?", [_name_of(text)])
        return _unpacked(rows[0][0]) if rows else {}

    def add(self, text: str, row: dict[str, Any]) -> None:
        """Have a row written."""
        with self._lock:
            self._new[text] = row

    def close(self) -> None:
        """Write the new rows, and close the file."""
        with self._lock:
            new, self._new = self._new, {}
        if self._rows is None:
            return
        with self._around():
            if new:
                rows = [(_name_of(text), _packed(row)) for text, row in new.items()]
                self._rows.write("insert or replace into texts values (?, ?)", rows)
            self._rows.close()


@contextmanager
def remembering(
    file: Path | None, around: Callable[[], AbstractContextManager[None]] = nullcontext
) -> Iterator[None]:
    """Use a SQLite file in a `with` block; blocks may be nested. All access to it is in `around`."""
    if file is None or _Store.current is not None:
        yield
        return
    store = _Store.current = _Store(file, around)
    try:
        yield
    finally:
        _Store.current = None
        store.close()


def place(node: Any) -> str:
    """Name a node of a text: no two of a kind begin at the same place."""
    return f"{type(node).__name__} {node.lineno}:{node.col_offset}"


def _packed(row: dict[str, Any]) -> str:
    """Write a row with its digest, because a changed byte would be a changed shape."""
    data = json.dumps(row, separators=(",", ":"))
    return blake3(data.encode()).hexdigest() + data


def _unpacked(text: Any) -> dict[str, Any]:
    """Read a row; an empty one if it is damaged."""
    digest, data = (text[:64], text[64:]) if isinstance(text, str) else ("", "")
    if blake3(data.encode("utf-8", "surrogatepass")).hexdigest() != digest:
        return {}
    row: dict[str, Any] = json.loads(data)
    return row


def _name_of(text: str) -> str:
    return blake3(_version() + text.encode("utf-8", "surrogatepass")).hexdigest()


@functools.cache
def _version() -> bytes:
    """Digest the code of this package, which computes what is remembered, and name the version of Python."""
    digest = blake3(repr((sys.version_info, sys.implementation.cache_tag)).encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.digest()
