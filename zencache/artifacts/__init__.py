"""Stores a project's artifacts on this machine or in a remote store. Only this package imports fsspec."""

from zencache.model.legacy_api import legacy_names

_LEGACY_NAMES = (
    *("BaseArtifact", "DataArtifact", "DataAnalysisArtifact", "ModelArtifact"),
    *("SchemaArtifact", "ServiceArtifact", "StatisticsArtifact"),
)
__all__ = list(_LEGACY_NAMES)  # what `from zenml.artifacts import *` gave
__getattr__ = legacy_names(__name__, *_LEGACY_NAMES)
