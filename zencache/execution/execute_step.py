"""The execute loop: reuses, computes or skips one step of a run, a function or a native component."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Protocol

from zencache.execution.component_launcher import ComponentLauncher
from zencache.execution.function_launcher import FunctionLauncher
from zencache.execution.recompute_damaged import recompute_damaged_inputs
from zencache.execution.record_outcome import reuse
from zencache.execution.run_context import CONDITION_NOT_MET, StepEvent, StepResult
from zencache.execution.single_flight import single_flight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.execution.compiler import CompiledPipeline
    from zencache.execution.run_context import RunContext, RunState, Status, What
    from zencache.execution.step_inputs import StepInputs
    from zencache.model.specs import StepSpec
    from zencache.planning import PlannedStep

_EVENT_OF: Mapping[Status, What] = {
    "executed": "finished",
    "cached": "finished",
    "failed": "failed",
    "skipped": "skipped",
}
_RECOMPUTATIONS = 10  # how often a step is tried again after damaged inputs were recomputed, each time others


class Launcher(Protocol):
    """What differs between a function and a native component."""

    def resolve_inputs(self) -> StepInputs | None:
        """Give what feeds the step; None if a condition leaves it out."""

    def launch(self, planned: PlannedStep, inputs: StepInputs) -> None:
        """Compute the step, record it, and write how it ended to the run's results."""


def execute_step(run: RunContext, state: RunState, step: str, compiled: CompiledPipeline) -> None:
    """Reuse, compute or skip one step, whose upstream steps have ended, and write its result to `state`."""
    spec = run.spec.by_name[step]
    if _is_skipped(run, state, spec):
        return
    started = time.perf_counter()
    run.report(StepEvent(step, "started"))
    used = _attempt(run, state, spec, compiled)
    for _ in range(_RECOMPUTATIONS):
        if not _is_tried_again(run, state, spec, used, compiled):
            break
        used = _attempt(run, state, spec, compiled)
    result = state.results[step]
    seconds = time.perf_counter() - started
    run.report(StepEvent(step, _EVENT_OF[result.status], seconds, result.error, result.reason))


def _is_skipped(run: RunContext, state: RunState, spec: StepSpec) -> bool:
    """Skip a step if the run was interrupted, a condition says so, or an upstream step has no result."""
    if any(state.results[name].status == "failed" for name in spec.runs_after if name in state.results):
        state.skip(spec.name)
        run.report(StepEvent(spec.name, "skipped"))
        return True
    is_condition = spec.node is None and any(state.results[name].is_condition for name in spec.upstream)
    if not (state.interrupted.is_set() or is_condition or not spec.upstream <= state.outputs(spec).keys()):
        return False
    state.skip(spec.name, is_condition=is_condition)
    text = "it needs what a condition left out" if is_condition else ""
    run.report(StepEvent(spec.name, "skipped", text=text))
    return True


def _is_tried_again(
    run: RunContext,
    state: RunState,
    spec: StepSpec,
    used: Mapping[str, StepResult],
    compiled: CompiledPipeline,
) -> bool:
    """Recompute the damaged inputs that made a step fail; False if there are none, or that fails."""
    execute = partial(execute_step, run, state, compiled=compiled)
    try:
        return recompute_damaged_inputs(run, state, spec, used, execute)
    except Exception as error:  # noqa: BLE001 - as in `_attempt`
        state.results[spec.name] = StepResult(spec.name, "failed", error=error)
        return False


def _attempt(
    run: RunContext, state: RunState, spec: StepSpec, compiled: CompiledPipeline
) -> dict[str, StepResult]:
    """Reuse or compute a step; an error becomes its result. Gives the upstream results that it began with."""
    used = {name: state.results[name] for name in spec.upstream}
    try:
        _reuse_or_compute(run, state, spec, _launcher_of(run, state, spec, compiled))
    except KeyboardInterrupt:  # raised while it waits, for example; Beam would turn it into another error
        state.interrupted.set()
        state.results.setdefault(spec.name, StepResult(spec.name, "skipped"))
    except Exception as error:  # noqa: BLE001 - an error in one step must not stop the others
        result = state.results.get(spec.name)
        if result is None or result.status in ("executed", "cached"):
            state.results[spec.name] = StepResult(spec.name, "failed", error=error)
    return used


def _launcher_of(run: RunContext, state: RunState, spec: StepSpec, compiled: CompiledPipeline) -> Launcher:
    if spec.node is not None:
        return ComponentLauncher(run, state, spec)
    return FunctionLauncher(run, state, spec, compiled)


def _reuse_or_compute(run: RunContext, state: RunState, spec: StepSpec, launcher: Launcher) -> None:
    """Decide about a step now that its inputs are known, and again if gc collects the hit meanwhile."""
    inputs = launcher.resolve_inputs()
    if inputs is None:
        state.skip(spec.name, CONDITION_NOT_MET, is_condition=True)
        return
    decide = partial(run.planner.decide_one, spec, inputs.artifacts, inputs.computed)
    while True:
        with single_flight(run, state, spec.name, decide) as planned:
            if planned is None:
                state.skip(spec.name)
                return
            if planned.hit is None:
                launcher.launch(planned, inputs)
                return
            if reuse(run, state, planned, inputs):
                return
