"""Exit handlers: components that run after a pipeline, whether it succeeded or failed."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from tfx import v1 as tfx
from tfx.orchestration.kubeflow.decorators import FinalStatusStr
from tfx.proto.orchestration import pipeline_pb2

from zencache.model.values import to_text
from zencache_tfx.node_specs import text_of

if TYPE_CHECKING:
    from zencache.model.specs import StepSpec


def exit_pipeline(pipeline: tfx.dsl.Pipeline, handler: Any) -> tfx.dsl.Pipeline:
    """Give a TFX pipeline of the exit handler alone, recorded beside the one that it comes after."""
    info = pipeline.pipeline_info
    return tfx.dsl.Pipeline(
        f"{info.pipeline_name}.exit",
        info.pipeline_root,
        components=[handler],
        metadata_connection_config=pipeline.metadata_connection_config,
    )


def with_status(step: StepSpec, handler: Any, run: str, error: BaseException | None) -> StepSpec:
    """Give the handler's step with the run's status, as JSON, in each `FinalStatusStr` parameter."""
    assert step.node is not None
    status: dict[str, Any] = {"state": "FAILED" if error else "SUCCEEDED", "pipelineJobResourceName": run}
    status |= {"error": {"message": str(error)}} if error else {}
    text = json.dumps(status)
    status_parameters = [
        name for name, value in handler.exec_properties.items() if isinstance(value, FinalStatusStr)
    ]
    node = pipeline_pb2.PipelineNode.FromString(base64.b64decode(step.node.ir))
    for name in status_parameters:
        node.parameters.parameters[name].field_value.string_value = text
    return step.replaced(
        node=step.node.replaced(ir=text_of(node)),
        parameters={**step.parameters, **dict.fromkeys(status_parameters, to_text(text))},
    )
