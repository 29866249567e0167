"""Reads the nodes of a compiled TFX pipeline as steps: their intermediate representation and key parts."""

from __future__ import annotations

import base64
import copy
from typing import TYPE_CHECKING, Any

from tfx.dsl.compiler import compiler, constants
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import runtime_parameter_utils
from tfx.proto.orchestration import executable_spec_pb2, local_deployment_config_pb2

from zencache.errors import DefinitionError
from zencache.execution.tfx_sdk import quiet
from zencache.metadata.schema import NODE_CONTEXT, PIPELINE_CONTEXT
from zencache.model.specs import CodeRef, InputSpec, NodeRef, OutputRef, OutputSpec, StepSpec
from zencache.model.values import to_text
from zencache.planning.component_body import RESOLVER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tfx.proto.orchestration import pipeline_pb2

_CLASSES = (executable_spec_pb2.PythonClassExecutableSpec, executable_spec_pb2.BeamExecutableSpec)


def compiled(pipeline: Any, runtime_parameters: Mapping[str, str | int | float] | None = None) -> Any:
    """Compile a pipeline to TFX's intermediate representation; a run packages its module files."""
    with quiet():
        ir = compiler.Compiler().compile(pipeline)
    parameters = [p for each in ir.nodes for p in each.pipeline_node.parameters.parameters.values()]
    of_run = [(p, copy.deepcopy(p)) for p in parameters if _is_dynamic(p) and not p.HasField("placeholder")]
    runtime_parameter_utils.substitute_runtime_parameter(ir, dict(runtime_parameters or {}))
    for value, before in of_run:
        value.CopyFrom(before)  # a run fills in its name, whatever the default
    return ir


def steps_of(ir: pipeline_pb2.Pipeline) -> list[StepSpec]:
    """Give a step for each node of a compiled pipeline, each after the nodes that it waits for."""
    with quiet():  # it warns where a pipeline names no metadata store
        deployment = runner_utils.extract_local_deployment_config(ir)
    step_by_name: dict[str, StepSpec] = {}
    late: set[str] = set()
    for each in ir.nodes:
        if each.WhichOneof("node") == "sub_pipeline":
            raise DefinitionError(
                f"{each.sub_pipeline.pipeline_info.id} is a pipeline inside a pipeline, "
                "which zencache does not run, "
                "nor do TFX's local runners; give its components to the outer pipeline"
            )
        step = step_of(each.pipeline_node, deployment, ir, late)
        step_by_name[step.name] = step
    return list(step_by_name.values())


def step_of(node: Any, deployment: Any, ir: pipeline_pb2.Pipeline, late: set[str]) -> StepSpec:
    """Give the step of a node; adds it to `late`, the nodes that a condition may skip, if it is one."""
    name = node.node_info.id
    own = _of_node(deployment, name, name)
    if node.inputs.conditionals or late & set(node.upstream_nodes) or node.node_info.type.name == RESOLVER:
        late.add(name)  # what comes after a resolver has it say what it found, and in which order
    dynamic = tuple(key for key, value in node.parameters.parameters.items() if _is_dynamic(value))
    inputs = tuple(_inputs(node, ir.pipeline_info.id))
    module, _, qualname = node.node_info.type.name.rpartition(".")
    return StepSpec(
        name=name,
        code=CodeRef(module=module, qualname=qualname),
        inputs=inputs,
        outputs=tuple(_outputs(node)),
        parameters=_parameters(name, node),
        after=tuple(sorted(set(node.upstream_nodes) - {item.source.step for item in inputs})),
        node=NodeRef(
            ir=text_of(node),
            deployment=text_of(own),
            pipeline=ir.pipeline_info.id,
            executor=_class_of(name, runner_utils.extract_executor_spec(own, name)),
            driver=_class_of(name, runner_utils.extract_custom_driver_spec(own, name)),
            told=_told(node, runner_utils.extract_executor_spec(own, name)),
            is_late=name in late or bool(dynamic) or _is_resolved(node, ir.pipeline_info.id),
            dynamic=dynamic,
        ),
    )


def _of_node(deployment: Any, name: str, wanted: str) -> Any:
    """Give what a deployment says of one node, under the name that is wanted."""
    own = local_deployment_config_pb2.LocalDeploymentConfig()
    for field in ("executor_specs", "custom_driver_specs", "node_level_platform_configs"):
        if name in getattr(deployment, field):
            getattr(own, field)[wanted].CopyFrom(getattr(deployment, field)[name])
    return own


