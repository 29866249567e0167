"""Views of pipelines, runs, steps and artifacts, as `zenml.post_execution` had them (0.5 to 0.39).

Runs are listed newest last, as until 0.33.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import zencache
from zencache import config
from zencache.compat.enums import ExecutionStatus
from zencache.errors import MaterializerError, NotFoundError
from zencache.model.legacy_api import LegacyAttributes
from zencache.model.types import matches, type_name
from zencache.model.values import from_text
from zencache.pipelines.run import ArtifactView as Artifact
from zencache.pipelines.run import MissingNameError, PipelineRun, StepRun
from zencache.repo import Repository

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATUS = {
    "executed": ExecutionStatus.COMPLETED,
    "completed": ExecutionStatus.COMPLETED,
    "cached": ExecutionStatus.CACHED,
    "running": ExecutionStatus.RUNNING,
}


class NotOneError(NotFoundError, ValueError):
    """`input` or `output` was asked of a step that does not have exactly one: a ValueError, as before."""


# -- finding --------------------------------------------------------------------------------------


def get_pipelines() -> list[PipelineView]:
    """List all pipelines that have run, by name."""
    if config.find_project() is None:
        return []
    repository = Repository()
    return [PipelineView(name, repository) for name in repository.get_pipeline_names()]


def get_pipeline(pipeline: Any, version: int | str | None = None) -> PipelineView | None:
    """Find a pipeline by name, class, decorated function or instance; None where none has run."""
    return pipeline_view(Repository(), pipeline, version) if config.find_project() else None


def get_run(name: str) -> PipelineRunView:
    """Find a run by its name; raises a KeyError that names the nearest."""
    return _run_named(name, Repository().get_runs())


def get_unlisted_runs() -> list[PipelineRunView]:
    """List the runs without a pipeline (0.34 to 0.39): none, as every run is recorded under its pipeline."""
    return []


def pipeline_view(
    repository: Repository, pipeline: Any, version: int | str | None = None
) -> PipelineView | None:
    """Give the view of a pipeline in a repository, or of one version of it; None where there is none."""
    name = name_of(pipeline)
    if name not in repository.get_pipeline_names():
        return None
    view = PipelineView(name, repository, None if version is None else int(version))
    return view if version is None or view.runs else None


def name_of(pipeline: Any) -> str:
    """Give the name of a pipeline that is named, or given as class, function or instance."""
    if isinstance(pipeline, str):
        return pipeline
    named = getattr(pipeline, "name", None)
    return named if isinstance(named, str) else str(pipeline.__name__)


# -- methods of pipelines -------------------------------------------------------------------------


def _view_of(pipeline: Any) -> PipelineView | None:
    return get_pipeline(pipeline)


def runs_of(pipeline: Any) -> list[PipelineRunView]:
    """List the runs of a pipeline, newest last (0.12 to 0.39)."""
    view = _view_of(pipeline)
    return view.runs if view else []


def run_names_of(pipeline: Any) -> list[str]:
    """List the names of a pipeline's runs, newest last."""
    return [run.name for run in runs_of(pipeline)]


def run_of(pipeline: Any, run_name: str) -> PipelineRunView:
    """Find a run of a pipeline; raises a KeyError that names the nearest."""
    return _find_run(run_name, runs_of(pipeline))


def run_that_computed(pipeline: Any, step_name: str) -> PipelineRunView:
    """Find the newest run that computed a step; raises a LookupError where none did."""
    view = _view_of(pipeline)
    if view is None:
        raise NotFoundError(f"pipeline {name_of(pipeline)} has not run")
    return view.get_run_for_completed_step(step_name)


# -- views ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class PipelineView(LegacyAttributes):
    """A pipeline that has run: `get_pipeline(name).runs[-1].get_step("trainer").output.read()`."""

    name: str
    _repository: Repository = field(repr=False)
    version: int | None = None
    """Of a view of one version: its number."""

    @property
    def runs(self) -> list[PipelineRunView]:
        """The runs, newest last."""
        runs = self._repository.get_runs(self.name)
        return [PipelineRunView(run) for run in runs if self.version in (None, run.version)]

    @property
    def num_runs(self) -> int:
        """How many runs there are (0.34 to 0.39)."""
        return len(self.runs)

    def get_run_names(self) -> list[str]:
        """List the names of the runs, newest last."""
        return [run.name for run in self.runs]

    def get_run(self, name: str) -> PipelineRunView:
        """Find a run; raises a KeyError that names the nearest."""
        return _find_run(name, self.runs)

    def get_run_for_completed_step(self, step_name: str) -> PipelineRunView:
        """Find the newest run that computed a step; raises a LookupError where none did."""
        for run in reversed(self.runs):
            if any(
                step_name in step.names and step.is_completed and not step.is_cached for step in run.steps
            ):
                return run
        raise NotFoundError(f"no run of pipeline {self.name} computed a step {step_name}")


@dataclass(frozen=True, eq=False)
class PipelineRunView(LegacyAttributes):
    """A run."""

    _run: PipelineRun

    @property
    def name(self) -> str:
        """The run's name."""
        return self._run.name

    @property
    def status(self) -> ExecutionStatus:
        """How it ended."""
        return _STATUS.get(self._run.status, ExecutionStatus.FAILED)

    @property
    def zenml_version(self) -> str:
        """The version of this library."""
        return zencache.__version__

    @cached_property
    def steps(self) -> list[StepView]:
        """The steps that ran or were reused, in the pipeline's order."""
        return [StepView(step, self) for step in self._run.steps.values() if step.status != "skipped"]

    def get_step_names(self) -> list[str]:
        """List the names of the steps."""
        return [step.name for step in self.steps]

    def get_step(self, step: str | None = None, name: str | None = None) -> StepView:
        """Find a step by its name or its slot; raises a KeyError that names the nearest."""
        wanted = str(step if step is not None else name)
        for each in self.steps:
            if wanted in each.names:
                return each
        raise MissingNameError(
            str(NotFoundError.named("step", wanted, self.get_step_names(), hint=f"run {self.name}"))
        )


