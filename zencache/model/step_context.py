"""Gives a step information about its run, and says whether a step is being computed."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zencache.errors import NotFoundError
from zencache.model.legacy_api import LegacyAttributes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RUNNING: ContextVar[bool] = ContextVar("zencache_running_step", default=False)


@dataclass(frozen=True)
class StepContext(LegacyAttributes):
    """Given to a step that has an argument annotated `StepContext`.

    Such a step depends on its run, so it is not cached unless it says `enable_cache=True`.

    >>> context = StepContext("p", "p-1", "train", {"model": "/tmp/store/train/model/7"})
    >>> context.get_output_artifact_uri()
    '/tmp/store/train/model/7'
    """

    pipeline_name: str
    run_name: str
    step_name: str
    output_uris: Mapping[str, str]
    """Output to the folder where its artifact will be; files that the step writes there become part of it."""

    def get_output_artifact_uri(self, output_name: str | None = None) -> str:
        """Give the folder of an output; without a name, of the only one."""
        if output_name is None and len(self.output_uris) == 1:
            return next(iter(self.output_uris.values()))
        if output_name is None or output_name not in self.output_uris:
            raise NotFoundError.named(
                "output", str(output_name), self.output_uris, hint=f"step {self.step_name}"
            )
        return self.output_uris[output_name]


@contextmanager
def running() -> Iterator[None]:
    """Have `is_running` say so for a `with` block: there, a called step is the plain function that it is."""
    token = _RUNNING.set(True)
    try:
        yield
    finally:
        _RUNNING.reset(token)


def is_running() -> bool:
    """Say whether a step is being computed here.

    >>> with running():
    ...     is_running()
    True
    >>> is_running()
    False
    """
    return _RUNNING.get()
