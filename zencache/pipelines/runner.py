"""The route of `pipeline.run()`: plan, publish the hits, compute the other steps, print what happens."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from zencache import config
from zencache.errors import (
    ArtifactError,
    MaterializerError,
    ParameterError,
    RunInterruptedError,
    StepFailedError,
    text_of,
)
from zencache.execution.run_context import RunContext, RunState, StepEvent, StepResult
from zencache.execution.value_io import load
from zencache.metadata.session import open_others
from zencache.model.names import check_name
from zencache.model.records import CachedStep, CollectedError
from zencache.model.secrets import missing_secrets_message
from zencache.model.types import type_name
from zencache.pipelines.console import OVERRIDE, Printer, seconds_text
from zencache.pipelines.run import PipelineRun
from zencache.pipelines.snapshots import load_body, with_snapshots
from zencache.planning import KeyMaker, Planner
from zencache.planning.bodies import FunctionBody
from zencache.planning.component_body import resolvers_before
from zencache.planning.secret_digests import lacking, sealed
from zencache.signing import check_signing, seal_of
from zencache.tracking.file_digests import FileDigests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zencache.config import Project, WorkerKind
    from zencache.metadata.session import ProjectRecords
    from zencache.model.records import RunHandle
    from zencache.model.specs import PipelineSpec
    from zencache.pipelines.partial_run import PartialRun
    from zencache.planning import RunPlan
    from zencache.planning.bodies import Body
    from zencache.planning.example_files import Matched
    from zencache.policy import CachePolicy
    from zencache.steps.step import Step

_NO_FOLDER = re.compile(r"^\W|[^\w .:+@=-]")
_LONGEST = 120  # characters of a pipeline's name in a run's; TFX has no limit of its own
_PLANS = 10  # attempts to publish a plan's hits: gc may collect one of them, and the next plan is without it


def create_project() -> Project:
    """Make a project in the working folder, and print so: the user did not ask for it."""
    project = config.create_project(Path.cwd())
    print(f"Created a zencache project in {project.folder}.", flush=True)  # noqa: T201 - a product line
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
    records: ProjectRecords | None,
    enable_cache: bool | None,
    others: Sequence[ProjectRecords] = (),
    *,
    create: bool = False,
) -> Planner:
    """Make the planner of a run, or of a dry run before there is a store.

    `others` are searched for results that `records` lacks. `create` makes a key for secrets if there is none.
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
        find_spans=_find_spans,
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
        likely=records.versions.last_used(spec) if records else (),
    )


def run(
    spec: PipelineSpec,
    bodies: Mapping[str, Body],
    steps: Mapping[str, Step],
    records: ProjectRecords,
    *,
    enable_cache: bool | None,
    run_name: str | None,
    workers: int | None,
    worker_kind: WorkerKind | None,
    part: PartialRun | None = None,
) -> PipelineRun:
    """Run a pipeline; see `Pipeline.run`."""
    started = time.perf_counter()
    # Read by TensorFlow's C++ side when a step imports it; a user's own value stays.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    name = check_name("run", run_name) if run_name else default_run_name(spec.name)
    if workers is not None and workers < 1:
        raise ParameterError(f"workers={workers} runs nothing; write how many steps run at once: 1, 2, …")
    check_signing(records.project)
    printer = Printer(len(spec.steps))
    _print_start(printer, spec, records.project.settings.cache, enable_cache)
    planner = make_planner(spec, bodies, records, enable_cache, create=True)
    spec = with_snapshots(planner.spec, steps, records.project, planner.keys.code, planner.keys.redacted)
    make_plan = partial(_planned, planner, spec, records, part)
    handle, planned = _begin(partial(records.runs.begin, spec, name), records, make_plan, started)
    if planned.plan.all_hits:
        _print_hits(printer, planned.hits)
    else:
        settings = records.project.settings
        rest = _Rest(
            records,
            planner,
            make_plan,
            printer,
            workers or settings.workers,
            worker_kind or settings.worker_kind,
        )
        rest.compute(handle, planned, started)
    printer.line(f"Pipeline run {handle.name} has finished in {seconds_text(time.perf_counter() - started)}.")
    return _recorded(records, handle)