@dataclass(frozen=True, eq=False)
class StepView(LegacyAttributes):
    """A step of a run."""

    _step: StepRun
    _run: PipelineRunView = field(repr=False)

    @property
    def entrypoint_name(self) -> str:
        """The step's own name."""
        return self._step.name

    @property
    def name(self) -> str:
        """The pipeline's argument that the step was given for; in a pipeline without slots, its own name."""
        return self._step.spec.slot or self._step.name

    @property
    def names(self) -> tuple[str, str]:
        """Both names."""
        return self.name, self.entrypoint_name

    @property
    def id(self) -> int | None:
        """The execution's number in ML Metadata."""
        return self._step.execution.id if self._step.execution else None

    @property
    def parent_steps(self) -> list[StepView]:
        """The steps that feed this one."""
        return [step for step in self._run.steps if step.entrypoint_name in self._step.spec.upstream]

    @property
    def parents_step_ids(self) -> list[int | None]:
        """The numbers of the steps that feed this one."""
        return [step.id for step in self.parent_steps]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters, as values."""
        return {name: from_text(text) for name, text in self._step.spec.parameters.items()}

    @property
    def status(self) -> ExecutionStatus:
        """How it ended."""
        return _STATUS.get(self._step.status, ExecutionStatus.FAILED)

    @property
    def is_cached(self) -> bool:
        """Whether an earlier result was reused."""
        return self.status == ExecutionStatus.CACHED

    @property
    def is_completed(self) -> bool:
        """Whether its outputs are there: computed, or reused."""
        return self.status in (ExecutionStatus.COMPLETED, ExecutionStatus.CACHED)

    @property
    def inputs(self) -> dict[str, ArtifactView]:
        """The inputs by name."""
        return {name: ArtifactView(each, self) for name, each in self._step.inputs.items()}

    @property
    def outputs(self) -> dict[str, ArtifactView]:
        """The outputs by name."""
        artifact_by_name = self._step.outputs
        order = dict.fromkeys(
            (
                *(each.name for each in self._step.spec.outputs if each.name in artifact_by_name),
                *artifact_by_name,
            )
        )
        return {name: ArtifactView(artifact_by_name[name], self) for name in order}

    @property
    def input(self) -> ArtifactView:
        """The input of a step with one; raises a ValueError for another number."""
        return _only("input", self.inputs, self)

    @property
    def output(self) -> ArtifactView:
        """The output of a step with one; raises a ValueError for another number."""
        return _only("output", self.outputs, self)

    def __repr__(self) -> str:
        return f"<step {self.name}: {self.status}>"


@dataclass(frozen=True, eq=False)
class ArtifactView(LegacyAttributes):
    """A stored value; it is loaded by `read`."""

    _artifact: Artifact
    _step: StepView = field(repr=False)

    @property
    def uri(self) -> str:
        """Where it is stored."""
        return self._artifact.uri

    @property
    def name(self) -> str:
        """The output's name."""
        return self._artifact.name

    @property
    def data_type(self) -> str:
        """The qualified type name of the value."""
        return self._artifact.type

    @property
    def id(self) -> int:
        """The artifact's number in ML Metadata."""
        return self._artifact.record.id

    @property
    def parent_step_id(self) -> int | None:
        """The number of the step that this view belongs to."""
        return self._step.id

    @property
    def is_cached(self) -> bool:
        """Whether the step reused it; of an input, whether the step that made it did."""
        return self.producer_step.is_cached

    @property
    def producer_step(self) -> StepView:
        """The step of this run that gave it."""
        for step in (self._step, *self._step.parent_steps):
            if self.id in (view.id for view in step.outputs.values()):
                return step
        raise NotFoundError(f"artifact {self.name} was made by no step of this run")

    def read(self, output_data_type: Any = None, materializer_class: type | None = None) -> Any:
        """Load the value, by another materializer than the one that stored it where one is named.

        Raises MaterializerError for a value that is not of `output_data_type`.
        """
        artifact = self._artifact
        if materializer_class is not None:
            artifact = artifact.stored_by(materializer_class)
        value = artifact.load()
        if output_data_type is not None and not matches(value, output_data_type):
            raise MaterializerError(
                f"artifact {self.name} holds a {type_name(type(value))}, not a {type_name(output_data_type)}"
            )
        return value


def _only(kind: str, artifact_by_name: Mapping[str, ArtifactView], step: StepView) -> ArtifactView:
    if len(artifact_by_name) != 1:
        raise NotOneError(
            f"step {step.name} has {len(artifact_by_name)} {kind}s "
            f"({', '.join(artifact_by_name) or 'none'}); take one by name from .{kind}s"
        )
    return next(iter(artifact_by_name.values()))


def _run_named(name: str, runs: list[PipelineRun]) -> PipelineRunView:
    return _find_run(name, [PipelineRunView(run) for run in runs])


def _find_run(name: str, runs: list[PipelineRunView]) -> PipelineRunView:
    for run in runs:
        if run.name == name:
            return run
    raise MissingNameError(str(NotFoundError.named("run", name, [run.name for run in runs])))
