"""TFX components and zencache steps in one pipeline: what the body of a `@pipeline` makes of them."""

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
from zencache.model.types import type_name
from zencache.planning.components import ComponentBody
from zencache.steps.trace import OutputHandle
from zencache_tfx.node_specs import compiled, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zencache.steps.trace import Trace


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
            f"output {output.name} of step {output.step} is {type_name(output.annotation)}, which is stored as "
            f"{stored}, not as {type.TYPE_NAME}; annotate the step with zencache_tfx.{type.TYPE_NAME}, or with a "
            f"type whose materializer says artifact_type = {type.TYPE_NAME!r}"
        )
    known = (each for each in dsl_context_registry.get().all_nodes if isinstance(each, _StandIn))
    stand_in = next((each for each in known if each.id == output.step), None) or _StandIn(output.step)
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
def collecting(trace: Trace) -> Iterator[None]:
    """Take the components that are made meanwhile into a pipeline."""
    with dsl_context_registry.new_registry() as registry:
        yield
    nodes = list(registry.all_nodes)
    if not nodes:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what feeds a component, TFX knows only its own
        made = tfx_pipeline.Pipeline(trace.pipeline, "", components=nodes)
        steps = steps_of(compiled(made))
    stand_ins = {each.id for each in nodes if isinstance(each, _StandIn)}
    for step in steps:
        if step.name in stand_ins:
            continue
        if step.name in trace.bodies:
            raise DefinitionError(
                f"pipeline {trace.pipeline} has a step and a component named {step.name}; "
                "name the component otherwise: .with_id(…)"
            )
        trace.bodies[step.name] = ComponentBody.of(step)


def handle(trace: Trace, given: tfx_channel.BaseChannel, wanted: Any, where: str) -> OutputHandle:
    """Give a handle for a component's output that a step is called with; checks that the step can read it."""
    if not isinstance(given, tfx_channel.Channel) or not given.producer_component_id or not given.output_key:
        raise DefinitionError(f"{where}: a step takes the output of one component, component.outputs['…']")
    name = given.type.TYPE_NAME
    takes = name if wanted is Any else _artifact_type(wanted)
    if takes != name and wanted is not tfx_artifact.Artifact:
        raise ConnectionTypeError(
            f"{where} is {type_name(wanted)}, but output {given.output_key} of {given.producer_component_id} is "
            f"{name}; annotate it with tfx.types.standard_artifacts.{name} or zencache_tfx.Artifact"
        )
    return OutputHandle(given.producer_component_id, given.output_key, Any, trace)


def _artifact_type(kind: Any) -> str:
    """Name the TFX artifact type that a Python type is stored as."""
    if isinstance(kind, type) and issubclass(kind, tfx_artifact.Artifact):
        return str(kind.TYPE_NAME)
    found = find(kind) if isinstance(kind, type) else None
    return load_materializer(found.path).artifact_type if found else "Data"
