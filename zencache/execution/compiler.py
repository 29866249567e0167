"""Compiles a pipeline's spec to TFX's intermediate representation (IR), by TFX's own compiler."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

from tfx.dsl.compiler import compiler as tfx_compiler
from tfx.dsl.compiler import constants
from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import runtime_parameter_utils
from tfx.types import artifact, channel, component_spec, standard_artifacts

from zencache.execution.step_executor import StepExecutor
from zencache.materializers import find, load_materializer
from zencache.metadata.tfx_store_config import UNUSED_CONNECTION_CONFIG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.config import Project
    from zencache.execution.run_context import RunContext
    from zencache.model.specs import PipelineSpec, StepSpec
    from zencache.planning.bodies import Body


class CompiledPipeline:
    """The IR of a run's functions; it is compiled when the first of them is launched."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._lock = threading.Lock()

    @property
    def info(self) -> Any:
        """The IR's `PipelineInfo`."""
        return self._ir.pipeline_info

    @property
    def runtime(self) -> Any:
        """The IR's `PipelineRuntimeSpec`."""
        return self._ir.runtime_spec

    @functools.cached_property
    def deployment(self) -> Any:
        """The IR's `LocalDeploymentConfig`."""
        return runner_utils.extract_local_deployment_config(self._ir)

    def node(self, step: str) -> Any:
        """Give a copy of a step's node, which may be changed."""
        [node] = [n.pipeline_node for n in self._ir.nodes if n.pipeline_node.node_info.id == step]
        copy = type(node)()
        copy.CopyFrom(node)
        return copy

    @property
    def _ir(self) -> Any:
        with self._lock:
            return self._compiled

    @functools.cached_property
    def _compiled(self) -> Any:
        run = self._run
        return compile_pipeline(run.spec, run.bodies, run.project, run.handle.name)


class Data(artifact.Artifact):  # type: ignore[misc]
    """A value that fits none of TFX's standard artifact types."""

    TYPE_NAME = "zencache.Data"


def compile_pipeline(spec: PipelineSpec, bodies: Mapping[str, Body], project: Project, run_name: str) -> Any:
    """Compile a spec to TFX's IR (`pipeline_pb2.Pipeline`), with TFX's own cache off.

    Native components are left out: they have their IR already, and inputs are fixed when a step is launched.
    """
    components: dict[str, Any] = {}
    for step in spec.steps:
        if step.node is not None:
            continue
        inputs: dict[str, Any] = {}
        for item in step.inputs:
            new = _channel(components.get(item.source.step), item.source.output)
            inputs[item.name] = _union(inputs[item.name], new) if item.name in inputs else new
        components[step.name] = _component(step, bodies[step.name].output_types, inputs)
    pipeline = tfx_pipeline.Pipeline(
        pipeline_name=spec.name,
        pipeline_root=spec.root or str(project.artifacts),
        components=list(components.values()),
        enable_cache=False,
        metadata_connection_config=UNUSED_CONNECTION_CONFIG,
    )
    compiled = tfx_compiler.Compiler().compile(pipeline)
    runtime_parameter_utils.substitute_runtime_parameter(
        compiled, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_name}
    )
    return compiled


def _channel(component: Any, output: str) -> Any:
    return channel.Channel(type=Data) if component is None else component.outputs[output]


def _union(earlier: Any, new: Any) -> Any:
    """Join the channels of one argument. TFX joins those of one type; the launch fixes inputs anyway."""
    return channel.union([earlier, new]) if earlier.type is new.type else channel.Channel(type=Data)


def _component(step: StepSpec, output_types: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
    """Make a component for a step: three small classes, as TFX's own function components are made."""
    chosen = {output.name: output.materializer for output in step.outputs}
    outputs = {name: _artifact_class(kind, chosen.get(name)) for name, kind in output_types.items()}
    spec_class = type(
        "StepComponentSpec",
        (component_spec.ComponentSpec,),
        {
            "PARAMETERS": {n: component_spec.ExecutionParameter(type=str) for n in step.parameters},
            "INPUTS": {n: component_spec.ChannelParameter(type=c.type) for n, c in inputs.items()},
            "OUTPUTS": {n: component_spec.ChannelParameter(type=kind) for n, kind in outputs.items()},
        },
    )
    component_class = type(
        step.code.qualname,
        (base_component.BaseComponent,),
        {
            "SPEC_CLASS": spec_class,
            "EXECUTOR_SPEC": executor_spec.ExecutorClassSpec(StepExecutor),
            "TYPE": step.identity,
            "__module__": step.code.module,
        },
    )
    channels = {name: channel.Channel(type=kind) for name, kind in outputs.items()}
    return component_class(spec_class(**step.parameters, **inputs, **channels)).with_id(step.name)


def _artifact_class(kind: Any, chosen: str | None = None) -> Any:
    by_type = find(kind) if isinstance(kind, type) and chosen is None else None
    path = chosen or (by_type.path if by_type else None)
    name = load_materializer(path, allow_pickle=True).artifact_type if path else "Data"
    return getattr(standard_artifacts, name, Data)
