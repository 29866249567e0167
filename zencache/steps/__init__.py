"""Steps: plain functions that declare what they take and what they give."""

from zencache.graph.context import StepContext
from zencache.older import names_of
from zencache.steps.outputs import Output
from zencache.steps.parameters import BaseParameters, BaseStepConfig
from zencache.steps.step import BoundStep, Step, step

__all__ = ["BaseParameters", "BaseStepConfig", "BoundStep", "Output", "Step", "StepContext", "step"]

__getattr__ = names_of(__name__, dict.fromkeys(("BaseStep", "clone_step"), "zencache.compat.steps"))
