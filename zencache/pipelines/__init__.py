"""Pipelines: what is run, copied, planned and versioned."""

from zencache.model.legacy_api import legacy_names
from zencache.pipelines.definition import PipelineDefinition, pipeline
from zencache.pipelines.instance import Pipeline
from zencache.pipelines.run import PipelineRun, StepRun
from zencache.pipelines.versions import PipelineVersion
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

__getattr__ = legacy_names(__name__, "BasePipeline", "Schedule", "TrainingPipeline")
