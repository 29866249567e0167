"""Forbids runs while a pipeline's module is imported for planning, or in a worker process."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from zencache.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterator

_dry: ContextVar[bool] = ContextVar("zencache_dry", default=False)


@contextmanager
def dry() -> Iterator[None]:
    """Make every run that begins inside of the block raise DefinitionError."""
    token = _dry.set(True)
    try:
        yield
    finally:
        _dry.reset(token)


def check_not_dry(pipeline: str) -> None:
    """Raise DefinitionError inside of such a block."""
    if _dry.get():
        raise DefinitionError(
            f"pipeline {pipeline} would run when its module is imported, to plan it or to compute a step; "
            'put the run under `if __name__ == "__main__":`'
        )
