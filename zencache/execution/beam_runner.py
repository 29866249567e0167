"""Runs the steps of a run that must run, as a Beam graph on the DirectRunner in this process."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import fn_runner

from zencache.execution import tfx_filesystems
from zencache.execution.compiler import CompiledPipeline
from zencache.execution.execute_step import execute_step
from zencache.execution.run_registry import ActiveRun, activated, active_run
from zencache.execution.schedule import StepSchedule
from zencache.execution.tfx_sdk import quiet
from zencache.execution.thread_state import ThreadState
from zencache.execution.workers.pool import Pool
from zencache.planning.component_body import resolvers_before
from zencache.tracking.audit_events import between_steps
from zencache.util.interruptions import throw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zencache.execution.run_context import RunContext, RunState

_GRACE = 10  # seconds for interrupted steps to record their failure


def execute(run: RunContext, state: RunState) -> None:
    """Run the steps that have no result in `state` yet; a failing one stops only what depends on it."""
    todo = _todo(run, state)
    schedule = StepSchedule(todo, {name: step.takes or 0.0 for name, step in run.plan.steps.items()})
    workers = 1 if schedule.is_chain else min(run.workers, len(todo))
    is_timed = any(run.spec.by_name[name].tries.timeout for name in todo)
    pool = Pool() if is_timed or run.worker_kind == "processes" else None
    work = functools.partial(_work, run, state, schedule, CompiledPipeline(run), ThreadState.of_this_thread())
    roots = {run.root_of(step) for step in run.spec.steps if step.node is None}
    with quiet(), tfx_filesystems.reaching(roots, run.project):
        _run_graph(ActiveRun(run, state, pool, work), workers)


def _todo(run: RunContext, state: RunState) -> dict[str, frozenset[str]]:
    """Give the steps that have no result yet, each to the others of them that it waits for."""
    resolvers = resolvers_before(run.spec)
    return {
        step.name: (step.waits_for | resolvers[step.name]) - state.results.keys()
        for step in run.spec.steps
        if step.name not in state.results
    }


def _work(
    run: RunContext,
    state: RunState,
    schedule: StepSchedule,
    compiled: CompiledPipeline,
    libraries: ThreadState,
) -> Iterator[str]:
    """Execute steps one after the other, each as soon as it is ready; several workers share a schedule."""
    libraries.take_over()
    for step in schedule:
        with between_steps():
            execute_step(run, state, step, compiled)
        yield step


class _Worker(beam.DoFn):  # type: ignore[misc]
    """Does the work of one worker of a run; the elements are the workers' numbers."""

    def __init__(self, run_name: str) -> None:
        self._run_name = run_name

    def process(self, number: tuple[int, Any]) -> Iterator[str]:  # noqa: ARG002 - workers differ by it alone
        yield from active_run(self._run_name).work()


def _run_graph(active: ActiveRun, workers: int) -> None:
    """Run a Beam graph of workers; they are grouped by number, so that each has a thread of its own."""
    # DirectRunner would look for the Prism engine first, which is another process and a download; this is
    # its own engine, in this process. With one worker it runs in the main thread. Its mode "multi_threading"
    # would put a gRPC server between the same threads.
    options = PipelineOptions([], direct_num_workers=workers, direct_running_mode="in_memory")
    with activated(active):  # until interrupted steps have ended: their executors ask for the run
        try:
            with beam.Pipeline(runner=fn_runner.FnApiRunner(), options=options) as graph:
                numbers = graph | beam.Create([(n, None) for n in range(workers)], reshuffle=False)
                worker = _Worker(active.context.handle.name)
                _ = numbers | beam.GroupByKey() | "run steps" >> beam.ParDo(worker)
        except KeyboardInterrupt:
            _interrupt(active)
            raise
        finally:
            if active.pool is not None:
                active.pool.close()


def _interrupt(active: ActiveRun) -> None:
    """End the steps that run in other threads, and wait until their failure is recorded."""
    state = active.state
    state.interrupted.set()
    if active.pool is not None:
        active.pool.kill()
    deadline = time.monotonic() + _GRACE
    while state.threads and time.monotonic() < deadline:
        for thread in list(state.threads.values()):
            throw(thread, KeyboardInterrupt)
        time.sleep(0.1)