def _print_start(
    printer: Printer, spec: PipelineSpec, project: CachePolicy | None, enable_cache: bool | None
) -> None:
    flags = [spec.enable_cache, *(policy.enabled for policy in (spec.policy, project) if policy)]
    is_off = next((flag for flag in flags if flag is not None), True) is False
    printer.line(f"Creating run for pipeline: {spec.name}")
    printer.line(f"Cache {'disabled' if is_off else 'enabled'} for pipeline {spec.name}")
    printer.line(f"Using stack default to run pipeline {spec.name}...")
    if enable_cache is not None:
        printer.line(OVERRIDE.format(enable_cache))


def _print_hits(printer: Printer, hits: Sequence[CachedStep]) -> None:
    for hit in hits:
        printer.event(StepEvent(hit.spec.name, "started"))
        printer.event(StepEvent(hit.spec.name, "cached"))
        printer.event(StepEvent(hit.spec.name, "finished", hit.seconds))


def _recorded(records: ProjectRecords, handle: RunHandle) -> PipelineRun:
    record = records.runs.find(handle.name)
    assert record is not None
    return PipelineRun(record, records)


# -- planning, and a run that is all hits ---------------------------------------------------------


class _Planned(NamedTuple):
    plan: RunPlan
    hits: list[CachedStep]
    """The plan's hits, as they are to be published."""

    def results(self) -> dict[str, StepResult]:
        """Give the results of the steps that need not run."""
        left_out = [name for name, step in self.plan.steps.items() if step.action == "skip"]
        cached = [
            StepResult(hit.spec.name, "cached", hit.hit.outputs, execution=hit.hit.id) for hit in self.hits
        ]
        return {
            **{name: StepResult(name, "skipped", is_condition=True) for name in left_out},
            **{result.step: result for result in cached},
        }


def _begin(
    begin: Callable[[], RunHandle], records: ProjectRecords, make_plan: Callable[[], _Planned], started: float
) -> tuple[RunHandle, _Planned]:
    """Plan a run, and publish it if it is all hits; plan again if gc collected a hit, or one is damaged."""
    handle: RunHandle | None = None
    for _ in range(_PLANS):
        with suppress(ArtifactError):
            planned = make_plan()
            handle = handle or begin()
            if planned.plan.all_hits:
                records.results.publish(handle, planned.hits, finished=time.perf_counter() - started)
            return handle, planned
        handle = handle and records.runs.with_context(handle)
    return handle or begin(), make_plan()


def _planned(
    planner: Planner, spec: PipelineSpec, records: ProjectRecords, part: PartialRun | None
) -> _Planned:
    plan = _with_imported_hits(planner.plan(), planner, records)
    plan = part.planned(plan, spec, records) if part else plan
    _check_secrets(planner, plan)
    if not plan.all_hits and not records.project.settings.allow_pickle:
        _check_output_types(planner, plan)
    return _Planned(plan, _hits(spec, plan, {} if part else resolvers_before(spec)))


def _with_imported_hits(plan: RunPlan, planner: Planner, records: ProjectRecords) -> RunPlan:
    """Import the hits that are in other stores of the project, so that all hits are in this one."""
    steps = {
        name: replace(
            step,
            hit=records.results.import_result(step.hit, planner.spec.by_name[name].identity, planner.others),
        )
        if step.hit and step.hit.database != records.project.database
        else step
        for name, step in plan.steps.items()
    }
    return replace(plan, steps=steps)


def _check_secrets(planner: Planner, plan: RunPlan) -> None:
    """Raise ParameterError before anything runs if a step that runs lacks the value of a secret."""
    spec, bodies = planner.spec, planner.keys.bodies
    runs = [step.name for step in plan.steps.values() if step.action == "run"]
    missing = {n: value for step in runs for n, value in lacking(spec.by_name[step], bodies[step]).items()}
    if missing:
        raise ParameterError(f"pipeline {spec.name}: {missing_secrets_message(missing)}")


