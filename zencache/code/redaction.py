"""Removes secrets from texts that are stored or shown: source code, tracebacks."""

from __future__ import annotations

import ast
import base64
import contextlib
import functools
import html
import itertools
import json
import re
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeGuard

STARS = "**********"
_SHORTEST = (
    4  # least characters of a secret that is searched for in texts; a shorter one would occur everywhere
)
_LEAST_BYTES = 6  # of a secret that is searched for inside of a longer text in base64
_CLASSES = ("SecretStr", "SecretBytes")
_LIBRARIES = tuple({f"{prefix}/lib" for prefix in (sys.prefix, sys.base_prefix)})
_BASE64 = "[A-Za-z0-9+/_=-]*"
_WRITTEN = re.compile(r"""(Secret(?:Str|Bytes)\(\s*[A-Za-z]*)(['"]).*?\2""")  # if a text is not code


def redacted(text: str, values: Iterable[str | bytes] = ()) -> str:
    r"""Remove the values of secrets from a text, and the literals in `SecretStr("…")`.

    The number of lines does not change.

    >>> redacted('login(SecretStr("hunter2"), "abcdef")', ["abcdef"])
    'login(SecretStr("**********"), "**********")'
    """
    for value in sorted(map(_as_text, values), key=len, reverse=True):
        if len(value) >= _SHORTEST:
            text = _without(text, value)
    return _without_literals(text)


def _without(text: str, value: str) -> str:
    """Remove a secret in the spellings that messages have it in: escaped, quoted for URLs, in base64."""
    for spelled in sorted(_spellings(value), key=len, reverse=True):
        text = text.replace(spelled, STARS + "\n" * spelled.count("\n"))
    for part in _parts_in_base64(value.encode("utf-8", "surrogateescape")):
        if part in text:
            text = re.sub(f"{_BASE64}{re.escape(part)}{_BASE64}", STARS, text)
    return text


def _spellings(value: str) -> set[str]:
    data = value.encode("utf-8", "surrogateescape")
    quoted = {quote(data, safe=""), quote(data), quote_plus(data)}
    in_json = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    return {
        value,
        value.encode("unicode_escape").decode("ascii"),
        repr(value)[1:-1],
        repr(data)[2:-1],
        html.escape(value),
        data.hex(),
        *quoted,
        *(re.sub("%..", lambda code: code[0].lower(), each) for each in quoted),
        *in_json,
        *(json.dumps(each)[1:-1] for each in in_json),
    }


def _parts_in_base64(data: bytes) -> Iterator[str]:
    """Give what every base64 text has that encodes bytes with these among them, wherever they begin.

    >>> whole = [base64.b64encode(name + b":hunter2").decode() for name in (b"a", b"ab", b"abc")]
    >>> [any(part in text for part in _parts_in_base64(b"hunter2")) for text in whole]
    [True, True, True]
    """
    if len(data) < _LEAST_BYTES:
        return
    for before in range(3):
        encoded = base64.b64encode(b"0" * before + data)
        sure = encoded[-(-before * 4 // 3) : (before + len(data)) * 8 // 6].decode("ascii")
        yield sure
        yield sure.replace("+", "-").replace("/", "_")


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
    _, tree = _parsed(text) if _names_a_class(text) else ("", None)
    nodes = _literals(tree) if tree else ()
    parts = (part.value for node in nodes for part in ast.walk(node) if isinstance(part, ast.Constant))
    return [part for part in parts if isinstance(part, str | bytes)]


def _names_a_class(text: str) -> bool:
    return any(f"{name}(" in text or f"{name} as" in text for name in _class_names())


def _class_names() -> frozenset[str]:
    """Name the classes of secrets, also as modules of this process call them."""
    return frozenset(_CLASSES) | _aliases(len(sys.modules), len(vars(sys.modules["__main__"])))


@functools.lru_cache(maxsize=1)
def _aliases(modules: int, names: int) -> frozenset[str]:  # noqa: ARG001 - looked for again where there are more
    """Find other names of the classes in the project's modules: `from pydantic import SecretStr as S`."""
    pydantic = sys.modules.get("pydantic.types")
    classes = [vars(pydantic).get(name) for name in _CLASSES] if pydantic else []
    own = [module for module in tuple(sys.modules.values()) if not _is_library(module)]
    namespaces = (getattr(module, "__dict__", {}) for module in own)
    return frozenset(
        name
        for namespace in namespaces
        for name, value in tuple(namespace.items())
        if isinstance(value, type) and value in classes and isinstance(name, str)
    )


def _is_library(module: object) -> bool:
    """Say whether a module is one of Python's own, or one that pip installed; the running program is none."""
    is_main = module is sys.modules["__main__"]
    return not is_main and str(getattr(module, "__file__", None)).startswith(_LIBRARIES)


def _as_text(value: str | bytes) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _without_literals(text: str) -> str:
    if not _names_a_class(text):
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


def _literals(tree: ast.Module) -> Iterator[ast.expr]:
    """Find the literals in calls of a secret's class; of an f-string, the whole."""
    names = _class_names() | {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname and alias.name in _CLASSES
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in names:
            for part in (*node.args, *(keyword.value for keyword in node.keywords)):
                yield from _texts_in(part)


def _texts_in(node: ast.expr) -> Iterator[ast.expr]:
    """Find the texts that an expression is put together from; the arguments of other calls are none."""
    if isinstance(node, ast.JoinedStr) or _is_text(node):
        yield node
    elif isinstance(node, ast.BinOp):
        yield from (*_texts_in(node.left), *_texts_in(node.right))
    elif isinstance(node, ast.List | ast.Tuple):
        for each in node.elts:
            yield from _texts_in(each)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield from _texts_in(node.func.value)  # "…".join(…), "…".encode()
        if node.func.attr in {"join", "format"}:
            for each in node.args:
                yield from _texts_in(each)


def _is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
