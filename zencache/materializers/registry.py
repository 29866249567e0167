"""Finds the materializer of a type.

Looked for along the value's MRO, in this order for each class: what `register` was told, the
built-ins, and the entry points of installed distributions (group `zencache.materializers`; the
entry's name is the qualified name of the type). Nothing is imported until such a value exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from zencache.errors import MaterializerError
from zencache.materializers.base import Materializer
from zencache.model.types import type_name
from zencache.model.values import PLAIN_TYPES, import_object
from zencache.util.distributions import materializers

if TYPE_CHECKING:
    from collections.abc import Callable

PICKLE = "zencache.materializers.pickle:PickleMaterializer"
_BUILTIN = "zencache.materializers.builtin:"
_BUILTINS = {
    **{type_name(kind): f"{_BUILTIN}PlainMaterializer" for kind in PLAIN_TYPES},
    "NoneType": f"{_BUILTIN}PlainMaterializer",
    "enum.Enum": f"{_BUILTIN}PlainMaterializer",
    "pydantic.main.BaseModel": f"{_BUILTIN}PlainMaterializer",
    "str": f"{_BUILTIN}TextMaterializer",
    "bytes": f"{_BUILTIN}BytesMaterializer",
    "pathlib.PurePath": f"{_BUILTIN}PathMaterializer",
}
# Types that people meet, and the extra that stores them: for the error that names it.
_EXTRAS = {"pandas": "pandas", "sklearn": "sklearn", "keras": "tensorflow", "tensorflow": "tensorflow"}

_registered: dict[str, type[Materializer]] = {}
_M = TypeVar("_M", bound=type[Materializer])


@dataclass(frozen=True)
class MaterializerRef:
    """A materializer by its import path, `module:Class`; importing it is left to `load_materializer`."""

    path: str


def register(*types: type) -> Callable[[_M], _M]:
    """Let a Materializer class store values of these types, and of their subclasses, in this process.

    A class in a module that every process imports is found again by itself; for an installed
    distribution an entry point is better, because it needs no import.

    >>> class Celsius(float):
    ...     pass
    >>> @register(Celsius)
    ... class CelsiusMaterializer(Materializer):
    ...     def save(self, value, folder):
    ...         (folder / "degrees.txt").write_text(repr(float(value)))
    ...     def load(self, folder):
    ...         return Celsius((folder / "degrees.txt").read_text())
    >>> find(Celsius).path.endswith(":CelsiusMaterializer")
    True
    """
    if not types or not all(isinstance(kind, type) for kind in types):
        raise MaterializerError("say which types it stores: @register(MyType)")

    def remember(materializer: _M) -> _M:
        for kind in types:
            _registered[type_name(kind)] = materializer
        return materializer

    return remember


def find(kind: type, *, allow_pickle: bool = False) -> MaterializerRef | None:
    """Find the materializer for a type, or None."""
    for base in kind.__mro__[:-1]:
        name = type_name(base)
        if name in _registered:
            return MaterializerRef(path_of(_registered[name]))
        path = _BUILTINS.get(name) or (materializers().get(name) if "." in name else None)
        if path:
            return MaterializerRef(path)
        if "__dataclass_fields__" in vars(base):
            return MaterializerRef(f"{_BUILTIN}PlainMaterializer")
    return MaterializerRef(PICKLE) if allow_pickle else None


def materializer_of(artifact_type: str) -> str | None:
    """Give the materializer that loads what TFX components make, by the name of the TFX artifact type."""
    offered = materializers()
    return offered.get(f"tfx.types.standard_artifacts.{artifact_type}") or offered.get(
        "tfx.types.artifact.Artifact"
    )


def find_for_value(value: Any, *, where: str, allow_pickle: bool = False) -> MaterializerRef:
    """Find the materializer for a value; `where` names the output in the error."""
    materializer = find(type(value), allow_pickle=allow_pickle)
    if materializer is None:
        raise MaterializerError(f"{where} is of type {type_name(type(value))}. {advice(type(value))}")
    return materializer


def advice(kind: type) -> str:
    """Say what to do about a type that nothing stores."""
    package = kind.__module__.partition(".")[0]
    extra = next(
        (_EXTRAS[m] for m in (b.__module__.partition(".")[0] for b in kind.__mro__) if m in _EXTRAS), None
    )
    if extra and package != "builtins":
        return f"The {extra} integration stores it: pip install 'zencache[{extra}]'."
    return (
        "No materializer stores it. Write one (a class with save(value, folder) and load(folder)) and "
        f"@register({kind.__name__}) it, or opt in to pickle with `allow_pickle = true` in "
        ".zencache/config.toml."
    )


def load_materializer(path: str, *, allow_pickle: bool = False) -> Materializer:
    """Import a materializer by the path that was recorded with an artifact."""
    for registered in _registered.values():
        if path_of(registered) == path:
            return registered()
    if path == PICKLE and not allow_pickle:
        raise MaterializerError(
            "this artifact is a pickle, which runs code when it is loaded; "
            "if you trust this store, set `allow_pickle = true` in .zencache/config.toml"
        )
    materializer = import_object(path)()
    if not isinstance(materializer, Materializer):
        raise MaterializerError(f"{path} is not a Materializer")
    return materializer


def runs_code(path: str) -> bool:
    """Say whether what a materializer stored runs code when it is loaded."""
    return not path.startswith(_BUILTIN) and load_materializer(path, allow_pickle=True).runs_code


def path_of(materializer: type) -> str:
    """Give the path by which a materializer's class is found again."""
    return f"{materializer.__module__}:{materializer.__qualname__}"
