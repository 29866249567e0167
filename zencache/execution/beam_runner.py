"""Runs what must run as a Beam graph on the DirectRunner; each node by TFX's stock launcher."""

from __future__ import annotations

import functools
import threading
import time
from typing import TYPE_CHECKING, Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import fn_runner
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher

from zencache.execution import run_context, tfx_filesystems
from zencache.execution.compiler import compile_pipeline
from zencache.execution.mlmd_connection import Connection
from zencache.execution.outcomes import properties, reuse
from zencache.execution.recompute_damaged import mended
from zencache.execution.run_context import RunContext, StepEvent, StepResult
from zencache.execution.schedule import Schedule
from zencache.execution.single_flight import alone
from zencache.execution.tfx_launcher import fix_inputs, run_node, tie_to_key
from zencache.execution.tfx_sdk import quiet
from zencache.execution.timeout import throw
from zencache.execution.workers.pool import Pool
from zencache.planning.components import resolvers_before
from zencache.tracking.audit_events import between_steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zencache.model.records import ArtifactRecord
    from zencache.model.specs import StepSpec
    from zencache.planning import PlannedStep


def execute(run: RunContext) -> Mapping[str, StepResult]:
    """Run the steps that are not published as hits yet; a failing one stops only what depends on it."""
    planned = run.plan.steps
    waits = resolvers_before(run.spec)
    todo = {
        step.name: (step.upstream | waits[step.name]) - run.results.keys()
        for step in run.spec.steps
        if step.name not in run.results
    }
    schedule = Schedule(todo, {name: step.takes or 0.0 for name, step in planned.items()})
    workers = 1 if schedule.is_chain else min(run.workers, len(todo))
    timed = any(run.spec.by_name[name].tries.timeout for name in todo)
    run.pool = Pool() if timed or run.worker_kind == "processes" else None
    roots = {run.root_of(step) for step in run.spec.steps if step.node is None}
    with quiet(), tfx_filesystems.reaching(roots, run.project):
        _run_graph(run, _Nodes(run), schedule, workers)
    return run.results


class _Nodes:
    """TFX's IR of a run's own steps, by node, made when one runs; kept beside the run, as a Beam element is only a number."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._lock = threading.Lock()

    @functools.cached_property
    def _ir(self) -> Any:
        return compile_pipeline(self._run.spec, self._run.bodies, self._run.project, self._run.handle.name)

    @property
    def ir(self) -> Any:
        """The intermediate representation (`pipeline_pb2.Pipeline`)."""
        with self._lock:
            return self._ir

    @property
    def info(self) -> Any:
        return self.ir.pipeline_info

    @property
    def runtime(self) -> Any:
        return self.ir.runtime_spec

    @functools.cached_property
    def deployment(self) -> Any:
        return runner_utils.extract_local_deployment_config(self.ir)

    def node(self, name: str) -> Any:
        """Give a copy of a step's node."""
        [found] = [n.pipeline_node for n in self.ir.nodes if n.pipeline_node.node_info.id == name]
        copy = type(found)()
        copy.CopyFrom(found)
        return copy


_graphs: dict[str, tuple[_Nodes, Schedule]] = {}
_MENDS = 10  # attempts at a step whose inputs turn out to be damaged, each time others


class _Worker(beam.DoFn):  # type: ignore[misc]
    """Runs steps, one after the other, each as soon as it may."""

    def __init__(self, run_name: str) -> None:
        self._run_name = run_name

    def process(self, number: tuple[int, Any]) -> Iterator[str]:  # noqa: ARG002 - workers differ by it
        run = run_context.running(self._run_name)
        nodes, schedule = _graphs[self._run_name]
        for step in schedule:
            with between_steps():
                run_step(run, step, nodes)
            yield step


def _run_graph(run: RunContext, nodes: _Nodes, schedule: Schedule, workers: int) -> None:
    """Run a Beam graph of workers that take steps from a schedule: grouped by number, each has a thread of its own."""
    # DirectRunner would look for the Prism engine first, which is another process and a download; this is
    # its own engine, in this process. With one worker it runs in the main thread. Its mode "multi_threading"
    # would put a gRPC server between the same threads.
    options = PipelineOptions([], direct_num_workers=workers, direct_running_mode="in_memory")
    run_context.register(run)
    _graphs[run.handle.name] = (nodes, schedule)
    try:
        with beam.Pipeline(runner=fn_runner.FnApiRunner(), options=options) as graph:
            numbers = graph | beam.Create([(n, None) for n in range(workers)], reshuffle=False)
            _ = numbers | beam.GroupByKey() | "run steps" >> beam.ParDo(_Worker(run.handle.name))
    except KeyboardInterrupt:
        interrupt(run)
        raise
    finally:
        run_context.unregister(run)
        _graphs.pop(run.handle.name, None)
        if run.pool is not None:
            run.pool.close()


