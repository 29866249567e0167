"""The one generic TFX executor: loads a step's inputs, calls its function, stores its outputs."""

from __future__ import annotations

import copy
import threading
import time
import traceback
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfx.dsl.components.base import base_executor
from tfx.orchestration.portable import outputs_utils
from tfx.proto.orchestration import execution_result_pb2

from zencache.errors import RunInterruptedError
from zencache.execution import watched
from zencache.execution.aside import beam_pipeline
from zencache.execution.tasks import RunContext, StepResult, running
from zencache.execution.values import check_outputs, load, store
from zencache.graph.context import StepContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.graph.specs import StepBody
    from zencache.stores.records import ArtifactRecord
    from zencache.watch.seen import Seen

_FAILED = 13  # google.rpc.Code.INTERNAL, what TFX writes for an executor that raised


class StepExecutor(base_executor.BaseExecutor):  # type: ignore[misc]
    """Runs the function of the step that its execution properties name."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> Any:  # noqa: ARG002, N802 - TFX's interface
        """Run the step; what it raises is kept for the user and recorded as TFX records a failure."""
        run = running(self._context.pipeline_run_id)
        body = run.bodies[exec_properties["zencache_step"]]
        result = execution_result_pb2.ExecutorOutput()
        try:
            seconds, records, seen = _run(run, body, output_dict)
        except BaseException as error:  # noqa: BLE001 - also Ctrl-C and SystemExit end a step, not the worker
            _keep_failure(run, body.spec.name, error)
            result.execution_result.code = _FAILED
            result.execution_result.result_message = "".join(traceback.format_exception(error))
            return result
        run.results[body.spec.name] = StepResult(body.spec.name, "executed", records)
        outputs_utils.populate_output_artifact(result, output_dict)
        result.execution_properties["zencache_seconds"].double_value = seconds
        if seen is not None:
            result.execution_properties["zencache_seen"].string_value = seen.to_json()
            watched.tell(run, body.spec, seen)
        return result


def _run(
    run: RunContext, body: StepBody, output_dict: Any
) -> tuple[float, dict[str, ArtifactRecord], Seen | None]:
    started = time.perf_counter()
    arguments = {**copy.deepcopy(dict(body.arguments)), **_inputs(run, body)}
    uris = {name: made[0].uri for name, made in output_dict.items()}
    with ExitStack() as stack:
        for name, kind in body.injected.items():
            arguments[name] = (
                _context(run, body, uris)
                if kind == "context"
                else stack.enter_context(beam_pipeline(run.project))
            )
        run.threads[body.spec.name] = threading.get_ident()
        try:
            returned, memories = watched.call(run, body, arguments)
        finally:
            run.threads.pop(body.spec.name, None)
    values = check_outputs(body, returned)
    records = {name: _store(run, body, name, value, output_dict[name][0]) for name, value in values.items()}
    seconds = time.perf_counter() - started
    return seconds, records, None if memories is None else watched.seen(run, body.spec, memories)


def _inputs(run: RunContext, body: StepBody) -> dict[str, Any]:
    outputs = run.outputs()
    return {
        item.name: load(outputs[item.source.step][item.source.output], run.runs.metadata)
        for item in body.spec.inputs
    }


def _context(run: RunContext, body: StepBody, uris: Mapping[str, str]) -> StepContext:
    return StepContext(run.spec.name, run.handle.name, body.spec.name, uris)


def _store(run: RunContext, body: StepBody, name: str, value: Any, made: Any) -> ArtifactRecord:
    """Store one output, and note on TFX's artifact what it holds."""
    where = f"output {name} of step {body.spec.name}"
    record = store(value, made.uri, name, where=where, allow_pickle=run.project.settings.allow_pickle)
    made.set_string_custom_property("zencache_digest", record.digest)
    made.set_int_custom_property("zencache_size", record.size)
    made.set_string_custom_property("zencache_type", record.value_type)
    made.set_string_custom_property("zencache_materializer", record.materializer)
    return record


def _keep_failure(run: RunContext, step: str, error: BaseException) -> None:
    """Keep a step's exception, its traceback cut to begin at the step's own function."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(str(Path(__file__).parent)):
        frame = frame.tb_next
    if frame is not None:
        error = error.with_traceback(frame)
    if isinstance(error, KeyboardInterrupt):
        run.interrupted.set()
        error = RunInterruptedError(f"step {step} was interrupted")
    run.results[step] = StepResult(step, "failed", error=error)
