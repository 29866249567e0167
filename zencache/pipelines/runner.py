"""The route of `pipeline.run()`: plan, publish the hits, compute what is left, tell the user."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from zencache import config
from zencache.errors import RunInterruptedError, StepFailedError
from zencache.execution.tasks import RunContext, StepEvent, StepResult
from zencache.execution.tfx_sdk import load_engine
from zencache.execution.values import load
from zencache.imports import import_module
from zencache.pipelines.printing import OVERRIDE, Printer, seconds_text
from zencache.pipelines.records import open_others
from zencache.pipelines.run import PipelineRun
from zencache.pipelines.snapshots import load_body, with_snapshots
from zencache.planning import KeyMaker, Planner
from zencache.planning.nodes import resolvers_before
from zencache.stores.records import CachedStep
from zencache.watch.digests import FileDigests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zencache.config import Project, WorkerKind
    from zencache.graph.specs import PipelineSpec
    from zencache.pipelines.partial import Part
    from zencache.pipelines.records import Records
    from zencache.planning import RunPlan
    from zencache.planning.nodes import Body
    from zencache.policy import CachePolicy
    from zencache.steps.step import Step
    from zencache.stores.records import RunHandle


def create_project() -> Project:
    """Make a project in the working folder, and say so: nobody asked for it."""
    project = config.create_project(Path.cwd())
    print(f"Created a zencache project in {project.folder}.", flush=True)  # noqa: T201 - the lines are the product
    return project


def default_run_name(pipeline: str) -> str:
    """Name a run by its pipeline and the time."""
    return f"{pipeline}-{datetime.now().astimezone():%d_%h_%y-%H_%M_%S_%f}"


def make_planner(
    spec: PipelineSpec,
    bodies: Mapping[str, Body],
    records: Records | None,
    enable_cache: bool | None,
    others: Sequence[Records] = (),
) -> Planner:
    """Make the planner of a run, or of a dry run before there is a store; `others` are asked where it knows no result."""
    project = records.project if records else None
    settings = project.settings if project else config.Settings()
    keys = KeyMaker(
        spec,
        bodies,
        root=project.root if project else Path.cwd(),
        digests=records.digests if records else FileDigests(None),
        load=lambda artifact: load(artifact, records.metadata) if records else None,
        spans=lambda properties: import_module("zencache.execution.spans").matched(properties),
        project=settings.cache,
    )
    return Planner(
        spec,
        keys,
        records.metadata if records else None,
        enable_cache,
        settings.cache_precedence,
        others=[other.metadata for other in (open_others(records.project) if records else others)],
        likely=records.runs.likely(spec) if records else (),
    )


def run(
    spec: PipelineSpec,
    bodies: Mapping[str, Body],
    steps: Mapping[str, Step],
    records: Records,
    *,
    enable_cache: bool | None,
    run_name: str | None,
    workers: int | None,
    worker_kind: WorkerKind | None,
    part: Part | None = None,
) -> PipelineRun:
    """Run a pipeline; see `Pipeline.run`."""
    started = time.perf_counter()
    # Read by TensorFlow's C++ side when a step imports it; a user's own value stays.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    printer = Printer(len(spec.steps))
    _announce(printer, spec, records.project.settings.cache, enable_cache)
    planner = make_planner(spec, bodies, records, enable_cache)
    spec = with_snapshots(spec, steps, records.project, planner.keys.code)
    handle = records.runs.begin(spec, run_name or default_run_name(spec.name))
    plan = _owned(planner.plan(), planner, records)
    plan = part.planned(plan, spec, records) if part else plan
    hits = _hits(spec, plan, {} if part else resolvers_before(spec))
    _tell_hits(printer, hits)
    if plan.all_hits:
        records.runs.publish(handle, hits, finished=time.perf_counter() - started)
    else:
        context = _context(records, handle, planner, plan, hits, printer, workers, worker_kind)
        _compute(context, hits, started, printer)
    printer.line(f"Pipeline run {handle.name} has finished in {seconds_text(time.perf_counter() - started)}.")
    return _recorded(records, handle)


def _owned(plan: RunPlan, planner: Planner, records: Records) -> RunPlan:
    """Give a plan whose hits are all this store's: those of the project's other stores are brought here."""
    steps = {
        name: replace(
            step, hit=records.runs.own(step.hit, planner.spec.by_name[name].identity, planner.others)
        )
        if step.hit and step.hit.home != records.project.database
        else step
        for name, step in plan.steps.items()
    }
    return replace(plan, steps=steps)


def _announce(
    printer: Printer, spec: PipelineSpec, project: CachePolicy | None, enable_cache: bool | None
) -> None:
    said = [spec.enable_cache, *(policy.enabled for policy in (spec.policy, project) if policy)]
    off = next((flag for flag in said if flag is not None), True) is False
    printer.line(f"Creating run for pipeline: {spec.name}")
    printer.line(f"Cache {'disabled' if off else 'enabled'} for pipeline {spec.name}")
    printer.line(f"Using stack default to run pipeline {spec.name}...")
    if enable_cache is not None:
        printer.line(OVERRIDE.format(enable_cache))


def _hits(spec: PipelineSpec, plan: RunPlan, waits: Mapping[str, frozenset[str]]) -> list[CachedStep]:
    """Give the hits of a plan as they are to be published: their inputs are other hits' outputs.

    What comes after a resolver is left to the run: a resolver must not find what this run publishes.
    """
    outputs = {p.name: p.hit.outputs for p in plan.steps.values() if p.hit}
    hits = []
    for step in spec.steps:
        planned = plan.steps[step.name]
        if planned.hit is not None and not waits.get(step.name):
            key = planned.parts.key if planned.parts else planned.hit.key or ""
            inputs = step.fed(outputs) if planned.parts else planned.hit.inputs
            hits.append(CachedStep(step, planned.hit, key, planned.reason, inputs, planned.seconds))
    return hits


def _tell_hits(printer: Printer, hits: list[CachedStep]) -> None:
    for hit in hits:
        printer.event(StepEvent(hit.spec.name, "started"))
        printer.event(StepEvent(hit.spec.name, "cached"))
        printer.event(StepEvent(hit.spec.name, "finished", hit.seconds))


def _context(
    records: Records,
    handle: RunHandle,
    planner: Planner,
    plan: RunPlan,
    hits: list[CachedStep],
    printer: Printer,
    workers: int | None,
    worker_kind: WorkerKind | None,
) -> RunContext:
    settings = records.project.settings
    return RunContext(
        project=records.project,
        spec=handle.spec,
        bodies=planner.keys.bodies,
        plan=plan,
        planner=planner,
        runs=records.runs,
        handle=handle,
        report=printer.event,
        workers=workers or settings.workers,
        worker_kind=worker_kind or settings.worker_kind,
        load_body=load_body,
        root=records.metadata.artifacts.root(),
        results={
            **{
                n: StepResult(n, "skipped", is_condition=True)
                for n, p in plan.steps.items()
                if p.action == "skip"
            },
            **{
                h.spec.name: StepResult(h.spec.name, "cached", h.hit.outputs, execution=h.hit.id)
                for h in hits
            },
        },
    )


def _compute(context: RunContext, hits: list[CachedStep], started: float, printer: Printer) -> None:
    """Run what is left, record how the run ended, and raise what a step raised."""
    context.handle = context.runs.open(context.handle)
    name, status = context.handle.name, "failed"
    try:
        status = _execute(context, hits, printer)
    finally:
        seconds = time.perf_counter() - started
        used = [result.execution for result in context.results.values() if result.execution is not None]
        context.runs.finish(context.handle, status, seconds, used)
        if status != "completed":
            ended = "was interrupted" if status == "interrupted" else "has failed"
            printer.line(f"Pipeline run {name} {ended} after {seconds_text(seconds)}.")
    if status == "interrupted":
        raise RunInterruptedError(
            f"run {name} was interrupted; run the pipeline again and what has finished is reused "
            f"(`zencache run show {name}`)"
        )
    if status == "failed":
        _raise(name, [result for result in context.results.values() if result.status == "failed"])


def _execute(context: RunContext, hits: list[CachedStep], printer: Printer) -> str:
    """Publish the hits, run the rest, and give the run's status."""
    try:
        if hits:
            context.runs.publish(context.handle, hits)
        with printer.display():
            load_engine().execute(context)
    except KeyboardInterrupt:
        return "interrupted"
    if context.interrupted.is_set():
        return "interrupted"
    return "failed" if any(result.status == "failed" for result in context.results.values()) else "completed"


def _raise(run_name: str, failed: list[StepResult]) -> None:
    """Raise what the first failing step raised; the traceback that is shown first is the step's own."""
    first = failed[0]
    assert first.error is not None
    raise StepFailedError.of(first.step, run_name, first.error) from first.error


def _recorded(records: Records, handle: RunHandle) -> PipelineRun:
    found = records.runs.run(handle.name)
    assert found is not None
    return PipelineRun(found, records)
