"""A pipeline that can be planned, run, copied and compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from zencache import config
from zencache.errors import AlreadyExistsError, ImmutablePipelineError, ParameterError
from zencache.metadata.project_migration import migrate_if_needed
from zencache.metadata.session import open_others, open_records
from zencache.model.legacy_api import PORT, LegacyAttributes
from zencache.model.names import check_name
from zencache.pipelines import runner
from zencache.pipelines.run import PipelineRun
from zencache.pipelines.run_guard import check_not_dry
from zencache.pipelines.snapshots import load_bodies
from zencache.pipelines.versions import PipelineVersion
from zencache.planning.component_body import ComponentBody
from zencache.planning.secret_digests import with_secrets
from zencache.steps.step import BoundStep, Step
from zencache.steps.tfx_objects import is_component
from zencache.tracking.audit_events import between_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from zencache.config import WorkerKind
    from zencache.metadata.session import ProjectRecords
    from zencache.model.database import Database
    from zencache.model.specs import PipelineSpec
    from zencache.pipelines.partial_run import PartialRun
    from zencache.planning import RunPlan
    from zencache.planning.bodies import Body


class PipelineFunction(Protocol):
    """The function that made a pipeline; implemented by `PipelineDefinition`."""

    name: str
    entrypoint: Callable[..., Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Pipeline:
        """Make a pipeline with these steps and parameters."""


@dataclass(frozen=True, eq=False)
class PipelineParts:
    """A pipeline as data, and its live steps; a change replaces the value."""

    spec: PipelineSpec
    bodies: Mapping[str, Body]
    steps: Mapping[str, Step]
    call: tuple[PipelineFunction, Mapping[str, Any]] | None = None
    """The function that was called, and the arguments; None where it was made otherwise, or changed since."""


class Pipeline(LegacyAttributes):
    """Steps and how they are connected; made by calling a `@pipeline`, or found in the repository."""

    def __init__(
        self,
        spec: PipelineSpec,
        live: tuple[Mapping[str, Body], Mapping[str, Step]] | None = None,
        *,
        records: ProjectRecords | None = None,
        call: tuple[PipelineFunction, Mapping[str, Any]] | None = None,
        metadata: Database | None = None,
    ) -> None:
        """Make a pipeline: from the `records` that hold it, or with a separate MLMD database."""
        self._spec = spec
        self._parts = None if live is None else PipelineParts(spec, *live, call)
        self._records = records
        self._metadata = metadata
        self._immutable = records is not None

    @property
    def parts(self) -> PipelineParts:
        """Spec, bodies and steps; the code of a pipeline from the repository is loaded on first use."""
        if self._parts is None:
            assert self._records is not None
            self._parts = PipelineParts(self._spec, *load_bodies(self._spec, self._records.project))
        return self._parts

    @parts.setter
    def parts(self, parts: PipelineParts) -> None:
        self._spec, self._parts = parts.spec, parts

    def with_parts(self, parts: PipelineParts) -> Pipeline:
        """Give a pipeline that consists of other parts, and has its records where this one has them."""
        changed = Pipeline(
            parts.spec, (parts.bodies, parts.steps), records=self._records, metadata=self._metadata
        )
        changed._immutable = self._immutable
        return changed

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self._spec.name

    @property
    def spec(self) -> PipelineSpec:
        """The pipeline as data."""
        return self._spec

    @property
    def steps(self) -> Mapping[str, Step]:
        """The steps by their names in this pipeline."""
        return dict(self.parts.steps)

    # -- running ------------------------------------------------------------------------------

    def run(
        self,
        enable_cache: bool | None = None,
        run_name: str | None = None,
        *,
        workers: int | None = None,
        worker_kind: WorkerKind | None = None,
        from_steps: Sequence[str] = (),
        to_steps: Sequence[str] = (),
        base_run: str | None = None,
        config_path: str | Path | None = None,
        **older: Any,
    ) -> PipelineRun:
        """Run the pipeline; results of earlier runs whose key is unchanged are reused.

        `enable_cache` overrides every step and the pipeline, for this run alone. `run_name` must be
        new; the default has the pipeline's name and the time. `workers`: how many independent steps
        run at once, and `worker_kind`: in `"threads"` of this process or in `"processes"` of their
        own; else the project's settings. `config_path` names a YAML file with such options and with
        parameters of steps, for this run; what the code gives goes before it (`docs/compat.md`).
        Options of older releases (`settings`, …) are ignored with a note.

        `from_steps` and `to_steps` run a part: the steps that come after one of the first and before one of
        the last, themselves among them. What they need from before is taken as it is from `base_run`, or
        the newest run; what comes after is left out.

        Raises StepFailedError (also an instance of what the step raised), RunInterruptedError, and
        StoreError where the project's store cannot be used.
        """
        check_not_dry(self.name)
        if config_path is not None or older:
            configured, options = PORT.load().configured(self, config_path, older)
            keywords = {"enable_cache": enable_cache, "run_name": run_name}
            chosen = options | {name: value for name, value in keywords.items() if value is not None}
            self._immutable = True
            return configured.run(
                **chosen,
                workers=workers,
                worker_kind=worker_kind,
                from_steps=from_steps,
                to_steps=to_steps,
                base_run=base_run,
            )
        records = self._open(create=True)
        assert records is not None
        migrate_if_needed(records)
        self._immutable = True
        with between_steps():
            return runner.run(
                self._spec,
                self.parts.bodies,
                self.parts.steps,
                records,
                enable_cache=enable_cache,
                run_name=run_name,
                workers=workers,
                worker_kind=worker_kind,
                part=_part(from_steps, to_steps, base_run),
            )

    def plan(self, enable_cache: bool | None = None) -> RunPlan:
        """Say what `run` would do, step by step, and why; computes nothing and writes nothing."""
        with between_steps():
            records = self._open()
            project = config.find_project() if self._metadata and not records else None
            others = open_others(project.on(self._metadata)) if project and self._metadata else ()
            return runner.make_planner(self._spec, self.parts.bodies, records, enable_cache, others).plan()

    def with_secrets(self, **values: Any) -> Pipeline:
        """Give the pipeline with values of its secret parameters, by their names: they are recorded nowhere.

        A pipeline from the repository knows of its secrets only whether they are those of an earlier run.
        Raises ParameterError for a name that no secret has.
        """
        return self.with_parts(replace(self.parts, bodies=with_secrets(self.parts.bodies, values)))

    # -- changing -----------------------------------------------------------------------------

    def copy(self, new_name: str, **replaced_slots: Step | BoundStep) -> Pipeline:
        """Copy the pipeline under a new name, with some steps replaced, by slot or step name.

        The copy has not run, so it can be changed; what it has in common with this one is reused.
        Raises AlreadyExistsError if a pipeline of that name has run.
        """
        new_name = check_name("pipeline", new_name)
        records = self._open()
        all_records = [records, *open_others(records.project)] if records else []
        if new_name == self.name or any(new_name in each.runs.pipelines() for each in all_records):
            raise AlreadyExistsError(
                f"there is a pipeline named {new_name!r} already; choose another name, "
                f"or fetch it: Repository().get_pipeline_by_name({new_name!r})"
            )
        metadata = self._records.project.metadata if self._records else self._metadata
        spec = self._spec.replaced(name=new_name)
        copied = Pipeline(spec, (self.parts.bodies, self.parts.steps), metadata=metadata)
        for slot, step in replaced_slots.items():
            copied.replace_step(slot, step)
        return copied

    def replace_step(self, slot: str, step: Step | BoundStep) -> None:
        """Put another step in a slot, connected as the old one was; inputs by name, or else by position.

        A TFX component is connected as its channels say, and takes the name of the step that it replaces.

        Raises ImmutablePipelineError if the pipeline has run or comes from the repository, NotFoundError
        for an unknown slot, and ConnectionTypeError where the new step's types do not fit.
        """
        from zencache.pipelines.replace_step import replaced, with_component  # noqa: PLC0415 - few runs replace one

        self.check_changeable(f"copy it and change the copy: pipeline.copy('new name', {slot}=…)")
        before = (self._spec, self.parts.bodies, self.parts.steps)
        if is_component(step):
            spec, live = with_component(*before, slot, step)
        else:
            if not isinstance(step, Step | BoundStep):
                raise ParameterError(
                    f"pipeline {self.name}: {slot}={step!r} is no step; give one: {slot}=a_step()"
                )
            spec, live = replaced(*before, slot, step if isinstance(step, BoundStep) else BoundStep(step))
        self.parts = PipelineParts(spec, *live)

    def check_changeable(self, advice: str) -> None:
        """Raise ImmutablePipelineError, with an advice, if it has run or comes from the repository."""
        if self._immutable:
            raise ImmutablePipelineError(f"pipeline {self.name} has run and cannot be changed; {advice}")

    # -- history ------------------------------------------------------------------------------

    @property
    def version(self) -> int | None:
        """The number of the version that this structure is, or None before its first run."""
        records = self._open()
        recorded = records.versions.find(self._spec) if records else None
        return recorded.number if recorded else None

    @property
    def versions(self) -> list[PipelineVersion]:
        """All versions that have run under this name, from 1."""
        records = self._open()
        return (
            [PipelineVersion(v, self.name, records) for v in records.versions.of_pipeline(self.name)]
            if records
            else []
        )

    @property
    def runs(self) -> list[PipelineRun]:
        """All runs under this name, newest last."""
        records = self._open()
        return [PipelineRun(run, records) for run in records.runs.all(self.name)] if records else []

    def _open(self, *, create: bool = False) -> ProjectRecords | None:
        """Open the records: those that the pipeline came from, or of the project of the working folder."""
        if self._records is not None:
            return self._records
        project = config.find_project()
        if project is None and create:
            project = runner.create_project()
        if project is None or self._metadata is None:
            return open_records(project) if project else None
        if not create and not self._metadata.is_there():
            return None
        if self._metadata.path is not None:
            self._metadata.path.parent.mkdir(parents=True, exist_ok=True)
        project = project.on(self._metadata)
        project.remember_database()
        return open_records(project)

    def __repr__(self) -> str:
        return f"<pipeline {self.name}: {', '.join(self._spec.by_name)}>"


def of_components(spec: PipelineSpec, metadata: Database | None) -> Pipeline:
    """Give the pipeline of a spec that has TFX components alone; `metadata` is its own store, if any."""
    bodies = {step.name: ComponentBody.of(step) for step in spec.steps}
    return Pipeline(spec, (bodies, {}), metadata=metadata)


def _part(from_steps: Sequence[str], to_steps: Sequence[str], base_run: str | None) -> PartialRun | None:
    """Give the part of a pipeline that is to run; None for all of it."""
    if not (from_steps or to_steps):
        return None
    from zencache.pipelines.partial_run import PartialRun  # noqa: PLC0415 - most runs are of all steps

    return PartialRun(tuple(from_steps), tuple(to_steps), base_run)
