"""Removes secrets from texts that are stored or shown: source code, tracebacks."""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STARS = "**********"
_SHORTEST = (
    4  # least characters of a secret that is searched for in texts; a shorter one would occur everywhere
)
_CLASSES = ("SecretStr", "SecretBytes")
_WRITTEN = re.compile(r"""(Secret(?:Str|Bytes)\(\s*[A-Za-z]*)(['"]).*?\2""")  # if a text is not code


def redacted(text: str, values: Iterable[str | bytes] = ()) -> str:
    r"""Remove the values of secrets from a text, and the literals in `SecretStr("…")`.

    The number of lines does not change.

    >>> redacted('login(SecretStr("hunter2"), "abcdef")', ["abcdef"])
    'login(SecretStr("**********"), "**********")'
    """
    for value in sorted(map(_as_text, values), key=len, reverse=True):
        if len(value) >= _SHORTEST:
            for spelled in {value, value.encode("unicode_escape").decode("ascii"), repr(value)[1:-1]}:
                text = text.replace(spelled, STARS + "\n" * spelled.count("\n"))
    return _without_literals(text)


class Redactor:
    """Removes the values of known secrets from texts, and finds them in bytes."""

    def __init__(self, values: Iterable[str | bytes] = ()) -> None:
        self._values = tuple(values)

    def __call__(self, text: str) -> str:
        """Give a text without secrets."""
        return redacted(text, self._values)

    def finds(self, data: bytes, texts: Iterable[str] = ()) -> bool:
        """Say whether bytes hold a known secret, or one that is written out in source texts."""
        secrets = {*self._values, *(value for text in texts for value in literals(text))}
        values = [v if isinstance(v, bytes) else v.encode("utf-8", "surrogatepass") for v in secrets]
        return any(len(value) >= _SHORTEST and value in data for value in values)


def literals(text: str) -> list[str | bytes]:
    """List the literals that source code turns into secrets."""
    _, tree = _parsed(text) if any(name in text for name in _CLASSES) else ("", None)
    return [node.value for node in _literals(tree) if isinstance(node.value, str | bytes)] if tree else []


def _as_text(value: str | bytes) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _without_literals(text: str) -> str:
    if not any(f"{name}(" in text for name in _CLASSES):
        return text
    before, tree = _parsed(text)
    if tree is None:
        return _WRITTEN.sub(rf'\1"{STARS}"', text)
    data = (before + text).encode("utf-8", "surrogatepass")
    starts = [0, *itertools.accumulate(map(len, data.splitlines(keepends=True)))]
    places = [
        (starts[n.lineno - 1] + n.col_offset, starts[(n.end_lineno or 1) - 1] + (n.end_col_offset or 0))
        for n in _literals(tree)
    ]
    for start, end in sorted(places, reverse=True):
        data = data[:start] + _starred(data[start:end]) + data[end:]
    return data.decode("utf-8", "surrogatepass").removeprefix(before)


def _parsed(text: str) -> tuple[str, ast.Module | None]:
    """Parse code, also indented code of a method; give the tree and the line that was put before it."""
    for before in ("", "if True:\n"):
        with contextlib.suppress(SyntaxError, ValueError):
            return before, ast.parse(before + text)
    return "", None


def _starred(literal: bytes) -> bytes:
    prefix = re.match(rb"[A-Za-z]*", literal)
    assert prefix is not None
    breaks = literal.count(b"\n")
    quotes = b'"""' if breaks else b'"'
    return prefix[0] + quotes + STARS.encode() + b"\n" * breaks + quotes


def _literals(tree: ast.Module) -> Iterator[ast.Constant]:
    """Find the literals in calls of a secret's class."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in _CLASSES:
            for part in (*node.args, *(keyword.value for keyword in node.keywords)):
                if isinstance(part, ast.Constant) and isinstance(part.value, str | bytes):
                    yield part


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
