"""Pipelines: what is run, copied, planned and versioned."""

from zencache.pipelines.definition import PipelineDefinition, pipeline
from zencache.pipelines.instance import Pipeline
from zencache.pipelines.run import PipelineRun, StepRun
from zencache.pipelines.versions import PipelineVersion
from zencache.planning import PlannedStep, RunPlan
from zencache.util.legacy_hooks import names_of

__all__ = [
    "Pipeline",
    "PipelineDefinition",
    "PipelineRun",
    "PipelineVersion",
    "PlannedStep",
    "RunPlan",
    "StepRun",
    "pipeline",
]

__getattr__ = names_of(
    __name__,
    {
        **dict.fromkeys(("BasePipeline", "Schedule"), "zencache.compat.pipelines"),
        "TrainingPipeline": "zencache.compat.classic",
    },
)
