"""The repository's methods for training pipelines and their datasources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zencache.errors import NotFoundError
from zencache_tfx.classic.compare import Comparison, compare_training_runs
from zencache_tfx.classic.config import from_config
from zencache_tfx.classic.pipeline import TrainingPipeline
from zencache_tfx.classic.results import RunResults
from zencache_tfx.classic.views import ALL, evaluation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zencache.pipelines import PipelineRun
    from zencache.pipelines.plugins import PipelineCatalog
    from zencache_tfx.classic.datasources import CSVDatasource


def recorded(classic: str) -> TrainingPipeline:
    """Make the training pipeline that a spec records; it is immutable."""
    return from_config(json.loads(classic))


def training_pipelines(catalog: PipelineCatalog) -> list[TrainingPipeline]:
    """List the training pipelines that have run, by name."""
    return [each for each in catalog.get_pipelines() if isinstance(each, TrainingPipeline)]


def by_datasource(catalog: PipelineCatalog, datasource: CSVDatasource | str) -> list[TrainingPipeline]:
    """List those that read a datasource, by its name."""
    name = datasource if isinstance(datasource, str) else datasource.name
    return [each for each in training_pipelines(catalog) if each.steps["datasource"].name == name]


def datasources(catalog: PipelineCatalog) -> list[CSVDatasource]:
    """List the datasources that training pipelines read, one a name, by name."""
    datasource_by_name = {
        each.steps["datasource"].name: each.steps["datasource"] for each in training_pipelines(catalog)
    }
    return [datasource_by_name[name] for name in sorted(datasource_by_name)]


def datasource(catalog: PipelineCatalog, name: str) -> CSVDatasource:
    """Find a datasource by its name; raises NotFoundError with the nearest names."""
    datasource_by_name = {each.name: each for each in datasources(catalog)}
    if name not in datasource_by_name:
        raise NotFoundError.named(
            "datasource", name, list(datasource_by_name), hint="training pipelines that ran have them"
        )
    return datasource_by_name[name]


def compare(catalog: PipelineCatalog, source: CSVDatasource | str | None) -> Comparison:
    """Compare all completed runs of training pipelines, or of those that read a datasource."""
    chosen = training_pipelines(catalog) if source is None else by_datasource(catalog, source)
    return compare_training_runs([row for each in chosen for row in _rows(catalog, each.name)])


def _rows(catalog: PipelineCatalog, name: str) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Give a row for each completed run: what its trainer was told, and its metrics over all rows."""
    for run in catalog.get_runs(name):
        if run.status == "completed" and run.spec.classic is not None:
            yield name, run.name, recorded(run.spec.classic).get_hyperparameters(), _metrics(run)


def _metrics(run: PipelineRun) -> dict[str, Any]:
    if "Evaluator" not in run.steps:
        return {}
    rows = evaluation(RunResults(run)).to_dict("records")
    return {
        " ".join(filter(None, (row.get("output"), metric))): value
        for row in rows
        if row["slice"] == ALL
        for metric, value in row.items()
        if metric not in ("slice", "output")
    }
