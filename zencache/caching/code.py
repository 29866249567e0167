"""The digest of a step's own code, from its syntax tree.

Comments, docstrings, formatting, quotes, the function's name, annotations of local variables and
zencache's own decorators do not count. What the function closes over does. Where there is no source
(an interactive prompt), the bytecode is digested instead, and the explanation says so.
"""

from __future__ import annotations

import ast
import functools
import inspect
import pickle
import textwrap
import types
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.errors import MaterializerError
from zencache.graph.values import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

DECORATOR_MARK = "__zencache_decorator__"
SOURCE_MARK = "__zencache_source__"


@dataclass(frozen=True)
class CodeDigest:
    """A digest of code; `imprecise` says why it had to take in more than the code itself, if so."""

    digest: str
    imprecise: str | None = None


def source_of(function: Callable[..., Any]) -> str | None:
    """Give the source text of a function, or None where there is none (a prompt, an extension)."""
    remembered = getattr(function, SOURCE_MARK, None)
    if remembered is not None:
        return str(remembered)
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return None


def code_digest(function: Callable[..., Any], source: str | None) -> CodeDigest:
    r"""Digest a function's code and what it closes over.

    >>> def add(a, b):
    ...     return a + b
    >>> one = code_digest(add, "def add(a, b):\n    return a + b")
    >>> two = code_digest(add, "def plus(a, b):  # sums\n    'Sum.'\n    return (a + b)")
    >>> one == two
    True
    """
    closed_over = _closure_parts(function)
    unknown = [name for name, part in closed_over if part[0] == "unknown"]
    doubt = f"what it closes over cannot be digested: {', '.join(unknown)}" if unknown else None
    tree = _function_tree(source) if source else None
    if tree is None:
        parts = ["bytecode/1", _bytecode(inspect.unwrap(function).__code__), closed_over]
        return CodeDigest(digest_of(parts), doubt or "no source text, so its bytecode was taken whole")
    tree.decorator_list = [d for d in tree.decorator_list if not _is_ours(d, function)]
    return CodeDigest(digest_of(["code/1", _dump(tree), closed_over]), doubt)


def _function_tree(source: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a lambda in the midst of an expression
        return None
    found = body[0] if body else None
    if not isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    found.name = "step"
    return found


def _is_ours(decorator: ast.expr, function: Callable[..., Any]) -> bool:
    """Say whether a decorator expression is zencache's: its options are not the step's code."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    names: list[str] = []
    while isinstance(target, ast.Attribute):
        names.append(target.attr)
        target = target.value
    if not isinstance(target, ast.Name):
        return False
    found: Any = inspect.unwrap(function).__globals__.get(target.id)
    for name in reversed(names):
        found = getattr(found, name, None)
    return bool(getattr(found, DECORATOR_MARK, False))


def _dump(node: Any) -> Any:
    """Turn a syntax tree into a plain value; the same on every Python that parses it alike."""
    if isinstance(node, ast.AnnAssign) and node.value is not None and node.simple:
        node = ast.Assign(targets=[node.target], value=node.value)
    if isinstance(node, ast.Constant):
        return ["Constant", type(node.value).__name__, repr(node.value)]
    if isinstance(node, ast.AST):
        fields = ((name, _dump(value)) for name, value in ast.iter_fields(_without_docstring(node)))
        return [type(node).__name__, *([name, value] for name, value in fields if value not in (None, []))]
    if isinstance(node, list):
        return [_dump(item) for item in node]
    return node


def _without_docstring(node: ast.AST) -> ast.AST:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or [ast.Pass()]
    return node


def _bytecode(code: types.CodeType) -> Any:
    constants = [_bytecode(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    return [code.co_code, constants, code.co_names, code.co_varnames]


def _closure_parts(function: Callable[..., Any]) -> list[Any]:
    """Name what a function closes over: plain values by content, functions by their code, others by pickle."""
    inner = inspect.unwrap(function)
    names = inner.__code__.co_freevars
    return [[name, _cell_part(cell)] for name, cell in zip(names, inner.__closure__ or (), strict=True)]


def _cell_part(cell: types.CellType) -> Any:
    try:
        value = cell.cell_contents
    except ValueError:  # not yet assigned
        return ["empty"]
    if isinstance(value, types.FunctionType):
        return ["function", _shallow_digest(value)]
    try:
        return ["value", digest_of(value)]
    except (MaterializerError, RecursionError):
        return _pickled_part(value)


def _pickled_part(value: Any) -> list[str]:
    try:
        return ["pickle", blake3(pickle.dumps(value, protocol=5)).hexdigest()]
    except Exception:  # noqa: BLE001 - a value may fail to pickle in any way; then nothing may hit
        return ["unknown", uuid.uuid4().hex]


@functools.lru_cache(maxsize=1024)
def _shallow_digest(function: types.FunctionType) -> str:
    """Digest a closed-over function without what it closes over itself: closures may refer to each other."""
    source = source_of(function)
    tree = _function_tree(source) if source else None
    return digest_of(_bytecode(function.__code__) if tree is None else _dump(tree))
