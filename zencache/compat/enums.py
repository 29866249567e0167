"""Enumerations of statuses and artifact types (0.5 to 0.39)."""

from __future__ import annotations

from enum import Enum


class ExecutionStatus(str, Enum):
    """How a run or a step of a view ended."""

    FAILED = "failed"
    COMPLETED = "completed"
    RUNNING = "running"
    CACHED = "cached"

    def __str__(self) -> str:
        return self.value


class ArtifactType(str, Enum):
    """What a materializer says it stores (0.36 to 0.39)."""

    DATA_ANALYSIS = "DataAnalysisArtifact"
    DATA = "DataArtifact"
    MODEL = "ModelArtifact"
    SCHEMA = "SchemaArtifact"
    SERVICE = "ServiceArtifact"
    STATISTICS = "StatisticsArtifact"
    BASE = "BaseArtifact"