def renamed_deployment(step: StepSpec, wanted: str) -> str:
    """Give how a component is launched, for a step of another name."""
    assert step.node is not None
    deployment = local_deployment_config_pb2.LocalDeploymentConfig.FromString(
        base64.b64decode(step.node.deployment)
    )
    return text_of(_of_node(deployment, step.name, wanted))


def text_of(message: Any) -> str:
    """Write a proto as a spec holds it."""
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode()


def _class_of(name: str, spec: Any) -> str:
    """Give the class that an executable spec names; raises DefinitionError for one that is no class."""
    if spec is None:
        return ""
    if not isinstance(spec, _CLASSES):
        raise DefinitionError(
            f"component {name} runs in a container, which zencache does not launch; "
            "KubeflowV2DagRunner can, or LocalDagRunner where Docker is there"
        )
    return str((spec.python_executor_spec if hasattr(spec, "python_executor_spec") else spec).class_path)


def _is_resolved(node: Any, pipeline: str) -> bool:
    """Say whether TFX has to look for what feeds a node: resolver functions, other pipelines, past runs."""
    specs = [spec for spec in node.inputs.inputs.values() if not spec.static_inputs.artifact_ids]
    return bool(node.inputs.input_graphs) or not all(
        spec.channels and all(_producer(c, pipeline) for c in spec.channels) for spec in specs
    )


def _inputs(node: Any, pipeline: str) -> Iterator[InputSpec]:
    """List what feeds a node: an input that is a union of channels has several sources."""
    for key, spec in sorted(node.inputs.inputs.items()):
        for channel in spec.channels if not (spec.hidden or key.startswith("_")) else ():
            if producer := _producer(channel, pipeline):
                source = OutputRef(step=producer, output=channel.output_key)
                yield InputSpec(name=key, type=channel.artifact_query.type.name, source=source)


def _producer(channel: Any, pipeline: str) -> str:
    """Name the node of this run that makes what a channel holds; empty where it is not one."""
    kinds = {q.type.name: q.name.field_value.string_value for q in channel.context_queries}
    if "pipeline_run" not in kinds or kinds.get(PIPELINE_CONTEXT) != pipeline:
        return ""
    return str(channel.producer_node_query.id or kinds.get(NODE_CONTEXT, "").removeprefix(f"{pipeline}."))


def _is_dynamic(value: Any) -> bool:
    """Say whether a property is known only in a run: computed from inputs, or the run's name."""
    is_run = value.runtime_parameter.name == constants.PIPELINE_RUN_ID_PARAMETER_NAME
    return bool(value.HasField("placeholder") or is_run)


def _told(node: Any, executor: Any) -> dict[str, str]:
    """List what bears on a result beside properties and inputs."""
    texts = (
        {"executor flags": to_text(list(executor.extra_flags))}
        if getattr(executor, "extra_flags", ())
        else {}
    )
    for key, output in sorted(node.outputs.outputs.items()):
        spec = output.artifact_spec
        for properties in (spec.additional_properties, spec.additional_custom_properties):
            texts |= {f"{key}.{name}": to_text(str(value)) for name, value in sorted(properties.items())}
    return texts


def _outputs(node: Any) -> Iterator[OutputSpec]:
    for key, spec in sorted(node.outputs.outputs.items()):
        yield OutputSpec(name=key, type=spec.artifact_spec.type.name)


def _parameters(name: str, node: Any) -> dict[str, str]:
    """Give the execution properties as values; those computed when the node runs are not there yet."""
    texts: dict[str, str] = {}
    for key, value in sorted(node.parameters.parameters.items()):
        kind = value.WhichOneof("value")
        if _is_dynamic(value):
            continue
        if kind == "runtime_parameter" and value.runtime_parameter.HasField("default_value"):
            texts[key] = to_text(_plain(value.runtime_parameter.default_value))
        elif kind == "runtime_parameter":
            raise DefinitionError(
                f"component {name}: its {key} is the runtime parameter {value.runtime_parameter.name}, "
                "which has no default; give it a value: run(pipeline, runtime_parameters={…})"
            )
        elif kind == "field_value":
            texts[key] = to_text(_plain(value.field_value))
    return texts


def _plain(value: Any) -> str | int | float:
    return getattr(value, value.WhichOneof("value"))  # type: ignore[no-any-return]
