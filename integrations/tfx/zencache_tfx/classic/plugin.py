"""Offers the classic API to zencache as a plug-in, without importing TFX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import zencache_tfx.classic
from zencache_tfx.classic import repository

if TYPE_CHECKING:
    from zencache.pipelines import Pipeline
    from zencache.pipelines.plugins import PipelineCatalog
    from zencache_tfx.classic.compare import Comparison
    from zencache_tfx.classic.datasources import CSVDatasource
    from zencache_tfx.classic.pipeline import TrainingPipeline


class ClassicPipelines:
    """Implements `zencache.pipelines.plugins.ClassicPlugin`."""

    def named(self, name: str) -> Any:
        """Return a class or function of the classic API."""
        return getattr(zencache_tfx.classic, name)

    def recorded(self, config: str) -> Pipeline:
        """Return the training pipeline that a spec records, with the interface of a `Pipeline`."""
        return cast("Pipeline", repository.recorded(config))

    def by_datasource(
        self, catalog: PipelineCatalog, datasource: CSVDatasource | str
    ) -> list[TrainingPipeline]:
        """List the training pipelines that read a datasource, given by its name or as an object."""
        return repository.by_datasource(catalog, datasource)

    def datasources(self, catalog: PipelineCatalog) -> list[CSVDatasource]:
        """List the datasources of all training pipelines, by name."""
        return repository.datasources(catalog)

    def datasource(self, catalog: PipelineCatalog, name: str) -> CSVDatasource:
        """Find a datasource by its name; raises NotFoundError with the nearest names."""
        return repository.datasource(catalog, name)

    def compare(self, catalog: PipelineCatalog, datasource: CSVDatasource | str | None) -> Comparison:
        """Compare the completed runs of training pipelines: all, or those that read a datasource."""
        return repository.compare(catalog, datasource)
