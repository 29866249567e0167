"""A run's plan: for each step whether it is a hit, runs, or waits for another's result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.caching.key import KeyParts
    from zencache.stores.records import ExecutionRecord

Action = Literal["hit", "run", "wait"]


@dataclass(frozen=True)
class PlannedStep:
    """What a run would do with one step, and why."""

    name: str
    action: Action
    reason: str
    parts: KeyParts | None = None
    hit: ExecutionRecord | None = None
    cached: bool = True
    """Whether caching is on for it: whether its key is looked up."""
    seconds: float = 0.0
    """What the decision took."""

    @property
    def key(self) -> str | None:
        """The cache key; None while it waits for another step's result."""
        return self.parts.key if self.parts else None


@dataclass(frozen=True)
class RunPlan:
    """A dry run: `plan.steps["trainer"].action` is `"hit"`, `"run"` or `"wait"`."""

    pipeline: str
    steps: Mapping[str, PlannedStep]

    @property
    def all_hits(self) -> bool:
        """Whether nothing has to be computed."""
        return all(step.action == "hit" for step in self.steps.values())

    def __str__(self) -> str:
        width = max(map(len, (*self.steps, "step")))
        rows = [("step", "action", "reason"), *((s.name, s.action, s.reason) for s in self.steps.values())]
        return "\n".join(f"{name:<{width}}  {action:<6}  {reason}" for name, action, reason in rows)
