"""Encodes texts that ML Metadata cannot store unchanged on a database server, and decodes them.

On PostgreSQL, ML Metadata writes wrong SQL for a text with a backslash, which allows SQL injection. On any
server a NUL ends a text, and names of more than 255 characters are refused. PostgreSQL also refuses a long
property, because ML Metadata indexes it whole: it is stored in parts. SQLite stores all texts unchanged.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zencache.model.database import Kind

_MARK = "\ue000"  # of the private use area: rare in texts, and itself encoded
_CODES = {_MARK: "0", "\\": "1", "\x00": "2"}
_CHARACTERS = {code: character for character, code in _CODES.items()}
_UNSAFE: dict[Kind, str] = {
    "sqlite": "",
    "mysql": _MARK + "\x00",
    "postgresql": _MARK + "\\\x00",
    "grpc": _MARK + "\x00",
}
_LONGEST_NAME = 255  # characters of a name on a server
_LONGEST_PART = 2000  # bytes; a row of PostgreSQL's index has 2704 at most
_IN_PARTS = f"{_MARK}p"


def encode(text: str, kind: Kind) -> str:
    r"""Encode a text for a kind of database.

    >>> decode(encode("a\\b", "postgresql")) == "a\\b", "\\" in encode("a\\b", "postgresql")
    (True, False)
    """
    unsafe = _UNSAFE[kind]
    if not any(character in text for character in unsafe):
        return text
    return "".join(_MARK + _CODES[character] if character in unsafe else character for character in text)


def decode(text: str) -> str:
    """Return a text as it was before `encode`."""
    first, *rest = text.split(_MARK)
    return first + "".join(_CHARACTERS.get(each[:1], "") + each[1:] for each in rest)


def truncate_name(name: str) -> str:
    """Shorten a name that servers would refuse; different names stay different.

    >>> len(truncate_name("x" * 1000)), truncate_name("short")
    (255, 'short')
    """
    if len(name) <= _LONGEST_NAME:
        return name
    digest = blake3(name.encode()).hexdigest()[:32]
    return f"{name[: _LONGEST_NAME - len(digest) - 1]}~{digest}"


def encode_texts(arguments: Any, kind: Kind) -> Any:
    """Return a call's arguments with all texts encoded; the same object if none needs it."""
    if not any(_needs_encoding(node, kind) for node in _nodes(arguments)):
        return arguments
    encoded = copy.deepcopy(arguments)
    for node in _nodes(encoded):
        if node.name:  # an empty name differs from an unset one
            node.name = encode(truncate_name(node.name), kind)
        for value in _texts(node):
            value.string_value = encode(value.string_value, kind)
        if kind == "postgresql":
            _split(node)
    return encoded


def decode_texts(answer: Any) -> Any:
    """Decode all texts in the messages of a call's answer, and return it."""
    for node in _nodes(answer):
        if _MARK in node.name:
            node.name = decode(node.name)
        _join(node)
        for value in _texts(node):
            if _MARK in value.string_value:
                value.string_value = decode(value.string_value)
    return answer


def _needs_encoding(node: Any, kind: Kind) -> bool:
    texts = [value.string_value for value in _texts(node)]
    is_long = kind == "postgresql" and any(len(text) > _LONGEST_PART // 4 for text in texts)
    return (
        is_long
        or len(node.name) > _LONGEST_NAME
        or any(encode(text, kind) is not text for text in (node.name, *texts))
    )


def _split(node: Any) -> None:
    """Store long texts in parts: the first one with the number of the others, which have own names."""
    for properties in (node.properties, node.custom_properties):
        for name, value in list(properties.items()):
            first, *rest = _parts(value.string_value)
            if rest:
                value.string_value = f"{_IN_PARTS}{len(rest)}:{first}"
            for number, part in enumerate(rest):
                node.custom_properties[f"{name}{_MARK}{number}"].string_value = part


def _parts(text: str) -> list[str]:
    size = _LONGEST_PART if text.isascii() else _LONGEST_PART // 4
    return [text[start : start + size] for start in range(0, len(text), size)] or [""]


def _join(node: Any) -> None:
    for properties in (node.properties, node.custom_properties):
        for name, value in list(properties.items()):
            if value.string_value.startswith(_IN_PARTS):
                count, _, text = value.string_value[len(_IN_PARTS) :].partition(":")
                parts = (node.custom_properties[f"{name}{_MARK}{number}"] for number in range(int(count)))
                value.string_value = text + "".join(part.string_value for part in parts)
    for name in [name for name in node.custom_properties if _MARK in name]:
        del node.custom_properties[name]


def _nodes(values: Any) -> Iterable[Any]:
    """Return the artifacts, executions and contexts in lists, tuples and mappings, each once."""
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
