"""Saves a value by the materializer of its type, and compares what was written with the value.

A value that would be loaded with a difference is refused here, in the step that made it. Or it is pickled, if
the project allows pickle and `register` gave its type no materializer.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from zencache.errors import MaterializerError
from zencache.materializers.builtin import PLAIN_TEXT, check_text
from zencache.materializers.registry import (
    NESTED,
    NESTED_CODE,
    PATH,
    PICKLE,
    PLAIN,
    advice,
    find,
    find_for_value,
    is_registered,
    load_materializer,
    runs_code,
)
from zencache.model.values import is_faithful_by_construction, to_text

if TYPE_CHECKING:
    from pathlib import Path


def save(value: Any, folder: Path, *, where: str, allow_pickle: bool, chosen: str | None = None) -> str:
    """Save a value in an empty folder; give the path of the materializer that loads it.

    Raises MaterializerError for a value that nothing stores, or that would come back with a difference.
    `where` names the output in the error.
    """
    path = chosen or find_for_value(value, where=where, allow_pickle=allow_pickle).path
    try:
        if chosen is not None or path != PLAIN:
            _save_by(path, value, folder, allow_pickle=allow_pickle)
            return path
        return save_parts(value, folder, allow_pickle=allow_pickle)
    except MaterializerError as error:
        has_own = chosen is not None or is_registered(type(value)) or path in (PATH, PICKLE)
        if not allow_pickle or has_own:
            raise MaterializerError(f"{where}: {error}") from error
        refused = error
    for part in folder.iterdir():
        shutil.rmtree(part) if part.is_dir() else part.unlink()
    try:
        _save_by(PICKLE, value, folder, allow_pickle=True)
    except MaterializerError as error:
        raise MaterializerError(f"{where}: {refused}. As a pickle: {error}") from error
    return PICKLE


def _save_by(path: str, value: Any, folder: Path, *, allow_pickle: bool) -> None:
    materializer = load_materializer(path, allow_pickle=allow_pickle)
    materializer.save(value, folder)
    materializer.check(value, folder)


# -- containers ---------------------------------------------------------------------------------------


def save_parts(value: Any, folder: Path, *, allow_pickle: bool) -> str:
    """Save a container, a model or another object with a text; give the materializer that loads it."""
    parts: list[list[Any]] = []

    def save_part(part: Any) -> list[Any]:
        data = [len(parts), ""]
        parts.append(data)
        inside = folder_of(folder, data)
        inside.mkdir()
        if part is value:
            raise MaterializerError(advice(type(part)))
        data[1] = save(part, inside, where="a part", allow_pickle=allow_pickle)
        return data

    try:
        text = to_text(value, leaf=save_part)
        if parts or not is_faithful_by_construction(text):
            check_text(value, text)
    except MaterializerError as error:
        where = place_of_failure(value, allow_pickle=allow_pickle)
        raise MaterializerError(f"{where}{error}") from error
    (folder / PLAIN_TEXT).write_text(text, encoding="ascii")
    if not parts:
        return PLAIN
    return NESTED_CODE if any(runs_code(path) for _, path in parts) else NESTED


def folder_of(folder: Path, data: Any) -> Path:
    """Give the folder of a part."""
    return folder / f"leaf-{int(data[0])}"


# -- errors -------------------------------------------------------------------------------------------


def place_of_failure(value: Any, *, allow_pickle: bool) -> str:
    """Name the place inside a value of the first part that nothing stores; empty for the value itself."""
    place = ""
    for _ in range(_DEEPEST):
        inner = next(
            ((name, part) for name, part in _items(value) if not _is_stored(part, allow_pickle=allow_pickle)),
            None,
        )
        if inner is None:
            break
        name, value = inner
        place += name
    return f"at {place}: " if place else ""


_DEEPEST = 20


def _items(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"[{key!r}]", item) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [(f"[{number}]", item) for number, item in enumerate(value)]
    if isinstance(value, set | frozenset):
        return [("{…}", item) for item in value]
    return [(f".{name}", item) for name, item in getattr(value, "__dict__", {}).items()]


def _is_stored(part: Any, *, allow_pickle: bool) -> bool:
    """Say whether a part has a text, or a type that a materializer stores."""
    refused: list[Any] = []

    def leaf(inner: Any) -> list[Any]:
        by_type = find(type(inner), allow_pickle=allow_pickle)
        if by_type is None or by_type.path == PLAIN:
            refused.append(inner)
        return [0, ""]

    try:
        text = to_text(part, leaf=leaf)
        if not is_faithful_by_construction(text):
            check_text(part, text)
    except MaterializerError:
        return False
    return not refused
