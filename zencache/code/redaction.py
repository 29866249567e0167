"""Keeping secrets out of texts that are stored or shown: source code, tracebacks."""

from __future__ import annotations

import ast
import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STARS = "**********"
_SHORTEST = 4  # characters of a secret that is looked for in texts: one of less would be found everywhere
_BLOCK = "if True:\n"
_CLASSES = ("SecretStr", "SecretBytes")


def redacted(text: str, values: Iterable[str | bytes] = ()) -> str:
    r"""Give a text without the values of secrets, and without what is written as `SecretStr("…")` in it.

    The lines stay as many as they are.

    >>> redacted('login(SecretStr("hunter2"), "abcdef")', ["abcdef"])
    'login(SecretStr("**********"), "**********")'
    """
    for value in sorted(map(_as_text, values), key=len, reverse=True):
        if len(value) >= _SHORTEST:
            for spelled in {value, value.encode("unicode_escape").decode("ascii"), repr(value)[1:-1]}:
                text = text.replace(spelled, STARS + "\n" * spelled.count("\n"))
    return _without_literals(text)


class Redactor:
    """Takes the values of known secrets out of texts, and finds them in bytes."""

    def __init__(self, values: Iterable[str | bytes] = ()) -> None:
        self._values = tuple(values)

    def __call__(self, text: str) -> str:
        """Give a text without secrets."""
        return redacted(text, self._values)

    def finds(self, data: bytes, texts: Iterable[str] = ()) -> bool:
        """Say whether bytes hold a known secret, or one that is written out in source texts."""
        known = {*self._values, *(value for text in texts for value in literals(text))}
        found = [v if isinstance(v, bytes) else v.encode("utf-8", "surrogatepass") for v in known]
        return any(len(value) >= _SHORTEST and value in data for value in found)


def literals(text: str) -> list[str | bytes]:
    """List the texts and bytes that source code makes secrets of."""
    return [node.value for node in _literals(text) if isinstance(node.value, str | bytes)]


def _as_text(value: str | bytes) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _without_literals(text: str) -> str:
    if not any(f"{name}(" in text for name in _CLASSES):
        return text
    before = _BLOCK if text[:1].isspace() else ""  # a method's text is indented
    data = (before + text).encode("utf-8", "surrogatepass")
    starts = [0, *itertools.accumulate(map(len, data.splitlines(keepends=True)))]
    places = [
        (starts[n.lineno - 1] + n.col_offset, starts[(n.end_lineno or 1) - 1] + (n.end_col_offset or 0))
        for n in _literals(before + text)
    ]
    for start, end in sorted(places, reverse=True):
        data = data[:start] + _starred(data[start:end]) + data[end:]
    return data.decode("utf-8", "surrogatepass").removeprefix(before)


def _starred(literal: bytes) -> bytes:
    prefix = re.match(rb"[A-Za-z]*", literal)
    assert prefix is not None
    breaks = literal.count(b"\n")
    quotes = b'"""' if breaks else b'"'
    return prefix[0] + quotes + STARS.encode() + b"\n" * breaks + quotes


def _literals(text: str) -> Iterator[ast.Constant]:
    """Find what is written in the call of a secret's class, in a text that is code."""
    if not any(name in text for name in _CLASSES):
        return
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in _CLASSES:
            for part in (*node.args, *(keyword.value for keyword in node.keywords)):
                if isinstance(part, ast.Constant) and isinstance(part.value, str | bytes):
                    yield part


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
