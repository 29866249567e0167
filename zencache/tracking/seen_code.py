"""The kind of fact `code`: definitions of the project that ran in a step, by the shapes of their texts.

A name is `file:qualified name`, its value the digest of the definition. At look-up the definition's file is
read again only if it changed: the shapes of each text are remembered in a SQLite file of their own::

    shapes(text, data)      the content digest of a text, and its units as JSON;
                            or a recorded name and value, and the checksums of the lines of the definition

It can be deleted at any time.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.code.definition_digests import DefinitionDigests
from zencache.code.definition_lines import count_changed, lines_of_units
from zencache.code.holders import holders, subclasses
from zencache.code.module_shapes import TOP, ModuleShapes, module_shapes, name_at
from zencache.code.source import find_function, first_line, text_now
from zencache.tracking.audit_events import last_change
from zencache.tracking.running_code import STARTED
from zencache.util.remembered_rows import RememberedRows

if TYPE_CHECKING:
    import os
    import types
    from collections.abc import Callable, Collection, Iterable, Mapping

    from zencache.code.source import Text
    from zencache.tracking.audit_events import CodePlace
    from zencache.tracking.file_digests import FileDigests

KIND = "code"
UNREADABLE = "?"
"""The digest of code that ran, and that has no text: it never equals a present one."""
_FORMAT = 1  # of the SQLite file, and of the shapes in it; another one is left alone
_MOST = 2000  # texts of which the shapes are kept in memory
_loaded: dict[str, ModuleShapes] = {}
"""Shapes by the texts' names in the SQLite file."""
_TABLE = "create table if not exists shapes (text text primary key, data text) without rowid"


# -- while a step is recorded -------------------------------------------------------------------------


def code_facts(
    ran: Collection[tuple[types.CodeType, types.FunctionType | None]],
    modules: Mapping[str, Text | None],
    root: Path,
    *,
    classes: Iterable[tuple[str, str]] = (),
    elsewhere: Iterable[CodePlace] = (),
    remember: FileDigests | None = None,
) -> dict[str, str]:
    """Give the definitions that code which ran belongs to, and what modules did when they were imported.

    `modules` are files with the texts that they were imported from. `classes` are what pickles refer to, and
    `elsewhere` is what ran in other processes, by the same texts. A function with a closure counts with
    the globals that hold it, whose statements made the closure; a method with the classes that inherit it.
    `remember` tells where the lines of the definitions are remembered, which explanations count.
    """
    texts = dict(modules)
    names = {(file, TOP) for file in modules}
    closures = [closure for _, closure in ran if closure is not None]
    held = set(holders(closures)) if closures else set()
    for code, _ in ran:
        file = code.co_filename
        text, line = _running_text(code)
        texts.setdefault(file, text)
        names.add((file, name_at(text.tree, line) if text and text.tree else ""))
    for place in elsewhere:
        now = texts.get(place.co_filename) or text_now(place.co_filename)
        if now and now.tree:
            names.add((place.co_filename, name_at(now.tree, place.co_firstlineno)))
    definitions = DefinitionDigests(lambda file: _shapes_of(texts.get(file) or text_now(file)), root)
    held.update(subclasses(names))
    held.update(pair if definitions.digest(*pair) else (pair[0], TOP) for pair in classes)
    digests = {pair: definitions.digest(*pair) for pair in sorted(names | held)}
    facts = {
        (file, name): (f"{_place(file, root)}:{name}", digest or UNREADABLE)
        for (file, name), digest in digests.items()
        if digest or (file, name) in names
    }
    if remember is not None:
        _remember_lines(facts, lambda file: texts.get(file) or text_now(file), remember)
    return dict(facts.values())


def _remember_lines(
    facts: Mapping[tuple[str, str], tuple[str, str]],
    text_of: Callable[[str], Text | None],
    digests: FileDigests,
) -> None:
    """Remember the lines of definitions, by what is recorded of each."""
    names_by_file: dict[str, list[str]] = {}
    for file, name in facts:
        names_by_file.setdefault(file, []).append(name)
    rows = []
    for file, names in names_by_file.items():
        text = text_of(file)
        lines = lines_of_units(text.text, text.tree, names) if text and text.tree else {}
        rows += [(_row_of_lines(*facts[file, name]), json.dumps(each)) for name, each in lines.items()]
    if digests.store is not None and rows:
        with closing(_rows(digests.store)) as remembered:
            remembered.write("insert or ignore into shapes values (?, ?)", rows)


def _row_of_lines(name: str, digest: str) -> str:
    return f"lines of {name} {digest}"


def _rows(store: Path) -> RememberedRows:
    return RememberedRows(store.with_name("shapes.db"), _TABLE, _FORMAT)


