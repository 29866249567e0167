"""TFX components and zencache steps in the body of one `@pipeline`."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tfx.dsl.components.base import base_node
from tfx.dsl.context_managers import dsl_context_registry
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.types import artifact as tfx_artifact
from tfx.types import channel as tfx_channel

from zencache.errors import ConnectionTypeError, DefinitionError
from zencache.materializers import find, load_materializer
from zencache.model.specs import OutputRef
from zencache.model.types import type_name
from zencache.steps.active_trace import OutputHandle
from zencache_tfx.node_specs import compiled, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zencache.model.specs import StepSpec


def channel(output: OutputHandle, type: type[tfx_artifact.Artifact]) -> tfx_channel.Channel:  # noqa: A002 - TFX's name
    """Give a step's output as a TFX channel, to feed a component in the body of a `@pipeline`.

    `type` is the TFX artifact type that the component takes; the step's output has to be stored as one.
    Raises ConnectionTypeError where it is not::

        schema = curate(statistics)                     # a step, -> Schema
        Trainer(schema=channel(schema, standard_artifacts.Schema), ...)
    """
    if not isinstance(output, OutputHandle):
        raise DefinitionError(f"channel() takes the output of a step in a pipeline's body, not {output!r}")
    stored = _artifact_type(output.annotation)
    if stored != type.TYPE_NAME:
        raise ConnectionTypeError(
            f"output {output.name} of step {output.step} is {type_name(output.annotation)}, "
            f"which is stored as {stored}, not as {type.TYPE_NAME}; "
            f"annotate the step with zencache_tfx.{type.TYPE_NAME}, or with a "
            f"type whose materializer says artifact_type = {type.TYPE_NAME!r}"
        )
    stand_ins = (each for each in dsl_context_registry.get().all_nodes if isinstance(each, _StandIn))
    stand_in = next((each for each in stand_ins if each.id == output.step), None) or _StandIn(output.step)
    return stand_in.give(output.name, type)


class _StandIn(base_node.BaseNode):  # type: ignore[misc]
    """Stands for a step where TFX's compiler asks which node feeds a component."""

    def __init__(self, step: str) -> None:
        self._channels: dict[str, tfx_channel.OutputChannel] = {}
        super().__init__()
        self.with_id(step)

    def give(self, output: str, kind: type[tfx_artifact.Artifact]) -> tfx_channel.OutputChannel:
        return self._channels.setdefault(output, tfx_channel.OutputChannel(kind, self, output))

    @property
    def inputs(self) -> dict[str, Any]:
        return {}

    @property
    def outputs(self) -> dict[str, tfx_channel.OutputChannel]:
        return self._channels

    @property
    def exec_properties(self) -> dict[str, Any]:
        return {}


@contextmanager
def collecting(pipeline: str, add: Callable[[StepSpec], None]) -> Iterator[None]:
    """Call `add`, when the block ends, with a step for each component that was created in it."""
    with dsl_context_registry.new_registry() as registry:
        yield
    nodes = list(registry.all_nodes)
    if not nodes:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what feeds a component, TFX knows only its own
        components_alone = tfx_pipeline.Pipeline(pipeline, "", components=nodes)
        steps = steps_of(compiled(components_alone))
    stand_ins = {each.id for each in nodes if isinstance(each, _StandIn)}
    for step in steps:
        if step.name not in stand_ins:
            add(step)


def output_of(channel: tfx_channel.BaseChannel, annotation: Any, where: str) -> OutputRef:
    """Give the output that a channel holds; raises ConnectionTypeError unless it fits the annotation."""
    component, output = getattr(channel, "producer_component_id", None), getattr(channel, "output_key", None)
    if not isinstance(channel, tfx_channel.Channel) or not component or not output:
        raise DefinitionError(f"{where}: a step takes the output of one component, component.outputs['…']")
    name = channel.type.TYPE_NAME
    accepted = name if annotation is Any else _artifact_type(annotation)
    if accepted != name and annotation is not tfx_artifact.Artifact:
        raise ConnectionTypeError(
            f"{where} is {type_name(annotation)}, but output {output} of {component} is "
            f"{name}; annotate it with tfx.types.standard_artifacts.{name} or zencache_tfx.Artifact"
        )
    return OutputRef(step=component, output=output)


def _artifact_type(kind: Any) -> str:
    """Name the TFX artifact type that a Python type is stored as."""
    if isinstance(kind, type) and issubclass(kind, tfx_artifact.Artifact):
        return str(kind.TYPE_NAME)
    materializer = find(kind) if isinstance(kind, type) else None
    return load_materializer(materializer.path).artifact_type if materializer else "Data"
