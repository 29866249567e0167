"""A run's plan: for each step whether it is a hit, runs, or waits for another's result; and its duration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zencache.caching.key import KeyParts
    from zencache.model.records import ExecutionRecord

Action = Literal["hit", "run", "wait", "skip"]


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
    """How long the decision took."""
    takes: float | None = None
    """Seconds that computing it took before (of a hit: the seconds that are saved); None if it never ran."""
    compared_with: int | None = None
    """The earlier execution that the reason compares with."""
    restores: Mapping[str, str] = field(default_factory=dict)
    """Of a hit: files that it wrote and that are put back, each to its digest."""

    @property
    def key(self) -> str | None:
        """The cache key; None while it waits for another step's result."""
        return self.parts.key if self.parts else None


@dataclass(frozen=True)
class RunPlan:
    """A dry run: `plan.steps["trainer"].action` is `"hit"`, `"run"` or `"wait"`."""

    pipeline: str
    steps: Mapping[str, PlannedStep]
    _diff: Callable[[PlannedStep], str] = field(default=lambda _: "", repr=False, compare=False)
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)
    """Step to the earlier steps that it runs after because they were seen to write files that it reads."""

    def diff(self, step: str) -> str:
        """Show the lines of code that make a step run, against the execution that its reason compares with.

        Empty where the code is the same, or where there is nothing to compare it with.
        """
        return self._diff(self.steps[step])

    @property
    def all_hits(self) -> bool:
        """Whether nothing has to be computed."""
        return all(step.action == "hit" for step in self.steps.values())

    @property
    def seconds(self) -> float:
        """Predicted seconds of computing, one step after the other, from what earlier executions took.

        A step that waits is counted: early cutoff can only make it less. One that never ran counts nothing.
        """
        return _sum(step for step in self.steps.values() if step.action != "hit")

    @property
    def saved(self) -> float:
        """Seconds that reused results took to compute."""
        return _sum(step for step in self.steps.values() if step.action == "hit")

    @property
    def unknown(self) -> tuple[str, ...]:
        """The steps to be computed of which no duration is known."""
        return tuple(s.name for s in self.steps.values() if s.action != "hit" and s.takes is None)

    def __str__(self) -> str:
        rows = [(s.name, s.action, _seconds(s.takes), s.reason) for s in self.steps.values()]
        names = max(map(len, (*self.steps, "step")))
        lines = [
            f"{name:<{names}}  {action:<6}  {seconds:>9}  {reason}"
            for name, action, seconds, reason in [("step", "action", "seconds", "reason"), *rows]
        ]
        return "\n".join([*lines, self._totals()])

    def _totals(self) -> str:
        predicted = [f"about {self.seconds:.3f} s"] if self.seconds else []
        new = [f"{', '.join(self.unknown)} for the first time"] if self.unknown else []
        work = f"To compute: {' and '.join(predicted + new)}." if predicted or new else "Nothing to compute."
        return f"{work} Saved: {self.saved:.3f} s." if self.saved else work


def _sum(steps: Iterable[PlannedStep]) -> float:
    return sum(step.takes or 0.0 for step in steps)


def _seconds(takes: float | None) -> str:
    return "?" if takes is None else f"{takes:.3f}"
