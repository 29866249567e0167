"""Stores a project's artifacts on this machine or in a remote store. Only this package imports fsspec."""

from zencache.model.legacy_api import legacy_names

__getattr__ = legacy_names(
    __name__,
    *("BaseArtifact", "DataArtifact", "DataAnalysisArtifact", "ModelArtifact"),
    *("SchemaArtifact", "ServiceArtifact", "StatisticsArtifact"),
)
