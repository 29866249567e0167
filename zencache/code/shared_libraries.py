"""Represents what `ctypes` loaded: a shared library by its file, with the signatures of its functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.code.digest_graph import Node
from zencache.util.hashing import file_digest

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = frozenset({"ctypes.CDLL", "ctypes.PyDLL"})
_AS_LOADED = ("c_int", None, None)


def library_content(library: Any, visit: Callable[[Any], Node]) -> Node:
    """Give the node of a library: its name, the content of its file, and changed signatures.

    A library that is searched by its name, such as `libm.so.6`, is the system's and counts by that name.
    """
    name = library._name  # noqa: SLF001 - there is no other way to ask
    file = Path(name) if name and "/" in name else None
    content = file_digest(file) if file is not None and file.is_file() else ""
    own = [type(library).__name__, file.name if file else name, content]
    signatures = {each: _signature(value) for each, value in vars(library).items() if _is_function(value)}
    changed = {each: parts for each, parts in sorted(signatures.items()) if not _is_as_loaded(parts)}
    refs = [visit(part) for parts in changed.values() for part in parts]
    return Node("value", [*own, list(changed)], refs, text=f"the library {name or 'of the process'}")


def _is_function(value: Any) -> bool:
    return type(value).__name__ == "_FuncPtr"


def _signature(function: Any) -> tuple[Any, Any, Any]:
    return function.restype, function.argtypes, getattr(function, "errcheck", None)


def _is_as_loaded(parts: tuple[Any, Any, Any]) -> bool:
    restype, *rest = parts
    return (getattr(restype, "__name__", None), *rest) == _AS_LOADED
