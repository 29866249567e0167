"""The planner: decides step by step what a run does, and looks up keys level by level."""

from __future__ import annotations

import dataclasses
import time
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zencache.artifacts.integrity import NO_MANIFEST
from zencache.caching.key import KeyParts
from zencache.caching.key_diff import differences
from zencache.planning.cache_enabled import why_off
from zencache.planning.code_diff import code_changes
from zencache.planning.component_body import IMPORTER, feeding_components
from zencache.planning.plan import PlannedStep, RunPlan
from zencache.tracking.observed_inputs import Seen, changed
from zencache.util.durations import duration_text
from zencache.util.imports import PausedCollection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zencache.config import Project
    from zencache.metadata.store import MetadataStore
    from zencache.model.records import ArtifactRecord, ExecutionRecord
    from zencache.model.specs import PipelineSpec, StepSpec
    from zencache.planning.key_maker import KeyMaker
    from zencache.planning.planned_writes import PlannedWrites
    from zencache.policy import CachePolicy

Outputs = dict[str, "Mapping[str, ArtifactRecord]"]


@dataclasses.dataclass(frozen=True)
class Planner:
    """Decides what a run of a pipeline does; workers decide again when inputs are known (early cutoff)."""

    spec: PipelineSpec
    keys: KeyMaker
    metadata: MetadataStore | None
    """None before the first run: there are no records yet."""
    run_override: bool | None = None
    precedence: str = "step"
    others: Sequence[MetadataStore] = ()
    """Other stores of the project: they are searched for results that this one lacks."""
    likely: Sequence[int] = ()
    """Executions that the last run of the pipeline used: they are read together, before any key is known."""
    _earlier_by_identity: dict[str, list[ExecutionRecord]] = dataclasses.field(default_factory=dict)
    _problem_by_uri: dict[str, str | None] = dataclasses.field(default_factory=dict)
    """While a plan is made: what is wrong with remote artifacts, by uri; they are checked together."""

    def plan(self) -> RunPlan:
        """Decide for every step; looks up, writes nothing."""
        with PausedCollection():  # the graphs of code are large, and nothing of them is garbage
            return self._plan()

    def _plan(self) -> RunPlan:
        from zencache.tracking import generator_state  # noqa: PLC0415 - declaring a pipeline needs it not

        generator_state.check_all()
        with self.keys.remembering():
            for step in self.spec.steps:  # now: steps that run change what they keep in memory
                self.keys.code(step.name)
        ahead = self.metadata.executions.newest_among(self.likely) if self.metadata else {}
        decided: dict[str, PlannedStep] = {}
        outputs: Outputs = {}
        self._check_ahead(ahead)
        order = self.writes.order(ahead.values() if self.likely else ())
        for level in self.spec.ordered(order).levels:
            waiting = [s for s in level if not s.waits_for <= outputs.keys() or (s.node and s.node.is_late)]
            decided |= {s.name: self._waiting(s, decided) for s in waiting}
            for planned in self.decide([s for s in level if s.name not in decided], outputs, ahead):
                decided[planned.name] = self._later(planned)
                if decided[planned.name].hit and planned.hit:
                    outputs[planned.name] = planned.hit.outputs
        self._problem_by_uri.clear()  # what is there may change while steps run
        return RunPlan(self.spec.name, {s.name: decided[s.name] for s in self.spec.steps}, self.diff, order)

    def decide(
        self, steps: Sequence[StepSpec], outputs: Outputs, ahead: Mapping[str, ExecutionRecord] | None = None
    ) -> list[PlannedStep]:
        """Decide for steps whose inputs are known, with one look-up for all keys not read `ahead`."""
        return self._decide({step.name: self.keys.parts(step, step.fed(outputs)) for step in steps}, ahead)

    def decide_one(
        self, step: StepSpec, inputs: Mapping[str, ArtifactRecord], computed: Mapping[str, Any]
    ) -> PlannedStep:
        """Decide for one step from its inputs, and from parameters that were computed from them."""
        [planned] = self._decide({step.name: self.keys.parts(step, inputs, computed)})
        return planned

    def _decide(
        self, parts: Mapping[str, KeyParts], ahead: Mapping[str, ExecutionRecord] | None = None
    ) -> list[PlannedStep]:
        started = time.perf_counter()
        steps = [self.spec.by_name[name] for name in parts]
        off = {step.name: self._why_off(step) for step in steps}
        keys = [parts[step.name].key for step in steps if off[step.name] is None]
        ahead_by_key = ahead or {}
        others = [key for key in keys if key not in ahead_by_key]
        newest = self.metadata.executions.newest(others) if self.metadata and others else {}
        if ahead is not None:
            self._check_ahead(newest)
        newest_by_key = {key: ahead_by_key.get(key) or newest.get(key) for key in keys}
        decided = [self._decided(step, parts[step.name], off[step.name], newest_by_key) for step in steps]
        share = (time.perf_counter() - started) / max(1, len(steps))
        return [dataclasses.replace(planned, seconds=share) for planned in decided]

    def diff(self, planned: PlannedStep) -> str:
        """Show the lines of code that differ from the execution that a step's reason compares with."""
        if planned.parts is None or planned.compared_with is None or self.metadata is None:
            return ""
        [old] = self.metadata.executions.by_id([planned.compared_with])
        now = self.keys.texts(self.spec.by_name[planned.name])
        return code_changes(old, planned.parts, now, self.metadata.project.sources)

    def _why_off(self, step: StepSpec) -> str | None:
        never_cached = self.keys.bodies[step.name].never_cached
        return never_cached or why_off(self.spec, step, self.run_override, self.precedence, self.keys.project)

    def _decided(
        self, step: StepSpec, parts: KeyParts, off: str | None, newest: Mapping[str, ExecutionRecord | None]
    ) -> PlannedStep:
        if off is not None:
            return self._run(step, off, parts=parts, cached=False)
        hit, problem = self._usable(step, newest.get(parts.key), parts.key)
        if hit is not None:
            unseen = self._unseen(hit, self.keys.policy(step))
            restores = self.writes.to_restore(step, hit)
            back = f"{', '.join(restores)}, which it wrote, is put back" if restores else ""
            reason = "; ".join(filter(None, (f"nothing changed since {_when(hit.created)}", unseen, back)))
            return PlannedStep(step.name, "hit", reason, parts, hit, takes=hit.seconds, restores=restores)
        if problem:
            return self._run(step, problem, parts=parts)
        return self._why_new(step, parts)

    def _waiting(self, step: StepSpec, decided: Mapping[str, PlannedStep]) -> PlannedStep:
        off = self._why_off(step)
        if off is not None:
            return self._run(step, off, cached=False)
        on, writers = (
            ", ".join(sorted(u for u in names if u in decided and decided[u].action != "hit"))
            for names in (step.upstream, step.waits_for - step.upstream)
        )
        takes = _usual(self._earlier(step))
        why = f"waits for the result of {on}" if on else "what feeds it is known when it runs"
        if writers:
            words = (why, "and") if on else ("waits",)
            why = " ".join((*words, f"for {writers}, which was seen to write what it reads"))
        return PlannedStep(step.name, "wait", why, takes=takes)

    def _later(self, planned: PlannedStep) -> PlannedStep:
        """Leave a hit whose files are to be put back to the run: steps after it may read them."""
        if not planned.restores:
            return planned
        return PlannedStep(planned.name, "wait", planned.reason, takes=planned.takes)

    def _run(
        self, step: StepSpec, reason: str, *, parts: KeyParts | None = None, cached: bool = True
    ) -> PlannedStep:
        return PlannedStep(step.name, "run", reason, parts, cached=cached, takes=_usual(self._earlier(step)))

    # -- look-ups -----------------------------------------------------------------------------

    def _usable(
        self, step: StepSpec, newest: ExecutionRecord | None, key: str
    ) -> tuple[ExecutionRecord | None, str | None]:
        """Choose an execution of a key whose outputs can be reused; or say what is wrong with the newest."""
        assert self.metadata is not None or newest is None
        if newest is not None and self._problem(step, newest) is None:
            return newest, None
        problem = None
        for record in self.metadata.executions.of_key(key) if self.metadata else ():
            wrong = self._problem(step, record)
            if wrong is None:
                return record, None
            problem = problem or (wrong if record.done else None)
        for other in self.others:
            candidate = other.executions.newest([key]).get(key)
            if candidate is not None and self._problem(step, candidate) is None:
                return candidate, None
        return None, problem

    def _problem(self, step: StepSpec, record: ExecutionRecord) -> str | None:  # noqa: PLR0911 - a list
        if not record.done:
            return f"its last execution is {record.state.lower()}"
        if record.dropped:
            return f"its earlier result was dropped: {record.dropped}"
        policy = self.keys.policy(step)
        age = datetime.now(timezone.utc) - record.created
        if policy.expires_after is not None and age > policy.expires_after:
            kept, past = policy.expires_after, age - policy.expires_after
            expired, limit = duration_text(past), duration_text(kept)
            return f"expired {expired} ago: computed {_when(record.created)}, kept for {limit}"
        for name in record.outputs if step.node else [output.name for output in step.outputs]:
            artifact = record.outputs.get(name)
            if artifact is None or not artifact.live:
                collected = artifact.collected if artifact else ""
                return (
                    f"the stored output {name} was {f'collected on {collected}' if collected else 'dropped'}"
                )
            # What an importer points to is in its key, also where it is not there.
            wrong = None if step.identity == IMPORTER else self._wrong(step, artifact)
            if wrong:
                return f"the stored output {name} {wrong}"
            if self._is_unsigned(artifact):
                return f"the stored output {name} is not signed with this project's key"
        if not record.seen or policy.watch is False:
            return None
        seen = Seen.from_json(record.seen)
        unseen = self._unseen(record, policy)
        if unseen and self._project.unseen == "run":
            return f'{unseen} (setting unseen = "run")'
        changes = changed(seen, self.keys.root, self.keys.digests, step.parameters)
        return "; ".join((*changes, *self.writes.changes(step, seen))) or None

    @cached_property
    def writes(self) -> PlannedWrites:
        """What is decided about files that steps wrote."""
        stores = [self.metadata, *self.others] if self.metadata else self.others
        from zencache.planning.planned_writes import PlannedWrites  # noqa: PLC0415 - a declared pipeline plans nothing

        return PlannedWrites(self.spec, self.keys, self._earlier, [store.project for store in stores])

    @property
    def _project(self) -> Project:
        [store, *_] = (self.metadata, *self.others) if self.metadata else self.others
        return store.project

    def _unseen(self, record: ExecutionRecord, policy: CachePolicy) -> str:
        """Say which reads are not seen, such as those of programs; nothing if its policy names files."""
        if not record.seen or policy.watch is False or policy.files is not None:
            return ""
        seen = Seen.from_json(record.seen)
        programs, reads = ", ".join(seen.unseen_programs), ", ".join(seen.unseen_reads)
        sentences = (
            f"it started {programs}, whose reads are not seen" if programs else "",
            f"not all {reads} were noted, which it may use" if reads else "",
        )
        return "; ".join(filter(None, sentences))

    def _wrong(self, step: StepSpec, artifact: ArtifactRecord) -> str | None:
        """Say what is wrong with an artifact, or None if it can be reused."""
        [store, *_] = (self.metadata, *self.others) if self.metadata else self.others
        unreadable = store.artifacts.problem_for_components(artifact)
        if unreadable and step.name in feeding_components(self.spec):
            return unreadable
        if artifact.uri in self._problem_by_uri:
            return self._problem_by_uri[artifact.uri]
        problem = store.artifacts.problem(artifact)
        is_to_come = problem == NO_MANIFEST and any(
            each.artifacts.lacks_manifests for each in (store, *self.others)
        )
        return None if is_to_come else problem

    def _check_ahead(self, executions: Mapping[str, ExecutionRecord]) -> None:
        """Check the outputs of executions in the artifact store together."""
        if self.metadata is not None:
            outputs = [artifact for record in executions.values() for artifact in record.outputs.values()]
            self._problem_by_uri.update(self.metadata.artifacts.problems(outputs))

    def _is_unsigned(self, artifact: ArtifactRecord) -> bool:
        """Say whether it runs code when it is loaded, and lacks the signature that the project demands."""
        assert self.metadata is not None
        demanded = self.metadata.project.settings.require_signature and artifact.materializer
        if not demanded:
            return False
        from zencache.materializers.signatures import lacks_signature  # noqa: PLC0415 - few projects sign

        return lacks_signature(artifact)

    def notes_before(self, step: StepSpec) -> set[str]:
        """Give the notes of earlier executions of a step."""
        seen = [Seen.from_json(record.seen) for record in self._earlier(step) if record.seen]
        return {note for each in seen for note in each.notes}

    def _earlier(self, step: StepSpec) -> list[ExecutionRecord]:
        if step.identity not in self._earlier_by_identity:
            self._earlier_by_identity[step.identity] = (
                self.metadata.executions.of_step(step.identity) if self.metadata else []
            )
        return self._earlier_by_identity[step.identity]

    def _why_new(self, step: StepSpec, parts: KeyParts) -> PlannedStep:
        """Compare with the nearest earlier execution of the step: the one with the fewest differences."""
        earlier = self._earlier(step)
        parts = self.keys.explained(step, parts)
        sources = {name: source.step for name, source in step.input_sources.items()}
        parts_by_id = {
            record.id: KeyParts.model_validate_json(record.key_parts)
            for record in earlier
            if record.key_parts and record.done
        }
        takes = _usual(earlier)
        if not parts_by_id:
            reason = "; ".join(("no earlier result of this step", *self._doubts(step, unknown=True)))
            return PlannedStep(step.name, "run", reason, parts, takes=takes)
        texts = self.keys.texts(step)
        stored = self.metadata.project.sources if self.metadata else None
        differences_by_id = {
            i: differences(old, parts, sources, texts=texts, stored=stored) for i, old in parts_by_id.items()
        }
        nearest = min(differences_by_id, key=lambda i: len(differences_by_id[i]))
        words = differences_by_id[nearest] or ("its earlier result cannot be reused",)
        reason = "; ".join((*words, *self._doubts(step, unknown=not differences_by_id[nearest])))
        return PlannedStep(step.name, "run", reason, parts, takes=takes, compared_with=nearest)

    def _doubts(self, step: StepSpec, *, unknown: bool) -> tuple[str, ...]:
        """Say where the code digest is imprecise, and always where nothing can be known."""
        doubts = self.keys.doubts(step)
        return (
            doubts if unknown or any("no result can be reused" in doubt for doubt in doubts) else doubts[:1]
        )


def _usual(earlier: Sequence[ExecutionRecord]) -> float | None:
    """Predict how long a step takes: the median of what it took the last times; None if it never ran."""
    took = sorted(record.seconds for record in earlier if record.state == "COMPLETE" and record.seconds)
    return took[len(took) // 2] if took else None


def _when(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
