"""Texts that ML Metadata cannot keep as they are on some database servers, written another way and read back.

Its PostgreSQL source makes wrong SQL of a text with a backslash, which could be made to do anything; a NUL ends a
text on any server; names of more than 255 characters are refused. SQLite keeps all as it is.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zencache.model.database import Kind

_MARK = "\ue000"  # of the private use area: in no text but by chance, and then it is written another way too
_CODES = {_MARK: "0", "\\": "1", "\x00": "2"}
_CHARACTERS = {code: character for character, code in _CODES.items()}
_UNSAFE: dict[Kind, str] = {
    "sqlite": "",
    "mysql": _MARK + "\x00",
    "postgresql": _MARK + "\\\x00",
    "grpc": _MARK + "\x00",
}
_LONGEST = 255  # characters of a name on a server


def written(text: str, kind: Kind) -> str:
    r"""Give a text as a kind of database keeps it.

    >>> read(written("a\\b", "postgresql")) == "a\\b", "\\" in written("a\\b", "postgresql")
    (True, False)
    """
    unsafe = _UNSAFE[kind]
    if not any(character in text for character in unsafe):
        return text
    return "".join(_MARK + _CODES[character] if character in unsafe else character for character in text)


def read(text: str) -> str:
    """Give a text as it was before `written`."""
    first, *rest = text.split(_MARK)
    return first + "".join(_CHARACTERS.get(each[:1], "") + each[1:] for each in rest)


def fitted(name: str) -> str:
    """Shorten a name that servers would refuse; names that differ stay different.

    >>> len(fitted("x" * 1000)), fitted("short")
    (255, 'short')
    """
    if len(name) <= _LONGEST:
        return name
    digest = blake3(name.encode()).hexdigest()[:32]
    return f"{name[: _LONGEST - len(digest) - 1]}~{digest}"


def to_write(arguments: Any, kind: Kind) -> Any:
    """Give a call's arguments with all texts of their messages as the database keeps them; what needs nothing stays."""
    if not any(_is_changed(node, kind) for node in _nodes(arguments)):
        return arguments
    changed = copy.deepcopy(arguments)
    for node in _nodes(changed):
        if node.name:  # one that is set to nothing is another thing than none
            node.name = written(fitted(node.name), kind)
        for value in _texts(node):
            value.string_value = written(value.string_value, kind)
    return changed


def as_read(found: Any) -> Any:
    """Give what a call found, with all texts as they were written."""
    for node in _nodes(found):
        if _MARK in node.name:
            node.name = read(node.name)
        for value in _texts(node):
            if _MARK in value.string_value:
                value.string_value = read(value.string_value)
    return found


def _is_changed(node: Any, kind: Kind) -> bool:
    texts = (node.name, *(value.string_value for value in _texts(node)))
    return len(node.name) > _LONGEST or any(written(text, kind) is not text for text in texts)


def _nodes(values: Any) -> Iterable[Any]:
    """Find the artifacts, executions and contexts in lists, tuples and mappings, each once."""
    return {id(node): node for node in _all_nodes(values)}.values()


def _all_nodes(values: Any) -> Iterator[Any]:
    if isinstance(values, dict):
        yield from _all_nodes(list(values.values()))
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _all_nodes(value)
    elif hasattr(values, "custom_properties"):
        yield values


def _texts(node: Any) -> Iterable[Any]:
    properties = (*node.properties.values(), *node.custom_properties.values())
    return (value for value in properties if value.WhichOneof("value") == "string_value")
