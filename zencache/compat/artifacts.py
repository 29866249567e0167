"""Artifact types that materializers name by class (0.5 to 0.35), with TFX's standard type where one fits."""

from __future__ import annotations

from typing import ClassVar


class BaseArtifact:
    """Any artifact."""

    artifact_type: ClassVar[str] = "Data"


class DataArtifact(BaseArtifact):
    """Data of any kind."""


class DataAnalysisArtifact(BaseArtifact):
    """The result of an analysis of data."""


class ModelArtifact(BaseArtifact):
    """A model."""

    artifact_type = "Model"


class SchemaArtifact(BaseArtifact):
    """A schema."""

    artifact_type = "Schema"


class ServiceArtifact(BaseArtifact):
    """A service."""


class StatisticsArtifact(BaseArtifact):
    """Statistics."""

    artifact_type = "ExampleStatistics"
