"""Finds recorded training pipelines, their datasources and runs, for the plug-in."""

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
    """Create the training pipeline that a spec records; it is immutable."""
    return from_config(json.loads(classic))


def training_pipelines(catalog: PipelineCatalog) -> list[TrainingPipeline]:
    """List the training pipelines that have run, by name."""
    return [each for each in catalog.get_pipelines() if isinstance(each, TrainingPipeline)]


def by_datasource(catalog: PipelineCatalog, datasource: CSVDatasource | str) -> list[TrainingPipeline]:
    """List the training pipelines that read a datasource, given by its name or as an object."""
    name = datasource if isinstance(datasource, str) else datasource.name
    return [each for each in training_pipelines(catalog) if each.steps["datasource"].name == name]


def datasources(catalog: PipelineCatalog) -> list[CSVDatasource]:
    """List the datasources that training pipelines read, sorted by name, each name once."""
    steps = [pipeline.steps["datasource"] for pipeline in training_pipelines(catalog)]
    source_by_name = {source.name: source for source in steps}
    return [source_by_name[name] for name in sorted(source_by_name)]


def datasource(catalog: PipelineCatalog, name: str) -> CSVDatasource:
    """Find a datasource by its name; raises NotFoundError with the nearest names."""
    source_by_name = {source.name: source for source in datasources(catalog)}
    if name not in source_by_name:
        raise NotFoundError.named(
            "datasource", name, list(source_by_name), hint="training pipelines that ran have them"
        )
    return source_by_name[name]


def compare(catalog: PipelineCatalog, source: CSVDatasource | str | None) -> Comparison:
    """Compare all completed runs of training pipelines, or of those that read a datasource."""
    pipelines = training_pipelines(catalog) if source is None else by_datasource(catalog, source)
    return compare_training_runs([row for pipeline in pipelines for row in _rows(catalog, pipeline.name)])


def _rows(catalog: PipelineCatalog, name: str) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Yield a row for each completed run: its trainer's arguments, and its metrics over all rows."""
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
