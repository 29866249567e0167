"""Plug-ins that need pipelines and records: TFX's own history, and the pipelines of the classic API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from zencache.model.plugins import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zencache.metadata.session import ProjectRecords
    from zencache.pipelines.instance import Pipeline
    from zencache.pipelines.run import PipelineRun


class HistoryPlugin(Protocol):
    """Imports what TFX's own runners recorded, so that it can be reused."""

    def import_history(self, records: ProjectRecords, *, default_executors: bool) -> Iterable[object]:
        """Give keys to executions that TFX recorded; `str` of an item names it, and says why it has none."""


class PipelineCatalog(Protocol):
    """What the classic API asks a repository."""

    def get_pipelines(self) -> Sequence[Any]:
        """List all pipelines, by name."""

    def get_runs(self, pipeline: str) -> Sequence[PipelineRun]:
        """List the runs of a pipeline, newest last."""


class ClassicPlugin(Protocol):
    """The classic API: `TrainingPipeline` and its steps."""

    def named(self, name: str) -> Any:
        """Give a class or function of the classic API."""

    def recorded(self, config: str) -> Pipeline:
        """Give the training pipeline that a spec records, which offers what a `Pipeline` does."""

    def by_datasource(self, catalog: PipelineCatalog, datasource: Any) -> Sequence[Any]:
        """List the training pipelines that read a datasource, which is given by name or itself."""

    def datasources(self, catalog: PipelineCatalog) -> Sequence[Any]:
        """List the datasources of all training pipelines, by name."""

    def datasource(self, catalog: PipelineCatalog, name: str) -> Any:
        """Find a datasource by its name; raises NotFoundError with the nearest names."""

    def compare(self, catalog: PipelineCatalog, datasource: Any) -> Any:
        """Compare the completed runs of training pipelines: all, or those that read a datasource."""


def history() -> HistoryPlugin:
    """Load the plug-in for TFX's history; raises DefinitionError where none is installed."""
    plugin: HistoryPlugin = load("history", "runs that TFX recorded need")
    return plugin


def classic() -> ClassicPlugin:
    """Load the plug-in for the classic API; raises DefinitionError where none is installed."""
    plugin: ClassicPlugin = load("classic", "the classic API needs")
    return plugin
