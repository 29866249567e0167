"""The plug-in through which zencache reads TFX's components, channels and pipelines; imports TFX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache_tfx import adoption, mixed_bodies, replace_component

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from zencache.model.database import Database
    from zencache.model.specs import OutputRef, PipelineSpec, StepSpec


class TfxComponents:
    """Implements `zencache.model.plugins.ComponentPlugin`."""

    def collecting(self, pipeline: str, add: Callable[[StepSpec], None]) -> AbstractContextManager[None]:
        """Call `add`, when the block ends, with a step for each component that was created in it."""
        return mixed_bodies.collecting(pipeline, add)

    def output_of(self, channel: Any, annotation: Any, where: str) -> OutputRef:
        """Give the output that a channel holds; raises ConnectionTypeError unless it fits the annotation."""
        return mixed_bodies.output_of(channel, annotation, where)

    def replacement(self, slot: str, component: Any, spec: PipelineSpec) -> StepSpec:
        """Give the step that a component is when it replaces another of the pipeline, under its name."""
        return replace_component.replacement(slot, component, spec)

    def read(self, pipeline: Any, *, store: str) -> tuple[PipelineSpec, Database | None]:
        """Give a TFX pipeline as data, and the metadata store that it names; None for the project's own."""
        spec = adoption.spec_of(pipeline, store=store)
        return spec, adoption.database_of(pipeline, spec)
