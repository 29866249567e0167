"""Offers past runs under the import path of ZenML 0.5 to 0.39: `get_pipeline("training").runs[-1]`."""

from zencache.compat.views import (
    ArtifactView,
    PipelineRunView,
    PipelineView,
    StepView,
    get_pipeline,
    get_pipelines,
    get_run,
    get_unlisted_runs,
)

__all__ = [
    "ArtifactView",
    "PipelineRunView",
    "PipelineView",
    "StepView",
    "get_pipeline",
    "get_pipelines",
    "get_run",
    "get_unlisted_runs",
]
