"""Finds the materializer of a type.

Looked for along the value's MRO, in this order for each class: what `register` was told, the
built-ins, and the entry points of installed distributions (group `zencache.materializers`; the
entry's name is the qualified name of the type). Nothing is imported until such a value exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from zencache.errors import MaterializerError, MaterializerUnavailableError
from zencache.materializers.base import Materializer
from zencache.model.types import import_object, module_name, type_name
from zencache.model.values import PLAIN_TYPES
from zencache.util.distributions import install_advice, materializers

if TYPE_CHECKING:
    from collections.abc import Callable

PICKLE = "zencache.materializers.pickle:PickleMaterializer"
_BUILTIN = "zencache.materializers.builtin:"
PLAIN = f"{_BUILTIN}PlainMaterializer"
PATH = f"{_BUILTIN}PathMaterializer"
_NESTED = "zencache.materializers.nested:"
NESTED = f"{_NESTED}NestedMaterializer"
NESTED_CODE = f"{_NESTED}NestedCodeMaterializer"
_ARRAY = "zencache.materializers.numpy:ArrayMaterializer"
_ARRAY_SUBCLASS = "zencache.materializers.numpy:ArraySubclassMaterializer"
_BUILTINS = {
    **{type_name(kind): PLAIN for kind in PLAIN_TYPES},
    "NoneType": PLAIN,
    "str": f"{_BUILTIN}TextMaterializer",
    "bytes": f"{_BUILTIN}BytesMaterializer",
}
"""Of exact types: a subclass would come back as the plain type."""
_BUILTINS |= dict.fromkeys(
    ("pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePath"), PATH
)
_BUILTINS |= dict.fromkeys(("pathlib.PurePosixPath", "pathlib.PureWindowsPath"), PLAIN)
_BUILTINS |= dict.fromkeys(("zoneinfo.ZoneInfo", "datetime.timezone"), PLAIN)
_WITH_TEXT = ("enum.Enum", "pydantic.main.BaseModel")
_ARRAY_SUBCLASSES = frozenset(
    {
        *("numpy.matrix", "numpy.recarray", "numpy.memmap"),
        *(
            "numpy.ma.core.MaskedArray",
            "numpy.ma.MaskedArray",
            "numpy.rec.recarray",
            "numpy.matrixlib.matrix",
        ),
    }
)
# Types that people meet, by module or full name, and the extra that stores them: for errors.
_EXTRAS = {
    "pandas": "pandas",
    "sklearn": "sklearn",
    "keras": "tensorflow",
    "tensorflow": "tensorflow",
    "polars": "polars",
    "pyarrow.lib.Table": "pyarrow",
    "pyarrow.lib.RecordBatch": "pyarrow",
    "scipy.sparse": "scipy",
    "PIL.Image": "pillow",
    "plotly.graph_objs._figure": "plotly",
}
_INSTEAD = {
    "matplotlib": "No file format holds a figure of matplotlib as it is. Save it as a picture "
    "(`figure.savefig(path)`) and return the Path, or return the data that it shows"
}
"""Types that no file format holds, and what to return instead."""

_BUILTIN_PATHS = frozenset({*_BUILTINS.values(), PICKLE, NESTED, NESTED_CODE, _ARRAY, _ARRAY_SUBCLASS})
_PLAIN_PATHS = frozenset(path for path in _BUILTIN_PATHS if path.startswith(_BUILTIN))

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
    """Find the materializer for a type, or None.

    One that was registered, or that an installed distribution offers, stores subclasses as well, or refuses
    them. The built-in ones store exact types, and objects that have a text which keeps their class.
    """
    for base in kind.__mro__[:-1]:
        name = type_name(base)
        if name in _registered:
            return MaterializerRef(path_of(_registered[name]))
        path = _BUILTINS.get(name) if base is kind else None
        path = path or _offered(kind, name) or _with_text(kind, base)
        if path:
            return MaterializerRef(path)
    return MaterializerRef(PICKLE) if allow_pickle else None


def _offered(kind: type, name: str) -> str | None:
    """Give what a distribution offers; of numpy's array, what keeps the class of a subclass."""
    path = materializers().get(name) if "." in name else None
    if path != _ARRAY or (kind.__module__ == "numpy" and type_name(kind) not in _ARRAY_SUBCLASSES):
        return path
    return _ARRAY_SUBCLASS if type_name(kind) in _ARRAY_SUBCLASSES else None


