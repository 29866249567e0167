"""Defines the base of the steps' configurations: frozen values that JSON can hold."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from zencache.errors import ParameterError
from zencache_tfx.classic.nearest_names import nearest


class StepConfig(BaseModel):
    """A step's configuration, checked when it is created; as in the classic API, fields may be positional.

    Raises ParameterError for arguments that are not valid.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kind = type(self)
        try:
            super().__init__(**by_name(kind.__name__, list(kind.model_fields), args, kwargs))
        except ValidationError as error:
            raise ParameterError(f"{kind.__name__}: {_told(error, list(kind.model_fields))}") from error


def by_name(owner: str, fields: list[str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Map every argument to its field; raises ParameterError for a repeated or a surplus argument.

    >>> by_name("Split", ["column", "split_map"], ("city",), {"split_map": {}})
    {'column': 'city', 'split_map': {}}
    """
    if len(args) > len(fields):
        raise ParameterError(f"{owner} takes {', '.join(fields) or 'nothing'}; {len(args)} values were given")
    positional = dict(zip(fields, args, strict=False))
    twice = positional.keys() & kwargs.keys()
    if twice:
        raise ParameterError(f"{owner}: {min(twice)} is given twice, by position and by name")
    return positional | kwargs


def _told(error: ValidationError, fields: list[str]) -> str:
    """Describe every problem with the arguments, each in one sentence."""
    return "; ".join(_sentence(item["type"], item["loc"], item["msg"], fields) for item in error.errors())


def _sentence(kind: str, where: tuple[int | str, ...], message: str, fields: list[str]) -> str:
    name = ".".join(map(str, where))
    if kind == "extra_forbidden":
        return f"it takes no {name!r}{nearest(name, fields)}"
    if kind == "missing":
        return f"{name} is missing"
    return f"{name}: {message[:1].lower()}{message[1:]}"
