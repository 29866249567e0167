"""Runs a node with TFX's own launcher, tied to its cache key and to fixed inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher

from zencache.execution.mlmd_connection import Connection
from zencache.metadata.schema import KEY_CONTEXT
from zencache.model.specs import key_and_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.execution.run_context import RunContext
    from zencache.model.records import ArtifactRecord


def attach_key(node: Any, key: str) -> None:
    """Have TFX tie a node's execution and artifacts to the context of its cache key."""
    context = node.contexts.contexts.add()
    context.type.name = KEY_CONTEXT
    context.name.field_value.string_value = key


def fix_inputs(node: Any, inputs: Mapping[str, ArtifactRecord]) -> None:
    """Name the artifacts that feed a node: TFX would read all executions of the pipeline to find them."""
    for key in dict.fromkeys(key_and_index(name)[0] for name in inputs):
        node.inputs.inputs[key].ClearField("channels")
    for name, artifact in inputs.items():
        node.inputs.inputs[key_and_index(name)[0]].static_inputs.artifact_ids.append(artifact.id)


def launch_node(
    node: Any, run: RunContext, *, root: str, pipeline: Any, runtime: Any, deployment: Any
) -> Any:
    """Have TFX's launcher run a node below `root`; gives its `ExecutionInfo`, or None if TFX skips it."""
    name = node.node_info.id
    own_runtime = type(runtime)()
    own_runtime.CopyFrom(runtime)
    own_runtime.pipeline_root.field_value.string_value = root
    platform = deployment.node_level_platform_configs.get(name)
    return launcher.Launcher(
        pipeline_node=node,
        mlmd_connection=connection(run),
        pipeline_info=pipeline,
        pipeline_runtime_spec=own_runtime,
        executor_spec=runner_utils.extract_executor_spec(deployment, name),
        custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
        platform_config=getattr(platform, platform.WhichOneof("config")) if platform else None,
    ).launch()


def connection(run: RunContext) -> Connection:
    """Give TFX the run's connection to ML Metadata."""
    return Connection(run.records.metadata)
