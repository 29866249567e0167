"""Defines the training pipeline of the classic API, whose steps are added by their roles."""

from __future__ import annotations

import json
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from zencache import config as project_config
from zencache.errors import AlreadyExistsError, DefinitionError, ImmutablePipelineError, NotFoundError
from zencache.pipelines.runner import create_project
from zencache.util.imports import silence_tensorflow
from zencache_tfx.classic import views
from zencache_tfx.classic.checks import check
from zencache_tfx.classic.config import RecordedTrainer, to_config
from zencache_tfx.classic.datasources import CSVDatasource
from zencache_tfx.classic.deployers import LocalDeployer
from zencache_tfx.classic.evaluators import TFMAEvaluator
from zencache_tfx.classic.pipeline_stages import Stages, stages_of
from zencache_tfx.classic.preprocesser import StandardPreprocesser
from zencache_tfx.classic.results import RunResults
from zencache_tfx.classic.splits import Split
from zencache_tfx.classic.trainers import BaseTrainerStep

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from typing_extensions import Self

    from zencache.pipelines import Pipeline, PipelineRun, PipelineVersion
    from zencache.planning import RunPlan
    from zencache_tfx.classic.results import Results

_MEMORY = "csv.json"  # in the project's folder: cached facts about CSV files


class TrainingPipeline:
    """Data, split, preprocessing, trainer, evaluation and deployment as one pipeline::

        pipeline = TrainingPipeline("Pipeline A")
        pipeline.add_datasource(CSVDatasource("people", "people.csv"))
        pipeline.add_split(RandomSplit({"train": 0.7, "eval": 0.3}))
        pipeline.add_preprocesser(StandardPreprocesser(labels=["has_diabetes"]))
        pipeline.add_trainer(FeedForwardTrainer(loss="binary_crossentropy", epochs=10))
        pipeline.add_evaluator(TFMAEvaluator(metrics={"has_diabetes": ["accuracy"]}))
        pipeline.run()

    A pipeline can be changed until it has run. `copy` returns one that can be changed; both share results of
    equal steps.
    """

    def __init__(self, name: str | None = None, enable_cache: bool = True) -> None:
        self.name = name if name is not None else str(int(time.time() * 1000))
        self.enable_cache = enable_cache
        self._steps: dict[str, Any] = {}
        self._immutable = False
        self._results: Results | None = None

    @classmethod
    def recorded(cls, name: str, steps: Mapping[str, Any], *, enable_cache: bool) -> Self:
        """Create a recorded pipeline, which is immutable."""
        pipeline = cls(name, enable_cache)
        pipeline._steps = dict(steps)
        pipeline._immutable = True
        return pipeline

    @property
    def steps(self) -> Mapping[str, Any]:
        """The steps by their roles: datasource, split, preprocesser, trainer, evaluator, deployer."""
        return MappingProxyType(self._steps)

    # -- changing -----------------------------------------------------------------------------

    def add_datasource(self, datasource: CSVDatasource) -> None:
        """Set the source of the rows. After a run, all `add_…` methods raise ImmutablePipelineError."""
        self._add("datasource", CSVDatasource, datasource)

    def add_split(self, split_step: Split) -> None:
        """Set the division of the rows into splits."""
        self._add("split", Split, split_step)

    def add_preprocesser(self, preprocesser_step: StandardPreprocesser) -> None:
        """Set the preprocessing of the columns."""
        self._add("preprocesser", StandardPreprocesser, preprocesser_step)

    def add_trainer(self, trainer_step: BaseTrainerStep) -> None:
        """Set the trainer of the model."""
        self._add("trainer", BaseTrainerStep, trainer_step)

    def add_evaluator(self, evaluator_step: TFMAEvaluator) -> None:
        """Set the metrics of the model."""
        self._add("evaluator", TFMAEvaluator, evaluator_step)

    def add_deployment(self, deployment_step: LocalDeployer) -> None:
        """Set the destination of the model."""
        self._add("deployer", LocalDeployer, deployment_step)

    def _add(self, role: str, kind: type, step: Any) -> None:
        if self._immutable:
            raise ImmutablePipelineError(
                f"training pipeline {self.name!r} has run and cannot be changed; "
                "copy it and change the copy: pipeline.copy('new name')"
            )
        if not isinstance(step, kind):
            hint = f"; create one: {step.__name__}(…)" if isinstance(step, type) else ""
            raise DefinitionError(f"the {role} is a {kind.__name__}, not {type(step).__name__}{hint}")
        self._steps[role] = step

    def copy(self, new_name: str) -> Self:
        """Copy the pipeline under a new name; the copy can be changed.

        Raises AlreadyExistsError if a pipeline of that name has run.
        """
        if new_name == self.name or new_name in _known_names():
            raise AlreadyExistsError(
                f"there is a pipeline named {new_name!r} already; choose another name, "
                f"or fetch it: Repository().get_pipeline_by_name({new_name!r})"
            )
        pipeline = self.recorded(new_name, self._steps, enable_cache=self.enable_cache)
        pipeline._immutable = False  # noqa: SLF001 - an instance of this class
        return pipeline

    # -- running ------------------------------------------------------------------------------

    def run(self, enable_cache: bool | None = None, run_name: str | None = None) -> PipelineRun:
        """Run the pipeline; results of unchanged steps are reused.

        Data and steps are checked first. Raises DefinitionError if steps are missing, and DefinitionError,
        ParameterError or NotFoundError if a step cannot work.
        """
        if project_config.find_project() is None:
            create_project()  # the check caches facts about the data in it
        self.check()
        self._immutable = True
        run = self._adopted().run(enable_cache=enable_cache, run_name=run_name)
        self._results = RunResults(run)
        return run

    def plan(self, enable_cache: bool | None = None) -> RunPlan:
        """Explain for each step whether `run` would execute it, and why."""
        self.check()
        return self._adopted().plan(enable_cache=enable_cache)

    def check(self) -> None:
        """Check data and steps, as `run` does first."""
        project = project_config.find_project()
        check(self.stages(), project.folder / _MEMORY if project else None)

    def stages(self) -> Stages:
        """Give the steps, with the trainer's class imported; raises DefinitionError if steps are missing."""
        loaded = {
            role: step.load() if isinstance(step, RecordedTrainer) else step
            for role, step in self._steps.items()
        }
        return stages_of(self.name, loaded)

    def _adopted(self) -> Pipeline:
        """Give the pipeline for the runner. Only this method connects the classic API with the runner."""
        silence_tensorflow()
        from zencache_tfx.adoption import pipeline_of, spec_of  # noqa: PLC0415 - brings TFX
        from zencache_tfx.classic.graph import build  # noqa: PLC0415 - likewise

        config = to_config(self)
        project = project_config.find_project()
        built = build(
            config, self.name, beam_pipeline_args=project.settings.beam_pipeline_args if project else ()
        )
        spec = spec_of(built, store="project", enable_cache=None if self.enable_cache else False)
        return pipeline_of(spec.replaced(classic=json.dumps(config)), built)

    @property
    def runs(self) -> list[PipelineRun]:
        """All runs under this name, newest last."""
        if self.name not in _known_names():
            return []
        from zencache.repo import Repository  # noqa: PLC0415 - looking back is rare, and this opens the records

        return Repository().get_runs(self.name)

    @property
    def versions(self) -> list[PipelineVersion]:
        """All versions that have run under this name, starting with 1."""
        from zencache.repo import Repository  # noqa: PLC0415 - likewise

        return Repository().get_versions(self.name) if self.name in _known_names() else []

    # -- what a run gave ----------------------------------------------------------------------

    @property
    def results(self) -> Results:
        """The outputs of the last run; raises NotFoundError before the first run."""
        if self._results is None:
            self._results = RunResults(_last_run(self.name))
        return self._results

    def view_statistics(
        self,
        path: str | Path | None = None,
        *,
        open_page: bool = False,
        magic: bool = False,  # noqa: ARG002 - for old code; a notebook is detected
        port: int = 0,  # noqa: ARG002 - for old code; pages need no server
    ) -> Path:
        """Write statistics of the splits as an HTML page, and show them in a notebook; return its path."""
        return views.view_statistics(self.results, path, open_page=open_page)

    def view_schema(self, path: str | Path | None = None, *, open_page: bool = False) -> Path:
        """Write the schema of the data as an HTML page, and show it in a notebook; return its path."""
        return views.view_schema(self.results, path, open_page=open_page)

    def evaluate(
        self,
        *,
        magic: bool = False,  # noqa: ARG002 - for old code
        port: int = 0,  # noqa: ARG002 - for old code
    ) -> pd.DataFrame:
        """Give the metrics of the model: a row for each slice, a column for each metric.

        Raises NotFoundError if the pipeline has no evaluator.
        """
        if "evaluator" not in self._steps:
            raise NotFoundError(
                f"training pipeline {self.name!r} has no evaluator; "
                "copy the pipeline and add one: add_evaluator(…)"
            )
        return views.evaluation(self.results)

    def get_model_uri(self) -> str:
        """Give the URI of the trained model's artifact."""
        return views.model_uri(self.results)

    def download_model(self, out_path: str | Path, overwrite: bool = False) -> Path:
        """Copy the SavedModel to a folder; raises AlreadyExistsError unless it is empty or `overwrite`."""
        return views.download_model(self.results, out_path, overwrite=overwrite)

    def sample_transformed_data(self, split_name: str = "eval", sample_size: int = 100_000) -> pd.DataFrame:
        """Give the first rows of a split after preprocessing."""
        return views.sample_transformed_data(self.results, split_name, sample_size)

    def get_hyperparameters(self) -> dict[str, Any]:
        """Give the arguments of the trainer, and its class as `trainer`."""
        recorded = to_config(self)["steps"].get("trainer", {"source": None, "args": {}})
        arguments = {name: value for name, value in recorded["args"].items() if value is not None}
        return {"trainer": recorded["source"], **arguments}

    def __repr__(self) -> str:
        return f"<training pipeline {self.name}: {', '.join(self._steps) or 'no step yet'}>"


def _known_names() -> list[str]:
    """List the names of pipelines that have run in this project."""
    if project_config.find_project() is None:
        return []
    from zencache.repo import Repository  # noqa: PLC0415 - a copy is rare, and this opens the records

    return Repository().get_pipeline_names()


def _last_run(name: str) -> PipelineRun:
    """Find a pipeline's newest run in the records, without importing TFX."""
    if name not in _known_names():
        raise NotFoundError(f"training pipeline {name!r} has no run; pipeline.run() makes one")
    from zencache.repo import Repository  # noqa: PLC0415 - looking back is rare, and this opens the records

    return Repository().get_runs(name)[-1]
