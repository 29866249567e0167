"""Steps: plain functions that declare what they take and what they give."""

from zencache.model.legacy_api import legacy_names
from zencache.model.step_context import StepContext
from zencache.steps.outputs import Output
from zencache.steps.parameters import BaseParameters, BaseStepConfig
from zencache.steps.step import BoundStep, Step, step

__all__ = ["BaseParameters", "BaseStepConfig", "BoundStep", "Output", "Step", "StepContext", "step"]

__getattr__ = legacy_names(__name__, "BaseStep", "clone_step")
