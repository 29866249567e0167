"""Replaces zencache for the probes in the environments of peers: the peer decorates the steps."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS: list[Step] = []
"""The steps in the order in which they were defined."""

PEER: Any = None
"""The peer's adapter; the side sets it before it loads a project."""


@dataclass(frozen=True)
class Step:
    """A function, and the result of the peer's decorator."""

    function: Callable
    made: Any


class BaseParameters(BaseModel):
    """A group of parameters."""


class CachePolicy:
    """A policy, which peers ignore."""

    def __init__(self, **options: Any) -> None:
        self.options = options


def step(function: Callable | None = None, **options: Any) -> Any:
    """Decorate a function as the peer does."""
    if function is None:
        return lambda given: step(given, **options)
    made = PEER.decorate(function)
    with suppress(AttributeError):
        made.entrypoint = function  # zencache's name for it, which some probes use
    STEPS.append(Step(function, made))
    return made


def pipeline(function: Callable | None = None, **options: Any) -> Any:
    """Return a pipeline's function unchanged: only its step is judged."""
    return function or (lambda given: pipeline(given, **options))
