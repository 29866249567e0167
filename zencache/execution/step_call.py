"""Computes a step: calls its function and stores what it returns. Nothing here imports TFX or Beam."""

from __future__ import annotations

import copy
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.errors import ParameterError
from zencache.execution.function_call import call, event_loop
from zencache.execution.tfx_sdk import load_beam
from zencache.execution.value_io import check_outputs, store
from zencache.model.output_places import filled
from zencache.model.secrets import missing_secrets_message
from zencache.planning.secret_digests import lacking

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from zencache.config import Project
    from zencache.execution.step_tracking import StepTracking
    from zencache.model.records import ArtifactRecord
    from zencache.model.step_context import StepContext
    from zencache.planning.bodies import FunctionBody


_OWN_CODE = str(Path(__file__).parent)


def compute(
    body: FunctionBody,
    inputs: Mapping[str, Any],
    context: StepContext,
    uris: Mapping[str, str],
    project: Project,
    tracking: StepTracking | None = None,
    trace: AbstractContextManager[object] | None = None,
) -> dict[str, ArtifactRecord]:
    """Call a step's function with loaded inputs, and store what it returns at the uris of its outputs.

    `tracking` and `trace` observe the function alone.
    """
    if missing := lacking(body.spec, body):
        raise ParameterError(f"step {body.spec.name}: {missing_secrets_message(missing)}")
    arguments = filled(copy.deepcopy(dict(body.arguments)), inputs)
    with ExitStack() as stack:
        for name, kind in body.injected.items():
            arguments[name] = context if kind == "context" else stack.enter_context(beam_pipeline(project))
        if tracking is not None:
            tracking.takes(arguments.values())
        loop = stack.enter_context(event_loop(body.function))
        with tracking or nullcontext(), trace or nullcontext():
            returned = call(body.function, arguments, loop)
        if tracking is not None:
            tracking.gives(returned)
    chosen = {output.name: output.materializer for output in body.spec.outputs}
    return {
        name: store(
            value,
            uris[name],
            name,
            project,
            where=f"output {name} of step {body.spec.name}",
            chosen=chosen.get(name),
        )
        for name, value in check_outputs(body, returned).items()
    }


def from_step(error: BaseException) -> BaseException:
    """Cut an exception's traceback to begin at the step's own function, if it has such a frame."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(_OWN_CODE):
        frame = frame.tb_next
    return error if frame is None else error.with_traceback(frame)


def beam_pipeline(project: Project) -> Any:
    """Make a Beam pipeline on the runner that the project's settings name, or else in this process."""
    apache_beam = load_beam()
    from apache_beam.options.pipeline_options import PipelineOptions  # noqa: PLC0415 - imports Beam

    args = list(project.settings.beam_pipeline_args)
    named = any(arg.startswith("--runner") for arg in args)
    return apache_beam.Pipeline(runner=None if named else "FnApiRunner", options=PipelineOptions(args))