def interrupt(run: RunContext) -> None:
    """Have the steps that run in other threads end, and wait until their failure is recorded."""
    run.interrupted.set()
    if run.pool is not None:
        run.pool.kill()
    deadline = time.monotonic() + 10
    while run.threads and time.monotonic() < deadline:
        for thread in list(run.threads.values()):
            throw(thread, KeyboardInterrupt)
        time.sleep(0.1)


def run_step(run: RunContext, step: str, graph: _Nodes) -> None:
    """Run, reuse or skip one step, whose upstream steps have ended."""
    spec = run.spec.by_name[step]
    left_out = spec.node is None and any(run.results[name].is_condition for name in spec.upstream)
    if run.interrupted.is_set() or left_out or not spec.upstream <= run.outputs(spec).keys():
        run.results[step] = StepResult(step, "skipped", is_condition=left_out)
        run.report(StepEvent(step, "skipped", text="it needs what a condition left out" if left_out else ""))
        return
    started = time.perf_counter()
    run.report(StepEvent(step, "started"))
    _try(run, spec, graph)
    for _ in range(_MENDS):
        try:
            if not mended(run, spec, lambda source: run_step(run, source, graph)):
                break
        except Exception as error:  # noqa: BLE001 - as in `_try`
            run.results[step] = StepResult(step, "failed", error=error)
            break
        _try(run, spec, graph)
    result = run.results[step]
    what = {"executed": "finished", "cached": "finished"}.get(result.status, result.status)
    run.report(StepEvent(step, what, time.perf_counter() - started, result.error, result.reason))  # type: ignore[arg-type]


def _try(run: RunContext, spec: StepSpec, graph: _Nodes) -> None:
    step = spec.name
    try:
        if spec.node is not None:
            run_node(run, spec)
        else:
            _run_own(run, spec, graph)
    except KeyboardInterrupt:  # while it waits, say: Beam would make another error of it
        run.interrupted.set()
        run.results.setdefault(step, StepResult(step, "skipped"))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong with one step must not stop the others
        if step not in run.results or run.results[step].status in ("executed", "cached"):
            run.results[step] = StepResult(step, "failed", error=error)


def _run_own(run: RunContext, spec: StepSpec, graph: _Nodes) -> None:
    inputs = run.inputs(spec)
    is_decided = False
    while not is_decided:
        with alone(run, spec.name, lambda: run.planner.decide([spec], run.outputs(spec))[0]) as planned:
            if planned is not None and planned.hit is not None:
                is_decided = reuse(run, planned, inputs)
                continue
            is_decided = True
            if planned is None:
                run.results[spec.name] = StepResult(spec.name, "skipped")
            else:
                _launch(run, planned, inputs, graph)


def _launch(
    run: RunContext, planned: PlannedStep, inputs: Mapping[str, ArtifactRecord], graph: _Nodes
) -> None:
    """Have TFX's launcher run a node, tied to its cache key."""
    assert planned.parts is not None
    node = graph.node(planned.name)
    tie_to_key(node, planned.parts.key)
    fix_inputs(node, inputs)
    run.parts[planned.name] = planned.parts
    for name, value in properties(run, planned).items():
        node.parameters.parameters[name].field_value.string_value = value or ""
    runtime = type(graph.runtime)()
    runtime.CopyFrom(graph.runtime)
    runtime.pipeline_root.field_value.string_value = run.root_of(run.spec.by_name[planned.name])
    info = launcher.Launcher(
        pipeline_node=node,
        mlmd_connection=Connection(run.runs.metadata),
        pipeline_info=graph.info,
        pipeline_runtime_spec=runtime,
        executor_spec=runner_utils.extract_executor_spec(graph.deployment, planned.name),
    ).launch()
    _adopt(run, planned, info.execution_id)


def _adopt(run: RunContext, planned: PlannedStep, execution_id: int) -> None:
    """Make a finished execution its key's newest, and take its artifacts as MLMD numbered them."""
    assert planned.parts is not None
    result = run.results[planned.name]
    if result.status != "executed":
        return
    [record] = run.runs.metadata.executions_by_id([execution_id])
    run.results[planned.name] = StepResult(planned.name, "executed", record.outputs, execution=execution_id)
    run.runs.remember(planned.parts.key, run.spec.by_name[planned.name].identity, execution_id)
