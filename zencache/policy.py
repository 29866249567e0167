"""Defines the cache policy of a step, a pipeline or a project."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta  # noqa: TC003 - pydantic reads annotations
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)
from typing_extensions import Self

from zencache.errors import CachePolicyError
from zencache.util import durations


class CachePolicy(BaseModel):
    """How results are reused; the nearest policy counts, field by field: step, pipeline, project.

    Raises CachePolicyError for an unknown field, naming the nearest, and for a value that cannot be.

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

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            raise CachePolicyError("; ".join(map(_problem, error.errors()))) from error

    @field_validator("expires_after", mode="before")
    @classmethod
    def _read_duration(cls, value: Any) -> Any:
        return durations.parse_duration(value) if isinstance(value, str) else value

    @field_validator("files", "env", "packages", mode="before")
    @classmethod
    def _one_is_a_tuple(cls, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value and (value,)
        if not isinstance(value, Iterable):
            raise ValueError(f"{value!r} is no name; write one, or a list")  # noqa: TRY004 - for pydantic
        return tuple(map(str, value))

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


def check_policy(where: str, policy: Any) -> None:
    """Raise CachePolicyError unless it is a policy, or None; a bool belongs to `enable_cache`."""
    if policy is None or isinstance(policy, CachePolicy):
        return
    advice = (
        f"write enable_cache={policy}"
        if isinstance(policy, bool)
        else 'write CachePolicy(…), for example CachePolicy(expires_after="7d")'
    )
    raise CachePolicyError(f"{where}: cache={policy!r} is no CachePolicy; {advice}")


def _problem(error: Any) -> str:
    """Say what is wrong with a field, and what to write."""
    name = str(next(iter(error["loc"]), "a policy"))
    if error["type"] != "extra_forbidden":
        return f"CachePolicy({name}=…): {error['msg'].removeprefix('Value error, ')}"
    near = difflib.get_close_matches(name, CachePolicy.model_fields, n=1, cutoff=0.5)
    advice = f"did you mean {near[0]}?" if near else f"it takes {', '.join(CachePolicy.model_fields)}"
    return f"CachePolicy takes no {name}; {advice}"
