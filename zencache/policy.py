"""Defines the cache policy of a step, a pipeline or a project."""

from __future__ import annotations

from collections.abc import Callable, Mapping  # noqa: TC003 - pydantic reads annotations
from datetime import timedelta  # noqa: TC003 - pydantic reads annotations
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_serializer, field_validator

from zencache.util import durations


class CachePolicy(BaseModel):
    """How results are reused; the nearest policy counts, field by field: step, pipeline, project.

    >>> from datetime import timedelta
    >>> CachePolicy(version="2", expires_after=timedelta(days=1)).under(CachePolicy(enabled=False))
    CachePolicy(enabled=False, version='2', expires_after=datetime.timedelta(days=1))
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool | None = None
    """Whether results are looked up; `enable_cache=` of the same step or pipeline goes before it."""
    version: str | None = None
    """A salt in the key: another value, and nothing stored earlier is reused."""
    expires_after: timedelta | None = None
    """How old a reused result may be, counted from its computation: a `timedelta`, `"7d"` or `"P7D"`."""
    files: tuple[str, ...] | None = None
    """Files, folders and globs that the step reads, from the project's folder on: they count by content."""
    env: tuple[str, ...] | None = None
    """Environment variables that the step reads: they count by value."""
    packages: tuple[str, ...] | None = None
    """Distributions whose versions count. Names alone: exactly these. `"+name"` and `"-name"`: those that the
    step's code reaches, and more, or fewer."""
    code: Literal["closure", "function", "none"] | None = None
    """How much code counts: the function and all that it reaches (default), the function alone, or none."""
    key: Callable[..., Any] | str | None = None
    """A function of some of the step's arguments, by name. Its result counts instead of them; a function
    without arguments adds to the key."""
    watch: bool | None = None
    """Whether what the step reads without declaring it is noticed and checked (the default)."""

    writes: Literal["check", "restore", "ignore"] | None = None
    """What is done where a file that the step wrote is not as it left it: the step runs again ("check", the
    default), a copy that was kept is put back ("restore"), or nothing ("ignore")."""

    @field_validator("expires_after", mode="before")
    @classmethod
    def _read_duration(cls, value: Any) -> Any:
        return durations.parse_duration(value) if isinstance(value, str) else value

    @field_validator("files", "env", "packages", mode="before")
    @classmethod
    def _one_is_a_tuple(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else tuple(map(str, value)) if value is not None else None

    @field_serializer("key")
    def _by_name(self, key: Callable[..., Any] | str | None) -> str | None:
        if key is None or isinstance(key, str):
            return key
        return f"{getattr(key, '__module__', '?')}:{getattr(key, '__qualname__', '?')}"

    def __repr_args__(self) -> Any:
        return [(name, value) for name, value in self if value is not None]

    def under(self, outer: CachePolicy | Mapping[str, Any] | None) -> CachePolicy:
        """Fill what is left unset here from an outer policy."""
        if outer is None:
            return self
        own = {name: value for name, value in self if value is not None}
        return CachePolicy(**{**dict(outer), **own})