def _running_text(code: types.CodeType) -> tuple[Text | None, int]:
    """Give the text that code was compiled from, and its first line there."""
    found = find_function(code)
    if found is not None:
        return found[0], first_line(found[1])
    # A generator expression, or code that was rewritten as pytest does: the text counts if it is the old one.
    status = _status(code.co_filename)
    is_old = status is not None and last_change(status) < STARTED
    return (text_now(code.co_filename) if is_old else None), code.co_firstlineno


def _status(file: str) -> os.stat_result | None:
    try:
        return Path(file).stat()
    except (OSError, ValueError):
        return None


def _shapes_of(text: Text | None) -> ModuleShapes | None:
    return module_shapes(text.tree) if text and text.tree else None


def _place(file: str, root: Path) -> str:
    path = Path(file)
    return str(path.relative_to(root)) if path.is_relative_to(root) else file


# -- at look-up ---------------------------------------------------------------------------------------


class SeenCode:
    """The kind of fact."""

    def __init__(self) -> None:
        self._root = Path()
        self._store: Path | None = None
        """Beside which the lines are remembered; None before `now`."""

    def now(self, recorded: Mapping[str, str], root: Path, digests: FileDigests) -> Mapping[str, str]:
        """Digest the same definitions in the present texts; empty for one that is gone."""
        self._root, self._store = root, digests.store
        with closing(RememberedShapes(digests)) as shapes:
            definitions = DefinitionDigests(shapes.of, root)
            places = {name: name.rpartition(":") for name in recorded}
            return {
                name: definitions.digest(str(root / file), qualname) or ""
                for name, (file, _, qualname) in places.items()
            }

    def sentence(self, name: str, before: str, now: str) -> str:
        """Explain a difference.

        >>> SeenCode().sentence("data.py:Loader.rows", "1b", "2c")
        'method `Loader.rows` in data.py, which ran, changed'
        >>> SeenCode().sentence("a.py:<module>", "1b", "2c")
        'what importing a.py does, which ran, changed'
        """
        file, _, qualname = name.rpartition(":")
        if before == UNREADABLE:
            return f"code in {file}, which ran, was edited meanwhile"
        what = f"{'method' if '.' in qualname else 'helper'} `{qualname}` in {file}"
        if qualname == TOP:
            what = f"what importing {file} does" if now else f"module {file}"
        count = self._count_lines(name, before) if now else 0
        lines = f" ({count} line{'s' if count > 1 else ''})" if count else ""
        return f"{what}, which ran, {'changed' if now else 'is gone'}{lines}"

    def _count_lines(self, name: str, before: str) -> int:
        """Count the lines of a definition that changed; 0 if its old lines are not remembered, or did not."""
        if self._store is None:
            return 0
        with closing(_rows(self._store)) as remembered:
            rows = remembered.read("select data from shapes where text = ?", [_row_of_lines(name, before)])
        file, _, qualname = name.rpartition(":")
        text = text_now(str(self._root / file))
        if not rows or text is None or text.tree is None:
            return 0
        return count_changed(
            json.loads(rows[0][0]), lines_of_units(text.text, text.tree, [qualname]).get(qualname, [])
        )


class RememberedShapes:
    """Gives the shapes of files, and parses each text once."""

    def __init__(self, digests: FileDigests) -> None:
        self._digests = digests
        self._rows = _rows(digests.store) if digests.store else None
        self._new: dict[str, str] = {}

    def of(self, file: str) -> ModuleShapes | None:
        """Give the shapes of a file's present text; None if it is gone or cannot be parsed."""
        content = self._digests.digest(Path(file))
        if content is None:
            return None
        key = f"{content}-{sys.version_info.major}.{sys.version_info.minor}"
        if key in _loaded:
            return _loaded[key]
        data = self._read(key)
        shapes = ModuleShapes.from_data(json.loads(data)) if data else _shapes_of(text_now(file))
        if shapes is not None and data is None:
            if self._digests.digest(Path(file)) != content:  # it was edited in between
                return shapes
            self._new[key] = json.dumps(shapes.to_data(), separators=(",", ":"))
        if shapes is not None:
            if len(_loaded) >= _MOST:
                _loaded.clear()
            _loaded[key] = shapes
        return shapes

    def close(self) -> None:
        """Write what is new, for other processes; close the file."""
        if self._rows is not None and self._new:
            self._rows.write("insert or replace into shapes values (?, ?)", self._new.items())
        if self._rows is not None:
            self._rows.close()

    def _read(self, key: str) -> str | None:
        rows = self._rows.read("select data from shapes where text = ?", [key]) if self._rows else []
        return str(rows[0][0]) if rows else None
