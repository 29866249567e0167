"""Locates the outputs of a training run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from zencache.pipelines import PipelineRun


class Results(Protocol):
    """A run's artifacts."""

    def artifact(self, node_id: str, output_key: str) -> str:
        """Give the URI of a node's output; raises NotFoundError if it does not exist."""
        ...


class RunResults:
    """The artifacts of a run of zencache."""

    def __init__(self, run: PipelineRun) -> None:
        self._run = run

    def artifact(self, node_id: str, output_key: str) -> str:
        """Give the URI of a node's output."""
        return self._run.get_step(node_id).outputs[output_key].uri
