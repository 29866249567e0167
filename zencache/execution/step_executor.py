"""The one generic TFX executor: makes the attempts at a step, and gives TFX what it records."""

from __future__ import annotations

import inspect
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfx.dsl.components.base import base_executor
from tfx.orchestration.portable import outputs_utils
from tfx.proto.orchestration import execution_result_pb2

from zencache.artifacts.kept_files import keep_copy
from zencache.artifacts.read_cache import keep_cached
from zencache.errors import traceback_text
from zencache.execution.attempt import Computed, Raised, Unavailable
from zencache.execution.record_outcome import FAILED, record_failure
from zencache.execution.retries import RetriedStep
from zencache.execution.run_context import RunContext, RunState, StepEvent
from zencache.execution.run_registry import ActiveRun, active_run
from zencache.execution.step_call import compute
from zencache.execution.step_tracking import FunctionTracking, reached_names
from zencache.execution.timeout import time_limit
from zencache.execution.value_io import load, readable
from zencache.execution.workers.task import Task
from zencache.metadata import schema
from zencache.model.step_context import StepContext
from zencache.model.types import module_name
from zencache.planning.bodies import FunctionBody
from zencache.planning.secret_digests import secret_parameters
from zencache.policy import CachePolicy
from zencache.tracking import ambient_state, generator_state
from zencache.tracking.notes import subject
from zencache.tracking.observed_inputs import place_of_write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.model.records import ArtifactRecord
    from zencache.model.specs import StepSpec
    from zencache.tracking.observed_inputs import Seen


class StepExecutor(base_executor.BaseExecutor):  # type: ignore[misc]
    """Computes the step that its execution properties name."""

    def Do(  # noqa: N802 - TFX's interface
        self,
        input_dict: Any,  # noqa: ARG002 - likewise
        output_dict: Any,
        exec_properties: Any,
    ) -> Any:
        """Compute the step; an error becomes its result, and is recorded as TFX records a failure."""
        active = active_run(self._context.pipeline_run_id)
        run, state = active.context, active.state
        body = run.bodies[exec_properties[schema.STEP]]
        assert isinstance(body, FunctionBody)
        retried = _retried(active, body, output_dict)
        try:
            computed = retried.compute()
        except BaseException as error:  # noqa: BLE001 - also Ctrl-C and SystemExit end a step, not the worker
            for artifacts in output_dict.values():
                run.records.metadata.artifacts.forget_work(artifacts[0].uri)
            record_failure(state, body.spec.name, error)
            if retried.attempts > 1:  # TFX records no properties of an execution that failed
                execution = int(Path(self._context.get_tmp_path()).name)
                run.records.results.note(execution, {schema.ATTEMPTS: retried.attempts})
            return _failure(run.planner.keys.redacted(traceback_text(error)))
        if computed.seen is not None:
            seen = _settled(run, state, body.spec, computed.seen)
            computed = replace(computed, seen=seen)
            _show_notes(run, state, body.spec, seen)
        return _success(computed, retried.attempts, output_dict)


def _failure(text: str) -> Any:
    output = execution_result_pb2.ExecutorOutput()
    output.execution_result.code = FAILED
    output.execution_result.result_message = text
    return output


def _success(computed: Computed, attempts: int, output_dict: Any) -> Any:
    output = execution_result_pb2.ExecutorOutput()
    for name, record in computed.outputs.items():
        _describe(output_dict[name][0], record)
    outputs_utils.populate_output_artifact(output, output_dict)
    output.execution_properties[schema.SECONDS].double_value = computed.seconds
    if attempts > 1:
        output.execution_properties[schema.ATTEMPTS].int_value = attempts
    if computed.seen is not None:
        output.execution_properties[schema.OBSERVED_INPUTS].string_value = computed.seen.to_json()
    return output


def _describe(artifact: Any, record: ArtifactRecord) -> None:
    """Write to TFX's artifact what its files hold."""
    artifact.set_string_custom_property(schema.DIGEST, record.digest)
    artifact.set_int_custom_property(schema.SIZE, record.size)
    artifact.set_string_custom_property(schema.VALUE_TYPE, record.value_type)
    artifact.set_string_custom_property(schema.MATERIALIZER, record.materializer)
    if record.signature:
        artifact.set_string_custom_property(schema.SIGNATURE, record.signature)
    for name, value in record.said.items():
        setattr(artifact, name, value)


def _settled(run: RunContext, state: RunState, step: StepSpec, seen: Seen) -> Seen:
    """Give what a step read and wrote beside the other steps of its run; keep copies of its files."""
    policy = run.planner.keys.policy(step)
    ancestors = run.spec.ancestors(step.name)
    metadata = run.records.metadata
    seen = state.written.settled(step.name, seen, state.cached, metadata, ancestors=ancestors, policy=policy)
    if policy.writes == "restore":
        for name, digest in seen.writes.items():
            keep_copy(run.project, place_of_write(seen, name, run.project.root), digest)
    return seen


