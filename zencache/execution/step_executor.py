"""The one generic TFX executor: loads a step's inputs, calls its function, stores its outputs."""

from __future__ import annotations

import inspect
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

from tfx.dsl.components.base import base_executor
from tfx.orchestration.portable import outputs_utils
from tfx.proto.orchestration import execution_result_pb2

from zencache.execution.computing import compute
from zencache.execution.processes import Computed, Pool, Task, Unavailable
from zencache.execution.recording import FAILED, keep_failure
from zencache.execution.tasks import RunContext, StepEvent, StepResult, running
from zencache.execution.values import load, readable
from zencache.execution.watched import Watched
from zencache.graph.context import StepContext
from zencache.graph.specs import StepBody
from zencache.graph.types import module_name
from zencache.policy import CachePolicy
from zencache.stores.artifacts import holding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.graph.specs import StepSpec
    from zencache.stores.records import ArtifactRecord
    from zencache.watch.seen import Seen


class StepExecutor(base_executor.BaseExecutor):  # type: ignore[misc]
    """Runs the function of the step that its execution properties name."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> Any:  # noqa: ARG002, N802 - TFX's interface
        """Run the step; what it raises is kept for the user and recorded as TFX records a failure."""
        run = running(self._context.pipeline_run_id)
        body = run.bodies[exec_properties["zencache_step"]]
        assert isinstance(body, StepBody)
        result = execution_result_pb2.ExecutorOutput()
        try:
            done = _run(run, body, output_dict)
        except BaseException as error:  # noqa: BLE001 - also Ctrl-C and SystemExit end a step, not the worker
            for made in output_dict.values():
                run.runs.metadata.artifacts.forget_work(made[0].uri)
            keep_failure(run, body.spec.name, error)
            result.execution_result.code = FAILED
            result.execution_result.result_message = "".join(traceback.format_exception(error))
            return result
        run.results[body.spec.name] = StepResult(body.spec.name, "executed", done.outputs)
        for name, record in done.outputs.items():
            _note_content(output_dict[name][0], record)
        outputs_utils.populate_output_artifact(result, output_dict)
        result.execution_properties["zencache_seconds"].double_value = done.seconds
        if done.seen is not None:
            result.execution_properties["zencache_seen"].string_value = done.seen.to_json()
            _tell(run, body.spec, done.seen)
        return result


def _run(run: RunContext, body: StepBody, output_dict: Any) -> Computed:
    """Compute a step: in a process of its own where the run has some, else in this thread."""
    uris = {name: made[0].uri for name, made in output_dict.items()}
    folders = {name: str(run.runs.metadata.artifacts.work(uri)) for name, uri in uris.items()}
    context = StepContext(run.spec.name, run.handle.name, body.spec.name, folders)
    if run.pool is not None:
        found = _elsewhere(run.pool, run, body, context, uris)
        if isinstance(found, Computed):
            return found
        text = f"step {body.spec.name} is computed in this process, a worker process cannot: {found.reason}"
        run.report(StepEvent(body.spec.name, "note", text=text))
    return _here(run, body, context, uris)


def _elsewhere(
    pool: Pool, run: RunContext, body: StepBody, context: StepContext, uris: Mapping[str, str]
) -> Computed | Unavailable:
    is_scripts = inspect.unwrap(body.function).__module__ == "__main__"
    if is_scripts and run.spec.by_name[body.spec.name].code.snapshot is None:
        return Unavailable("its code holds something that cannot be pickled")
    return pool.compute(_task(run, body, context, uris))


def _task(run: RunContext, body: StepBody, context: StepContext, uris: Mapping[str, str]) -> Task:
    keys, step = run.planner.keys, body.spec.name
    spec, policy = run.spec.by_name[step], keys.policy(body.spec)
    return Task(
        project=run.project,
        spec=spec,
        load=run.load_body,
        policy=CachePolicy(watch=policy.watch, env=policy.env),
        inputs=readable(run.inputs(spec), body.input_types),
        context=context,
        uris=uris,
        code=keys.code(step).digest,
        classes=run.parts[step].classes,
        script=(module_name("__main__"), getattr(sys.modules["__main__"], "__file__", None)),
    )


def _here(run: RunContext, body: StepBody, context: StepContext, uris: Mapping[str, str]) -> Computed:
    started = time.perf_counter()
    keys, step = run.planner.keys, body.spec.name
    taken = readable(run.inputs(body.spec), body.input_types)
    policy = keys.policy(body.spec)
    watched = Watched(step, policy, run.project, keys.digests, keys.code(step), keys.modules)
    with holding():
        inputs = {n: load(artifact, run.runs.metadata) for n, artifact in taken.items()}
        run.threads[step] = threading.get_ident()
        try:
            outputs = compute(body, inputs, context, uris, run.project, watched)
        finally:
            run.threads.pop(step, None)
    return Computed(outputs, time.perf_counter() - started, watched.seen())


def _note_content(made: Any, record: ArtifactRecord) -> None:
    """Note on TFX's artifact what it holds."""
    made.set_string_custom_property("zencache_digest", record.digest)
    made.set_int_custom_property("zencache_size", record.size)
    made.set_string_custom_property("zencache_type", record.value_type)
    made.set_string_custom_property("zencache_materializer", record.materializer)
    for name, value in record.said.items():
        setattr(made, name, value)


def _tell(run: RunContext, step: StepSpec, found: Seen) -> None:
    """Tell the user what cannot be followed, unless an earlier execution of the step told so already."""
    told = run.told | run.planner.told(step) if found.notes else set()
    for note in found.notes:
        if note not in told:
            run.report(StepEvent(step.name, "note", text=note))
    run.told.update(found.notes)
