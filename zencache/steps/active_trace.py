"""The trace of the pipeline body that this thread is reading: where a step that is called notes itself."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class ActiveTrace(Protocol):
    """Notes the steps that a body calls; implemented by `trace.Trace`."""

    pipeline: str

    def add(
        self,
        step: Any,
        bound: Mapping[str, Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        *,
        slot: str | None = None,
    ) -> Any:
        """Note a call of a step, and give handles of its outputs."""

    def order(self, earlier: tuple[str | None, Any], later: tuple[str | None, Any]) -> None:
        """Note that a step waits for another that does not feed it; each with its slot, if it has one."""


ACTIVE: ContextVar[ActiveTrace | None] = ContextVar("zencache_trace", default=None)


def active_trace() -> ActiveTrace | None:
    """Give the trace of the body that is being read, if one is."""
    return ACTIVE.get()
