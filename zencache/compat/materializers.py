"""Materializers of older releases: subclassing `BaseMaterializer` registers one (0.5 to 0.39)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from zencache.errors import MaterializerError
from zencache.materializers.base import Materializer
from zencache.materializers.registry import register
from zencache.model.class_lookup import find_class
from zencache.model.types import module_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TYPE = "zencache_type.txt"


class Place(str):
    """A folder as materializers expect it: an artifact with a `.uri` (0.5 to 0.30), or a uri (from 0.31).

    >>> Place("/store/model/7").uri
    '/store/model/7'
    """

    __slots__ = ()

    @property
    def uri(self) -> str:
        """The folder."""
        return str(self)


class MaterializerType(type):
    """Metaclass of `BaseMaterializer`: calling a class without a folder gives an adapter for the core."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a materializer for a folder, or, without one, the adapter that the core calls."""
        return (
            super().__call__(*args, **kwargs)
            if args or kwargs
            else Adapter(cast("type[BaseMaterializer]", cls))
        )


@Materializer.register  # calling it gives an adapter, which is one
class BaseMaterializer(metaclass=MaterializerType):
    """Stores values of `ASSOCIATED_TYPES` in the folder `self.artifact.uri`, which is `self.uri` as well.

    Write `handle_return(data)` and `handle_input(data_type)` (0.5 to 0.30), or `save(data)` and
    `load(data_type)` (0.31 to 0.39). Equal values should give equal bytes.
    """

    ASSOCIATED_TYPES: ClassVar[Any] = ()
    ASSOCIATED_ARTIFACT_TYPES: ClassVar[Any] = ()
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[Any] = None
    SKIP_REGISTRATION: ClassVar[bool] = False

    def __init__(self, artifact: Any = "") -> None:
        self.uri = str(getattr(artifact, "uri", artifact))
        self.artifact = artifact if hasattr(artifact, "uri") else Place(self.uri)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if vars(cls).get("SKIP_REGISTRATION"):
            return
        kinds = _types(cls)
        if not kinds:
            raise MaterializerError(
                f"class {cls.__name__} does not say what it stores; write ASSOCIATED_TYPES = (MyType,) in "
                f"it, or "
                "SKIP_REGISTRATION = True if others inherit from it"
            )
        register(*kinds)(cast("type[Materializer]", cls))

    def handle_return(self, data: Any) -> None:
        """Write a value; does nothing here, so that an override may call it."""

    def handle_input(self, data_type: type) -> Any:
        """Read a value; does nothing here, so that an override may call it."""

    def save(self, data: Any) -> None:
        """Write a value, by `handle_return` where a class has only that."""
        self.handle_return(data)

    def load(self, data_type: type) -> Any:
        """Read a value, by `handle_input` where a class has only that."""
        return self.handle_input(data_type)


class Adapter(Materializer):
    """A materializer of older releases, as the core calls one."""

    def __init__(self, kind: type[BaseMaterializer]) -> None:
        self._kind = kind
        self.artifact_type = _artifact_type(kind)  # type: ignore[misc]
        self.runs_code = getattr(kind, "runs_code", False)  # type: ignore[misc]

    def save(self, value: Any, folder: Path) -> None:
        """Write the value, and its type where the class stores several."""
        self._kind(Place(folder)).save(value)
        if type(value) is not _types(self._kind)[0]:
            (folder / _TYPE).write_text(_path(type(value)), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        """Read the value as the type that was stored."""
        noted = folder / _TYPE
        kinds = _types(self._kind)
        path = noted.read_text(encoding="utf-8") if noted.exists() else ""
        kind = (
            next((k for k in _with_subclasses(kinds) if _path(k) == path), None)
            or _imported(path)
            or kinds[0]
        )
        return self._kind(Place(folder)).load(kind)


def _types(kind: type[BaseMaterializer]) -> tuple[type, ...]:
    types = kind.ASSOCIATED_TYPES
    return tuple(types) if isinstance(types, tuple | list) else (types,)


def _artifact_type(kind: type[BaseMaterializer]) -> str:
    """Name the type of artifact: one of TFX's standard ones where it fits."""
    declared = kind.ASSOCIATED_ARTIFACT_TYPES or kind.ASSOCIATED_ARTIFACT_TYPE
    first = declared[0] if isinstance(declared, tuple | list) else declared
    tfx_names = {
        "ModelArtifact": "Model",
        "SchemaArtifact": "Schema",
        "StatisticsArtifact": "ExampleStatistics",
    }
    return tfx_names.get(str(getattr(first, "value", getattr(first, "__name__", first))), "Data")


def _with_subclasses(kinds: tuple[type, ...]) -> Iterator[type]:
    for kind in kinds:
        yield kind
        yield from _with_subclasses(tuple(type.__subclasses__(kind)))


def _path(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _imported(path: str) -> Any:
    try:
        return find_class(path, module_name("__main__")) if path else None
    except MaterializerError:
        return None
