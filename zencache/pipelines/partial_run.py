"""Partial runs: steps before the part are taken from an earlier run, steps after it are left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zencache.errors import NotFoundError
from zencache.planning.plan import PlannedStep, RunPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zencache.metadata.session import ProjectRecords
    from zencache.model.records import ExecutionRecord, RunRecord
    from zencache.model.specs import PipelineSpec


@dataclass(frozen=True)
class PartialRun:
    """From which steps to which a pipeline is run: TFX's partial runs."""

    from_steps: tuple[str, ...] = ()
    """The first ones; none for all that start."""
    to_steps: tuple[str, ...] = ()
    """The last ones; none for all that end."""
    base_run: str | None = None
    """The run that the steps before are taken from; None for the newest."""

    def of(self, spec: PipelineSpec) -> set[str]:
        """Name the steps that are run: those that come after a first one and before a last one."""
        first = [spec.step(name).name for name in self.from_steps] or list(spec.by_name)
        last = [spec.step(name).name for name in self.to_steps] or list(spec.by_name)
        return _reached(first, _downstream(spec)) & _reached(last, _upstream(spec))

    def planned(self, plan: RunPlan, spec: PipelineSpec, records: ProjectRecords) -> RunPlan:
        """Give the plan of a run of this part; raises NotFoundError if an earlier result is lacking."""
        part = self.of(spec)
        needed = _reached(part, _upstream(spec)) - part
        after = _reached(part, _downstream(spec)) - part
        base = self._base(spec, records)
        executions = records.metadata.executions.of_run(base.id) if base else ()
        done = {e.step: e for e in executions if e.done and all(a.live for a in e.outputs.values())}
        if missing := [name for name in spec.by_name if name in needed and name not in done]:
            raise NotFoundError(
                f"{', '.join(sorted(part))} cannot run alone: {', '.join(missing)} did not finish in "
                f"{f'run {base.name}, or what it gave was dropped or collected' if base else 'any run'}; "
                "run the whole pipeline first, or name another base run"
            )
        steps = {
            name: _waits(plan.steps[name])
            if name in part
            else _taken(plan.steps[name], done.get(name) if name not in after else None, base)
            for name in spec.by_name
        }
        return replace(plan, steps=steps)

    def _base(self, spec: PipelineSpec, records: ProjectRecords) -> RunRecord | None:
        runs = records.runs.all(spec.name)
        if self.base_run is None:
            return runs[-1] if runs else None
        base = next((run for run in runs if run.name == self.base_run), None)
        if base is None:
            raise NotFoundError.named(
                "run", self.base_run, [r.name for r in runs], hint=f"pipeline {spec.name}"
            )
        return base


def _waits(planned: PlannedStep) -> PlannedStep:
    return PlannedStep(planned.name, "wait", "part of the partial run", takes=planned.takes)


def _taken(planned: PlannedStep, record: ExecutionRecord | None, base: RunRecord | None) -> PlannedStep:
    if record is None or base is None:
        return PlannedStep(planned.name, "skip", "not part of the partial run")
    return PlannedStep(planned.name, "hit", f"taken from run {base.name}: a partial run", hit=record)


def _upstream(spec: PipelineSpec) -> dict[str, frozenset[str]]:
    return {step.name: step.upstream for step in spec.steps}


def _downstream(spec: PipelineSpec) -> dict[str, list[str]]:
    return {name: [s.name for s in spec.steps if name in s.upstream] for name in spec.by_name}


def _reached(start: Iterable[str], ways: Mapping[str, Iterable[str]]) -> set[str]:
    seen, left = set(start), list(start)
    while left:
        new = set(ways[left.pop()]) - seen
        seen |= new
        left += new
    return seen
