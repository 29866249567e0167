"""Pipelines: what is run, copied, planned and versioned."""

from zencache.pipelines.definition import PipelineDefinition, pipeline
from zencache.pipelines.instance import Pipeline, PipelineVersion
from zencache.pipelines.run import PipelineRun, StepRun
from zencache.planning import PlannedStep, RunPlan

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