def _check_output_types(planner: Planner, plan: RunPlan) -> None:
    """Raise MaterializerError before anything runs if nothing stores an output's declared type."""
    from zencache.materializers.output_types import refusal  # noqa: PLC0415 - not if all steps are hits

    for planned in plan.steps.values():
        body = planner.keys.bodies[planned.name]
        if planned.action not in ("run", "wait") or not isinstance(body, FunctionBody):
            continue
        chosen = {output.name for output in body.spec.outputs if output.materializer}
        for name, kind in body.output_types.items():
            if name not in chosen and (why := refusal(kind)):
                raise MaterializerError(
                    f"output {name} of step {planned.name} is declared {type_name(kind)}. {why}"
                )


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


# -- a run that computes something ----------------------------------------------------------------


@dataclass(frozen=True)
class _Rest:
    """Computes what a plan leaves to be computed."""

    records: ProjectRecords
    planner: Planner
    make_plan: Callable[[], _Planned]
    printer: Printer
    workers: int
    worker_kind: WorkerKind

    def compute(self, handle: RunHandle, planned: _Planned, started: float) -> None:
        """Run the steps, record how the run ended, and raise what a step raised."""
        runs = self.records.runs
        handle = runs.open(replace(handle, root=self.records.metadata.artifacts.root()))
        state, status = RunState(planned.results()), "failed"
        try:
            status = self._execute(handle, planned, state)
        finally:
            seconds = time.perf_counter() - started
            runs.finish(handle, status, seconds, state.used_executions)
            if status != "completed":
                ended = "was interrupted" if status == "interrupted" else "has failed"
                self.printer.line(f"Pipeline run {handle.name} {ended} after {seconds_text(seconds)}.")
        self._raise_unless_completed(handle.name, status, state)

    def _execute(self, handle: RunHandle, planned: _Planned, state: RunState) -> str:
        """Publish the hits, run the other steps, and give the run's status."""
        try:
            planned = self._publish(handle, planned, state)
            _print_hits(self.printer, planned.hits)
            if len(state.results) < len(handle.spec.steps):
                with self.printer.display():
                    from zencache.execution.engine import load_engine  # noqa: PLC0415 - a cached run needs none

                    load_engine().execute(self._context(handle, planned.plan), state)
        except KeyboardInterrupt:
            return "interrupted"
        if state.interrupted.is_set():
            return "interrupted"
        return "failed" if state.failed else "completed"

    def _publish(self, handle: RunHandle, planned: _Planned, state: RunState) -> _Planned:
        """Publish the hits and give their plan; plan again if gc collected one of them."""
        for _ in range(_PLANS):
            with suppress(ArtifactError):
                if planned.hits:
                    self.records.results.publish(handle, planned.hits)
                return planned
            planned = self.make_plan()
            state.restart(planned.results())
        raise CollectedError([hit.spec.name for hit in planned.hits])

    def _context(self, handle: RunHandle, plan: RunPlan) -> RunContext:
        return RunContext(
            project=self.records.project,
            spec=handle.spec.ordered(plan.order),
            bodies=self.planner.keys.bodies,
            plan=plan,
            planner=self.planner,
            records=self.records,
            handle=handle,
            report=self.printer.event,
            workers=self.workers,
            worker_kind=self.worker_kind,
            load_body=load_body,
        )

    def _raise_unless_completed(self, name: str, status: str, state: RunState) -> None:
        """Raise what the first failing step raised; the traceback that is shown first is the step's own."""
        if status == "interrupted":
            raise RunInterruptedError(
                f"run {name} was interrupted; run the pipeline again and what has finished is reused "
                f"(`zencache run show {name}`)"
            )
        if status == "failed":
            [first, *_] = state.failed
            assert first.error is not None
            text = self.planner.keys.redacted(text_of(first.error))
            raise StepFailedError.of(first.step, name, first.error, text) from first.error


def _find_spans(properties: Mapping[str, Any]) -> Matched:
    from zencache.execution.example_spans import matched  # noqa: PLC0415 - only an `ExampleGen` with spans needs it

    return matched(properties)
