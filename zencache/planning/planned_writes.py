"""Decides about files that steps wrote: which have to be as they were, and which are put back from copies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zencache.tracking.observed_inputs import Seen, changed_writes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from zencache.config import Project
    from zencache.model.records import ExecutionRecord
    from zencache.model.specs import PipelineSpec, StepSpec
    from zencache.planning.key_maker import KeyMaker


@dataclass(frozen=True)
class PlannedWrites:
    """The files that the steps of a pipeline wrote, as far as their records are asked for."""

    spec: PipelineSpec
    keys: KeyMaker
    earlier: Callable[[StepSpec], Sequence[ExecutionRecord]]
    """Gives the earlier executions of a step, the newest first."""
    projects: Sequence[Project]
    """They may keep copies of the files."""
    _shared: dict[str, frozenset[str]] = field(default_factory=dict)

    def changes(self, step: StepSpec, seen: Seen) -> list[str]:
        """List the files that make a step run again: those that are not as it left them."""
        return [] if not seen.writes else list(self._changes(step, seen, restored=False).values())

    def to_restore(self, step: StepSpec, record: ExecutionRecord) -> dict[str, str]:
        """Give the files of a hit that are to be put back, each to its digest."""
        if self.keys.policy(step).writes != "restore" or not _has(record, "writes"):
            return {}
        seen = Seen.from_json(record.seen or "{}")
        return {name: seen.writes[name] for name in self._changes(step, seen, restored=True)}

    def order(self, executions: Iterable[ExecutionRecord]) -> dict[str, tuple[str, ...]]:
        """Give the order that files demand: step to the steps that were seen to write what it reads.

        `executions` are those of the last run; a step without one is asked for its earlier ones.
        """
        records = {record.step: [record] for record in executions}
        order = {}
        for step in self.spec.steps if len(self.spec.steps) > 1 else ():
            known = records.get(step.name) or (self.earlier(step) if step.node is None else ())
            seen = (Seen.from_json(record.seen or "{}") for record in known if _has(record, "channels"))
            if writers := {writer for each in seen for writer in each.channels.values()}:
                order[step.name] = tuple(sorted(writers))
        return order

    def _changes(self, step: StepSpec, seen: Seen, *, restored: bool) -> dict[str, str]:
        policy = self.keys.policy(step)
        if policy.writes == "ignore" or policy.watch is False:
            return {}
        by_name = changed_writes(seen, self.keys.root, self.keys.digests)
        return {
            name: sentence
            for name, sentence in by_name.items()
            if not self._is_shared(step, name)
            and (policy.writes == "restore" and self._is_kept(seen.writes[name])) is restored
        }

    def _is_kept(self, digest: str) -> bool:
        from zencache.artifacts.kept_files import has_copy  # noqa: PLC0415 - few policies ask for copies

        return has_copy(self.projects, digest)

    def _is_shared(self, step: StepSpec, name: str) -> bool:
        """Say whether another step of the pipeline was seen to write a file in the same run."""
        return any(name in self._shared_of(other) for other in self.spec.steps if other.name != step.name)

    def _shared_of(self, step: StepSpec) -> frozenset[str]:
        if step.name not in self._shared:
            seen = (Seen.from_json(r.seen or "{}") for r in self.earlier(step) if _has(r, "shared"))
            self._shared[step.name] = frozenset(name for each in seen for name in each.shared)
        return self._shared[step.name]


def _has(record: ExecutionRecord, part: str) -> bool:
    """Say whether a record has a part, without reading all of it."""
    return bool(record.seen) and f'"{part}":' in str(record.seen)
