"""Pipelines and runs of a project, found again in any process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zencache import config
from zencache.errors import NotFoundError
from zencache.pipelines import Pipeline, PipelineRun
from zencache.pipelines.records import open_records

if TYPE_CHECKING:
    from zencache.pipelines.records import Records


class Repository:
    """What the project holds that is found upward from a folder (the working folder).

    Raises NotFoundError where there is no project::

        pipeline = Repository().get_pipeline_by_name("first_pipeline")
        pipeline.copy("wider", trainer=wide_trainer()).run()
    """

    def __init__(self, root: str | Path | None = None) -> None:
        self._records: Records = open_records(
            config.require_project(Path(root) if root is not None else None)
        )

    @classmethod
    def get_instance(cls, root: str | Path | None = None) -> Repository:
        """Give the repository: the spelling of the oldest API."""
        return cls(root)

    @property
    def root(self) -> Path:
        """The folder that holds `.zencache/`."""
        return self._records.project.root

    def get_pipeline_by_name(self, name: str) -> Pipeline:
        """Find a pipeline as it ran last; it is immutable, and can be run and copied.

        Raises NotFoundError with the nearest names. Running it raises CodeUnavailableError where a step's
        code is gone.
        """
        if name not in self.get_pipeline_names():
            hint = "`zencache pipeline list` shows all"
            raise NotFoundError.named("pipeline", name, self.get_pipeline_names(), hint=hint)
        runs = self._records.runs.runs(name)
        spec = (
            self._records.runs.spec_of(runs[-1]) if runs else list(self._records.runs.versions(name))[-1].spec
        )
        return Pipeline(spec, records=self._records)

    def get_pipelines(self) -> list[Pipeline]:
        """List all pipelines, by name."""
        return [self.get_pipeline_by_name(name) for name in self.get_pipeline_names()]

    def get_pipeline_names(self) -> list[str]:
        """List the names of all pipelines that have run, sorted."""
        return self._records.runs.pipelines()

    def get_runs(self, pipeline: str | Pipeline | None = None) -> list[PipelineRun]:
        """List runs, newest last: of a pipeline, or all."""
        name = pipeline.name if isinstance(pipeline, Pipeline) else pipeline
        if name is not None and name not in self.get_pipeline_names():
            raise NotFoundError.named("pipeline", name, self.get_pipeline_names())
        return [PipelineRun(run, self._records) for run in self._records.runs.runs(name)]

    def get_run(self, name: str) -> PipelineRun:
        """Find a run by its name; raises NotFoundError with the nearest names."""
        found = self._records.runs.run(name)
        if found is None:
            known = [run.name for run in self._records.runs.runs()]
            raise NotFoundError.named("run", name, known, hint="`zencache run list` shows all")
        return PipelineRun(found, self._records)

    def __repr__(self) -> str:
        return f"<repository {self.root}>"