def _show_notes(run: RunContext, state: RunState, step: StepSpec, seen: Seen) -> None:
    """Show what cannot be followed, unless an earlier execution of the step had the same note."""
    before = state.shown_notes | run.planner.notes_before(step) if seen.notes else set()
    shown = set(map(subject, before))
    for note in seen.notes:
        if subject(note) not in shown:
            run.report(StepEvent(step.name, "note", text=note))
    state.shown_notes.update(seen.notes)


# -- attempts -----------------------------------------------------------------------------------------


def _retried(active: ActiveRun, body: FunctionBody, output_dict: Any) -> RetriedStep:
    run, step = active.context, body.spec.name
    uris = {name: artifacts[0].uri for name, artifacts in output_dict.items()}
    folders = {name: run.records.metadata.artifacts.work(uri) for name, uri in uris.items()}
    shown = {name: str(folder) for name, folder in folders.items()}
    context = StepContext(run.spec.name, run.handle.name, step, shown)
    spec = run.spec.by_name[step]
    attempt = _Attempt(active, body, context, uris, spec)
    return RetriedStep(spec, attempt, list(folders.values()), active.state, run.report)


@dataclass
class _Attempt:
    """Computes a step once: in a worker process if the run or its timeout needs one, else in this thread."""

    active: ActiveRun
    body: FunctionBody
    context: StepContext
    uris: Mapping[str, str]
    """Output to where it is to be stored."""
    spec: StepSpec
    """As it is recorded."""
    must_be_here: bool = False
    """Whether it turned out that no worker process can compute it."""

    def __call__(self) -> Computed | Raised:
        limit = self.spec.tries.timeout
        wants_process = limit is not None or self.active.context.worker_kind == "processes"
        if wants_process and not self.must_be_here:
            outcome = self._in_worker_process(limit)
            if not isinstance(outcome, Unavailable):
                return outcome
            self.must_be_here = True
            self._report_that_it_is_here(outcome.reason, limit)
        return self._in_this_thread(limit)

    def _in_worker_process(self, limit: float | None) -> Computed | Unavailable | Raised:
        is_of_script = inspect.unwrap(self.body.function).__module__ == "__main__"
        if is_of_script and self.spec.code.snapshot is None:
            return Unavailable("its code holds something that cannot be pickled")
        assert self.active.pool is not None
        return self.active.pool.compute(self._task(), limit)

    def _report_that_it_is_here(self, reason: str, limit: float | None) -> None:
        step = self.spec.name
        text = f"step {step} is computed in this process, a worker process cannot: {reason}"
        if limit is not None:
            text += "; so its timeout cannot end a call that waits outside of Python"
        self.active.context.report(StepEvent(step, "note", text=text))

    def _task(self) -> Task:
        run, state, spec = self.active.context, self.active.state, self.spec
        policy = run.planner.keys.policy(self.body.spec)
        code = run.planner.keys.code(spec.name)
        return Task(
            project=run.project,
            spec=spec,
            load=run.load_body,
            policy=CachePolicy(
                watch=policy.watch, env=policy.env, packages=policy.packages, code=policy.code
            ),
            inputs=readable(state.step_inputs[spec.name], self.body.input_types),
            context=self.context,
            uris=self.uris,
            code=code.digest,
            classes=state.key_parts[spec.name].classes,
            script=(module_name("__main__"), getattr(sys.modules["__main__"], "__file__", None)),
            secrets=secret_parameters(spec, self.body),
            state={} if policy.watch is False else ambient_state.values(reached_names(code)),
            generators=generator_state.seeded_states(),
        )

    def _in_this_thread(self, limit: float | None) -> Computed | Raised:
        started = time.perf_counter()
        run, state, step = self.active.context, self.active.state, self.spec.name
        tracking = self._tracking()
        try:
            with keep_cached(), state.interruptible(step), time_limit(step, limit):
                artifacts = readable(state.step_inputs[step], self.body.input_types)
                inputs = {n: self._loaded(artifact) for n, artifact in artifacts.items()}
                outputs = compute(self.body, inputs, self.context, self.uris, run.project, tracking)
        except Exception as error:  # noqa: BLE001 - a step may raise anything
            return Raised(error, tracking.seen())
        except BaseException:
            tracking.forget()
            raise
        return Computed(outputs, time.perf_counter() - started, tracking.seen())

    def _loaded(self, artifact: ArtifactRecord) -> Any:
        """Load an input; an earlier run's result that cannot be loaded is dropped, to be computed again."""
        results = list(self.active.state.results.values())
        executed = (result for result in results if result.status == "executed")
        is_new = any(artifact.uri == each.uri for result in executed for each in result.outputs.values())
        return load(artifact, self.active.context.records.metadata, drop_unloadable=not is_new)

    def _tracking(self) -> FunctionTracking:
        run, state, keys = self.active.context, self.active.state, self.active.context.planner.keys
        code, policy = keys.code(self.spec.name), keys.policy(self.body.spec)
        types = [artifact.value_type for artifact in state.step_inputs[self.spec.name].values()]
        return FunctionTracking(self.body, policy, run.project, keys.digests, code, keys.modules, types)
