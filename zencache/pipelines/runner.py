"""The route of `pipeline.run()`: plan, publish the hits, compute what is left, tell the user."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from zencache import config
from zencache.errors import ArtifactError, ParameterError, RunInterruptedError, StepFailedError
from zencache.execution import example_spans
from zencache.execution.engine import load_engine
from zencache.execution.run_context import RunContext, StepEvent, StepResult
from zencache.execution.value_io import load
from zencache.metadata.session import open_others
from zencache.model.names import check_name
from zencache.model.records import CachedStep, CollectedError
from zencache.model.secrets import how_to_give
from zencache.pipelines.console import OVERRIDE, Printer, seconds_text
from zencache.pipelines.run import PipelineRun
from zencache.pipelines.snapshots import load_body, with_snapshots
from zencache.planning import KeyMaker, Planner
from zencache.planning.components import resolvers_before
from zencache.planning.secret_digests import lacking, sealed
from zencache.signing import check_signing, seal_of
from zencache.tracking.file_digests import FileDigests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zencache.config import Project, WorkerKind
    from zencache.metadata.session import Records
    from zencache.model.records import RunHandle
    from zencache.model.specs import PipelineSpec
    from zencache.pipelines.partial_run import Part
    from zencache.planning import RunPlan
    from zencache.planning.bodies import Body
    from zencache.policy import CachePolicy
    from zencache.steps.step import Step

    Replan = Callable[[], tuple[RunPlan, list[CachedStep]]]

_NO_FOLDER = re.compile(r"^\W|[^\w .:+@=-]")
_LONGEST = 120  # characters of a pipeline's name in a run's; TFX has no limit of its own


def create_project() -> Project:
    """Make a project in the working folder, and say so: nobody asked for it."""
    project = config.create_project(Path.cwd())
    print(f"Created a zencache project in {project.folder}.", flush=True)  # noqa: T201 - the lines are the product
    return project


def default_run_name(pipeline: str) -> str:
    """Name a run by its pipeline and the time; TFX makes a folder of that name, whatever the pipeline's is.

    >>> default_run_name("../flow").startswith("_._flow-")
    True
    """
    return f"{_NO_FOLDER.sub('_', pipeline)[:_LONGEST]}-{datetime.now().astimezone():%d_%h_%y-%H_%M_%S_%f}"


def make_planner(
    spec: PipelineSpec,
    bodies: Mapping[str, Body],
    records: Records | None,
    enable_cache: bool | None,
    others: Sequence[Records] = (),
    *,
    create: bool = False,
) -> Planner:
    """Make the planner of a run, or of a dry run before there is a store; `others` are asked where it knows no result.

    `create`: whether a key for secrets is made where there is none.
    """
    project = records.project if records else None
    settings = project.settings if project else config.Settings()
    seal = seal_of(project, create=create)
    spec = sealed(spec, bodies, seal)
    keys = KeyMaker(
        spec,
        bodies,
        root=project.root if project else Path.cwd(),
        digests=records.digests if records else FileDigests(None),
        load=lambda artifact: load(artifact, records.metadata) if records else None,
        find_spans=example_spans.matched,
        project=settings.cache,
        seal=seal,
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
    name = check_name("run", run_name) if run_name else default_run_name(spec.name)
    check_signing(records.project)
    printer = Printer(len(spec.steps))
    _announce(printer, spec, records.project.settings.cache, enable_cache)
    planner = make_planner(spec, bodies, records, enable_cache, create=True)
    spec = with_snapshots(planner.spec, steps, records.project, planner.keys.code, planner.keys.redacted)
    replan = partial(_planned, planner, spec, records, part)
    handle, plan, hits = _begun(partial(records.runs.begin, spec, name), records, replan, started)
    if plan.all_hits:
        _tell_hits(printer, hits)
    else:
        context = _context(records, handle, planner, plan, hits, printer, workers, worker_kind)
        _compute(context, hits, replan, started, printer)
    printer.line(f"Pipeline run {handle.name} has finished in {seconds_text(time.perf_counter() - started)}.")
    return _recorded(records, handle)


def _check_secrets(planner: Planner, plan: RunPlan) -> None:
    """Raise ParameterError before anything runs for secrets that steps need and nobody gave."""
    spec, bodies = planner.spec, planner.keys.bodies
    runs = [step.name for step in plan.steps.values() if step.action == "run"]
    missing = {n: value for step in runs for n, value in lacking(spec.by_name[step], bodies[step]).items()}
    if missing:
        raise ParameterError(f"pipeline {spec.name}: {how_to_give(missing)}")


def _begun(
    begin: Callable[[], RunHandle], records: Records, replan: Replan, started: float
) -> tuple[RunHandle, RunPlan, list[CachedStep]]:
    """Plan a run, and publish it if it is all hits; once more where one was collected, or found damaged, meanwhile."""
    handle: RunHandle | None = None
    for _ in range(_ATTEMPTS):
        with suppress(ArtifactError):
            plan, hits = replan()
            handle = handle or begin()
            if plan.all_hits:
                records.runs.publish(handle, hits, finished=time.perf_counter() - started)
            return handle, plan, hits
        handle = handle and records.runs.begun(handle)
    return handle or begin(), *replan()


def _planned(
    planner: Planner, spec: PipelineSpec, records: Records, part: Part | None
) -> tuple[RunPlan, list[CachedStep]]:
    plan = _owned(planner.plan(), planner, records)
    plan = part.planned(plan, spec, records) if part else plan
    _check_secrets(planner, plan)
    return plan, _hits(spec, plan, {} if part else resolvers_before(spec))


_ATTEMPTS = 10  # each fails on a result that is no hit any more in the next


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
        results=_known(plan, hits),
    )


def _known(plan: RunPlan, hits: list[CachedStep]) -> dict[str, StepResult]:
    """Give the results of the steps that need not run."""
    left_out = [name for name, planned in plan.steps.items() if planned.action == "skip"]
    return {
        **{name: StepResult(name, "skipped", is_condition=True) for name in left_out},
        **{h.spec.name: StepResult(h.spec.name, "cached", h.hit.outputs, execution=h.hit.id) for h in hits},
    }


def _compute(
    context: RunContext, hits: list[CachedStep], replan: Replan, started: float, printer: Printer
) -> None:
    """Run what is left, record how the run ended, and raise what a step raised."""
    context.handle = context.runs.open(replace(context.handle, root=context.root))
    name, status = context.handle.name, "failed"
    try:
        status = _execute(context, hits, replan, printer)
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
        failed = [result for result in context.results.values() if result.status == "failed"]
        _raise(name, failed, context.planner.keys.redacted)


def _execute(context: RunContext, hits: list[CachedStep], replan: Replan, printer: Printer) -> str:
    """Publish the hits, run the rest, and give the run's status."""
    try:
        _tell_hits(printer, _publish(context, hits, replan))
        if len(context.results) < len(context.spec.steps):
            with printer.display():
                load_engine().execute(context)
    except KeyboardInterrupt:
        return "interrupted"
    if context.interrupted.is_set():
        return "interrupted"
    return "failed" if any(result.status == "failed" for result in context.results.values()) else "completed"


def _publish(context: RunContext, hits: list[CachedStep], replan: Replan) -> list[CachedStep]:
    """Publish the hits of a run that goes on, and give them; where one was collected meanwhile, those of another plan."""
    for _ in range(_ATTEMPTS):
        with suppress(ArtifactError):
            if hits:
                context.runs.publish(context.handle, hits)
            return hits
        context.plan, hits = replan()
        context.results = _known(context.plan, hits)
    raise CollectedError([hit.spec.name for hit in hits])


def _raise(run_name: str, failed: list[StepResult], redacted: Callable[[str], str]) -> None:
    """Raise what the first failing step raised; the traceback that is shown first is the step's own."""
    first = failed[0]
    assert first.error is not None
    said = redacted(str(first.error))
    raise StepFailedError.of(first.step, run_name, first.error, said) from first.error


def _recorded(records: Records, handle: RunHandle) -> PipelineRun:
    found = records.runs.run(handle.name)
    assert found is not None
    return PipelineRun(found, records)
