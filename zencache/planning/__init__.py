"""What a run would do, decided from a spec, overrides and records alone: no engine is imported."""

from zencache.planning.key_maker import KeyMaker
from zencache.planning.plan import PlannedStep, RunPlan
from zencache.planning.planner import Planner

__all__ = ["KeyMaker", "PlannedStep", "Planner", "RunPlan"]
