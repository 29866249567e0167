"""Steps: plain functions that declare what they take and what they give."""

from zencache.model.step_context import StepContext
from zencache.steps.outputs import Output
from zencache.steps.parameters import BaseParameters, BaseStepConfig
from zencache.steps.step import BoundStep, Step, step
from zencache.util.legacy_hooks import names_of

__all__ = ["BaseParameters", "BaseStepConfig", "BoundStep", "Output", "Step", "StepContext", "step"]

__getattr__ = names_of(__name__, dict.fromkeys(("BaseStep", "clone_step"), "zencache.compat.steps"))
