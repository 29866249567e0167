"""The planner: walks a pipeline in order and looks keys up, level by level."""

from __future__ import annotations

import dataclasses
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from zencache.caching.explain import differences
from zencache.caching.key import KeyParts
from zencache.graph.policy import CachePolicy
from zencache.graph.types import type_name
from zencache.graph.values import canonical_text
from zencache.materializers import find
from zencache.planning.plan import PlannedStep, RunPlan
from zencache.planning.switches import why_off
from zencache.stores.artifacts import is_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zencache.graph.specs import PipelineSpec, StepBody, StepSpec
    from zencache.stores.metadata import MetadataStore
    from zencache.stores.records import ArtifactRecord, ExecutionRecord

Outputs = dict[str, "Mapping[str, ArtifactRecord]"]


@dataclasses.dataclass(frozen=True)
class Planner:
    """Decides what a run of a pipeline does; a worker asks it again when inputs are known (early cutoff)."""

    spec: PipelineSpec
    bodies: Mapping[str, StepBody]
    metadata: MetadataStore | None
    """None before the first run: there are no records yet."""
    run_override: bool | None = None
    precedence: str = "step"

    def plan(self) -> RunPlan:
        """Decide for every step; looks up, writes nothing."""
        decided: dict[str, PlannedStep] = {}
        outputs: Outputs = {}
        left = list(self.spec.steps)
        while left:
            waiting = [
                s for s in left if any(u in decided and decided[u].action != "hit" for u in s.upstream)
            ]
            decided |= {s.name: self._waiting(s, decided) for s in waiting}
            ready = [s for s in left if s.name not in decided and s.upstream <= outputs.keys()]
            for planned in self.decide(ready, outputs):
                decided[planned.name] = planned
                if planned.hit:
                    outputs[planned.name] = planned.hit.outputs
            left = [s for s in left if s.name not in decided]
        return RunPlan(self.spec.name, {s.name: decided[s.name] for s in self.spec.steps})

    def decide(self, steps: Sequence[StepSpec], outputs: Outputs) -> list[PlannedStep]:
        """Decide for steps whose inputs are known, with one look-up for all of them."""
        started = time.perf_counter()
        parts = {step.name: self._parts(step, outputs) for step in steps}
        off = {step.name: why_off(self.spec, step, self.run_override, self.precedence) for step in steps}
        keys = [parts[step.name].key for step in steps if off[step.name] is None]
        newest = self.metadata.newest(keys) if self.metadata and keys else {}
        made = [self._decided(step, parts[step.name], off[step.name], newest) for step in steps]
        share = (time.perf_counter() - started) / max(1, len(steps))
        return [dataclasses.replace(planned, seconds=share) for planned in made]

    def _decided(
        self, step: StepSpec, parts: KeyParts, off: str | None, newest: Mapping[str, ExecutionRecord]
    ) -> PlannedStep:
        if off is not None:
            return PlannedStep(step.name, "run", off, parts, cached=False)
        hit, problem = self._usable(step, newest.get(parts.key), parts.key)
        if hit is not None:
            return PlannedStep(step.name, "hit", f"nothing changed since {_when(hit.created)}", parts, hit)
        return PlannedStep(step.name, "run", problem or self._why_new(step, parts), parts)

    def _waiting(self, step: StepSpec, decided: Mapping[str, PlannedStep]) -> PlannedStep:
        off = why_off(self.spec, step, self.run_override, self.precedence)
        if off is not None:
            return PlannedStep(step.name, "run", off, cached=False)
        on = sorted(u for u in step.upstream if u in decided and decided[u].action != "hit")
        return PlannedStep(step.name, "wait", f"waits for the result of {', '.join(on)}")

    # -- keys ---------------------------------------------------------------------------------

    def _parts(self, step: StepSpec, outputs: Outputs) -> KeyParts:
        body = self.bodies[step.name]
        fed = {item.name: outputs[item.source.step][item.source.output] for item in step.inputs}
        version = self._policy(step).version
        return KeyParts(
            code=body.code_digest,
            parameters={name: canonical_text(text) for name, text in sorted(step.parameters.items())},
            inputs={name: (artifact.value_type, artifact.digest) for name, artifact in sorted(fed.items())},
            outputs={
                name: (type_name(kind), _materializer(kind)) for name, kind in body.output_types.items()
            },
            policy={} if version is None else {"version": version},
        )

    def _policy(self, step: StepSpec) -> CachePolicy:
        return (step.policy or CachePolicy()).under(self.spec.policy)

    # -- look-ups -----------------------------------------------------------------------------

    def _usable(
        self, step: StepSpec, newest: ExecutionRecord | None, key: str
    ) -> tuple[ExecutionRecord | None, str | None]:
        """Choose an execution of a key whose outputs may be used; or say what is wrong with the newest."""
        assert self.metadata is not None or newest is None
        if newest is not None and self._problem(step, newest) is None:
            return newest, None
        problem = None
        for record in self.metadata.of_key(key) if self.metadata else ():
            wrong = self._problem(step, record)
            if wrong is None:
                return record, None
            problem = problem or (wrong if record.done else None)
        return None, problem

    def _problem(self, step: StepSpec, record: ExecutionRecord) -> str | None:
        if not record.done:
            return f"its last execution is {record.state.lower()}"
        lifetime = self._policy(step).expires_after
        if lifetime is not None and datetime.now(timezone.utc) - record.created > lifetime:
            return f"expired: computed {_when(record.created)}, kept for {lifetime}"
        for output in step.outputs:
            artifact = record.outputs.get(output.name)
            if artifact is None or not artifact.live:
                return f"the stored output {output.name} was dropped"
            if not is_whole(artifact.folder, artifact.size):
                return f"the stored output {output.name} is missing or damaged"
        return None

    def _why_new(self, step: StepSpec, parts: KeyParts) -> str:
        """Compare with the nearest earlier execution of the same step: the one with the fewest differences."""
        earlier = self.metadata.latest_of_step(step.identity) if self.metadata else []
        sources = {item.name: item.source.step for item in step.inputs}
        known = [KeyParts.model_validate_json(record.key_parts) for record in earlier if record.key_parts]
        if not known:
            return "no earlier result of this step"
        found = min((differences(old, parts, sources) for old in known), key=len)
        if not found:
            return "its earlier result cannot be reused"
        imprecise = self.bodies[step.name].imprecise
        return "; ".join((*found, imprecise) if imprecise else found)


def _materializer(kind: Any) -> str:
    found = find(kind) if isinstance(kind, type) else None
    return found.path if found else "by value"


def _when(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