def _with_text(kind: type, base: type) -> str | None:
    """Give the materializer of objects whose text keeps their class, once their kind is known by a base."""
    if type_name(base) in _WITH_TEXT or "__dataclass_fields__" in vars(base):
        return PLAIN
    from zencache.model.object_values import is_plain_class  # noqa: PLC0415 - of few types

    is_last = base.__mro__[1:] == (object,)
    return PLAIN if is_last and is_plain_class(kind) else None


def is_registered(kind: type) -> bool:
    """Say whether `register` was told what stores a type."""
    return any(type_name(base) in _registered for base in kind.__mro__)


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
    names = [type_name(base) for base in kind.__mro__[:-1]]
    extra = _by_prefix(names, _EXTRAS)
    if extra and not _is_offered_by(extra):
        return f"The {extra} integration stores it: {install_advice(extra)}."
    instead = _by_prefix(names, _INSTEAD)
    if instead:
        return f"{instead}, or opt in to pickle with `allow_pickle = true` in .zencache/config.toml."
    return (
        "No materializer stores it. Write one (a class with save(value, folder) and load(folder)) and "
        f"@register({kind.__name__}) it, or opt in to pickle with `allow_pickle = true` in "
        ".zencache/config.toml."
    )


def _by_prefix(names: list[str], values: dict[str, str]) -> str | None:
    """Give the value of the first prefix that one of the dotted names has."""
    return next(
        (value for prefix, value in values.items() if any(f"{n}.".startswith(f"{prefix}.") for n in names)),
        None,
    )


def _is_offered_by(extra: str) -> bool:
    """Say whether the integration of an extra is installed; it then stores other types than this one."""
    return any(path.startswith(f"zencache_{extra}:") for path in materializers().values())


def load_materializer(path: str, *, allow_pickle: bool = False) -> Materializer:
    """Import a materializer by the path that was recorded with an artifact."""
    for registered in _registered.values():
        if path_of(registered) == path:
            return registered()
    if path == PICKLE and not allow_pickle:
        raise MaterializerUnavailableError(
            "this artifact is a pickle, which runs code when it is loaded; "
            "if you trust this store, set `allow_pickle = true` in .zencache/config.toml"
        )
    try:
        kind = _class_of(path)
        materializer: Materializer = kind()
    except (MaterializerError, TypeError, ImportError) as error:
        raise MaterializerUnavailableError(f"what stored this artifact cannot be used: {error}") from error
    if path in (NESTED, NESTED_CODE):
        materializer.allow_pickle = allow_pickle  # type: ignore[attr-defined]
    return materializer


def _class_of(path: str) -> Any:
    """Give the class that a record names; nothing is called or imported that is no materializer.

    Built-in and offered ones are imported. Another one is looked up where it is loaded, and its module is
    imported only if its text says that the class is a materializer.
    """
    if is_shipped(path):
        kind = import_object(path)
    else:
        from zencache.model.class_lookup import find_class  # noqa: PLC0415 - few projects have their own

        kind = find_class(path, module_name("__main__"), is_materializer=True)
    if not isinstance(kind, type) or not issubclass(kind, Materializer):
        raise MaterializerError(f"{path} is not a Materializer")
    return kind


def is_shipped(path: str) -> bool:
    """Say whether a path is of a materializer that is built in, or that a distribution offers."""
    return path in _BUILTIN_PATHS or path in materializers().values()


def runs_code(path: str) -> bool:
    """Say whether what a materializer stored runs code when it is loaded."""
    return path not in _PLAIN_PATHS and load_materializer(path, allow_pickle=True).runs_code


def path_of(materializer: type) -> str:
    """Give the path by which a materializer's class is found again."""
    return f"{materializer.__module__}:{materializer.__qualname__}"
