"""The one generic TFX executor: loads a step's inputs, calls its function, stores its outputs."""

from __future__ import annotations

import inspect
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfx.dsl.components.base import base_executor
from tfx.orchestration.portable import outputs_utils
from tfx.proto.orchestration import execution_result_pb2

from zencache.artifacts.read_cache import holding
from zencache.execution.outcomes import FAILED, keep_failure
from zencache.execution.retries import Trying, interruptible
from zencache.execution.run_context import RunContext, StepEvent, StepResult, running
from zencache.execution.step_call import compute
from zencache.execution.step_tracking import Watched
from zencache.execution.timeout import time_limit
from zencache.execution.value_io import load, readable
from zencache.execution.workers.pool import Computed, Raised, Task, Unavailable
from zencache.model.step_context import StepContext
from zencache.model.types import module_name
from zencache.planning.bodies import FunctionBody
from zencache.planning.secret_digests import secret_parameters
from zencache.policy import CachePolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.model.records import ArtifactRecord
    from zencache.model.specs import StepSpec
    from zencache.tracking.observed_inputs import Seen


class StepExecutor(base_executor.BaseExecutor):  # type: ignore[misc]
    """Runs the function of the step that its execution properties name."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> Any:  # noqa: ARG002, N802 - TFX's interface
        """Run the step; what it raises is kept for the user and recorded as TFX records a failure."""
        run = running(self._context.pipeline_run_id)
        body = run.bodies[exec_properties["zencache_step"]]
        assert isinstance(body, FunctionBody)
        result = execution_result_pb2.ExecutorOutput()
        trying = _trying(run, body, output_dict)
        try:
            done = trying()
        except BaseException as error:  # noqa: BLE001 - also Ctrl-C and SystemExit end a step, not the worker
            for made in output_dict.values():
                run.runs.metadata.artifacts.forget_work(made[0].uri)
            keep_failure(run, body.spec.name, error)
            result.execution_result.code = FAILED
            text = "".join(traceback.format_exception(error))
            result.execution_result.result_message = run.planner.keys.redacted(text)
            if trying.number > 1:  # TFX records no properties of an execution that failed
                execution = int(Path(self._context.get_tmp_path()).name)
                run.runs.note(execution, {"zencache_attempts": trying.number})
            return result
        run.results[body.spec.name] = StepResult(body.spec.name, "executed", done.outputs)
        for name, record in done.outputs.items():
            _note_content(output_dict[name][0], record)
        outputs_utils.populate_output_artifact(result, output_dict)
        result.execution_properties["zencache_seconds"].double_value = done.seconds
        if trying.number > 1:
            result.execution_properties["zencache_attempts"].int_value = trying.number
        if done.seen is not None:
            result.execution_properties["zencache_seen"].string_value = done.seen.to_json()
            _tell(run, body.spec, done.seen)
        return result


def _trying(run: RunContext, body: FunctionBody, output_dict: Any) -> Trying:
    uris = {name: made[0].uri for name, made in output_dict.items()}
    folders = {name: run.runs.metadata.artifacts.work(uri) for name, uri in uris.items()}
    told = {name: str(folder) for name, folder in folders.items()}
    context = StepContext(run.spec.name, run.handle.name, body.spec.name, told)
    spec = run.spec.by_name[body.spec.name]
    return Trying(run, spec, list(folders.values()), _Attempt(run, body, context, uris, spec))


@dataclass
class _Attempt:
    """Computes a step once: in a process of its own where the run or its timeout wants that, else in this thread."""

    run: RunContext
    body: FunctionBody
    context: StepContext
    uris: Mapping[str, str]
    """Where its outputs are to be."""
    spec: StepSpec
    """As it is recorded."""
    is_here: bool = False
    """Whether it turned out that no other process can compute it."""

    def __call__(self) -> Computed | Raised:
        limit = self.spec.tries.timeout
        if not self.is_here and (limit is not None or self.run.worker_kind == "processes"):
            found = self._elsewhere(limit)
            if not isinstance(found, Unavailable):
                return found
            self.is_here = True
            self._tell_that_it_is_here(found.reason, limit)
        return _here(self.run, self.body, self.context, self.uris, limit)

    def _elsewhere(self, limit: float | None) -> Computed | Unavailable | Raised:
        is_scripts = inspect.unwrap(self.body.function).__module__ == "__main__"
        if is_scripts and self.spec.code.snapshot is None:
            return Unavailable("its code holds something that cannot be pickled")
        assert self.run.pool is not None
        return self.run.pool.compute(_task(self.run, self.body, self.context, self.uris), limit)

    def _tell_that_it_is_here(self, reason: str, limit: float | None) -> None:
        step = self.spec.name
        text = f"step {step} is computed in this process, a worker process cannot: {reason}"
        if limit is not None:
            text += "; so its timeout cannot end a call that waits outside of Python"
        self.run.report(StepEvent(step, "note", text=text))


def _task(run: RunContext, body: FunctionBody, context: StepContext, uris: Mapping[str, str]) -> Task:
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
        secrets=secret_parameters(spec, body),
    )


def _here(
    run: RunContext, body: FunctionBody, context: StepContext, uris: Mapping[str, str], limit: float | None
) -> Computed | Raised:
    started = time.perf_counter()
    keys, step = run.planner.keys, body.spec.name
    policy = keys.policy(body.spec)
    watched = Watched(step, policy, run.project, keys.digests, keys.code(step), keys.modules)
    try:
        with holding(), interruptible(run, step), time_limit(step, limit):
            taken = readable(run.inputs(body.spec), body.input_types)
            inputs = {n: load(artifact, run.runs.metadata) for n, artifact in taken.items()}
            outputs = compute(body, inputs, context, uris, run.project, watched)
    except Exception as error:  # noqa: BLE001 - a step may raise anything
        return Raised(error, watched.seen())
    except BaseException:
        watched.forget()
        raise
    return Computed(outputs, time.perf_counter() - started, watched.seen())


def _note_content(made: Any, record: ArtifactRecord) -> None:
    """Note on TFX's artifact what it holds."""
    made.set_string_custom_property("zencache_digest", record.digest)
    made.set_int_custom_property("zencache_size", record.size)
    made.set_string_custom_property("zencache_type", record.value_type)
    made.set_string_custom_property("zencache_materializer", record.materializer)
    if record.signature:
        made.set_string_custom_property("zencache_signature", record.signature)
    for name, value in record.said.items():
        setattr(made, name, value)


def _tell(run: RunContext, step: StepSpec, found: Seen) -> None:
    """Tell the user what cannot be followed, unless an earlier execution of the step told so already."""
    told = run.told | run.planner.told(step) if found.notes else set()
    for note in found.notes:
        if note not in told:
            run.report(StepEvent(step.name, "note", text=note))
    run.told.update(found.notes)
