"""What feeds a native component: its node in TFX's IR, and the inputs that TFX resolves."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tfx.dsl.compiler import constants, placeholder_utils
from tfx.orchestration.portable import data_types, inputs_utils, runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2

from zencache.execution.step_inputs import StepInputs
from zencache.execution.tfx_launcher import connection
from zencache.metadata.schema import NODE_CONTEXT, PIPELINE_CONTEXT
from zencache.model.specs import indexed, key_and_index

if TYPE_CHECKING:
    from zencache.execution.run_context import RunContext
    from zencache.model.specs import StepSpec


def node_of(spec: StepSpec, run: RunContext) -> Any:
    """Give a component's node (`PipelineNode`) as part of a run, under the names that it has there."""
    assert spec.node is not None
    node = pipeline_pb2.PipelineNode.FromString(base64.b64decode(spec.node.ir))
    _rename(node, spec, run.spec.name)
    bindings = {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run.handle.name}
    runtime_parameter_utils.substitute_runtime_parameter(node, bindings)
    node.execution_options.caching_options.enable_cache = False
    node.ClearField("downstream_nodes")
    return node


def _rename(node: Any, spec: StepSpec, pipeline: str) -> None:
    """Give a node, and the queries for its inputs, the names of the pipeline that it runs in."""
    assert spec.node is not None
    compiled = spec.node.pipeline
    node.node_info.id = spec.name
    queries = [q for each in node.inputs.inputs.values() for c in each.channels for q in c.context_queries]
    for context in (*node.contexts.contexts, *queries):
        value = context.name.field_value
        if context.type.name == PIPELINE_CONTEXT and value.string_value == compiled:
            value.string_value = pipeline
        elif context.type.name == NODE_CONTEXT and value.string_value.startswith(f"{compiled}."):
            value.string_value = pipeline + value.string_value.removeprefix(compiled)
    for context in node.contexts.contexts:
        if context.type.name == NODE_CONTEXT:
            context.name.field_value.string_value = f"{pipeline}.{spec.name}"


def resolve_by_tfx(run: RunContext, spec: StepSpec, node: Any) -> StepInputs | None:
    """Have TFX resolve inputs and compute properties from them; None if a condition does not hold.

    Raises TFX's `InputResolutionError` if TFX finds no artifacts.
    """
    resolved = inputs_utils.resolve_input_artifacts(pipeline_node=node, metadata_handle=connection(run))
    if isinstance(resolved, inputs_utils.Skip):
        return None
    artifacts_by_key = resolved[0]
    ids = {indexed(key, n): a.id for key, each in artifacts_by_key.items() for n, a in enumerate(each)}
    records = run.records.metadata.artifact_records.with_digests(sorted(set(ids.values())))
    artifacts = {name: replace(records[number], name=name) for name, number in ids.items()}
    hidden = {key for key, each in node.inputs.inputs.items() if each.hidden or key.startswith("_")}
    return StepInputs(
        {name: artifact for name, artifact in artifacts.items() if key_and_index(name)[0] not in hidden},
        {name: artifact for name, artifact in artifacts.items() if key_and_index(name)[0] in hidden},
        _computed_properties(run, spec, node, artifacts_by_key),
    )


def _computed_properties(run: RunContext, spec: StepSpec, node: Any, artifacts_by_key: Any) -> dict[str, Any]:
    """Compute the properties of a node that depend on its inputs."""
    assert spec.node is not None
    context = placeholder_utils.ResolutionContext(
        exec_info=data_types.ExecutionInfo(
            input_dict={key: list(artifacts) for key, artifacts in artifacts_by_key.items()},
            pipeline_node=node,
            pipeline_info=pipeline_pb2.PipelineInfo(id=run.spec.name),
            pipeline_run_id=run.handle.name,
        )
    )
    computed = inputs_utils.resolve_dynamic_parameters(node.parameters, context)
    filled_in = {
        name: node.parameters.parameters[name].field_value
        for name in spec.node.dynamic
        if name not in computed
    }
    values = {name: getattr(value, value.WhichOneof("value")) for name, value in filled_in.items()}
    return {**computed, **values}
