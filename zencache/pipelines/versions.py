"""Versions of a pipeline: the structures that ran under its name, and their differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zencache.caching.key import KeyParts
from zencache.caching.key_diff import differences, read_texts
from zencache.errors import NotFoundError
from zencache.pipelines.run import PipelineRun
from zencache.planning.code_diff import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zencache.metadata.session import ProjectRecords
    from zencache.model.records import ExecutionRecord, VersionRecord
    from zencache.model.specs import PipelineSpec, StepSpec


@dataclass(frozen=True, eq=False, repr=False)
class PipelineVersion:
    """A version of a pipeline: one structure, and the runs that had it."""

    _record: VersionRecord
    _pipeline: str
    _records: ProjectRecords

    @property
    def number(self) -> int:
        """The version's number, from 1."""
        return self._record.number

    @property
    def spec(self) -> PipelineSpec:
        """The steps and connections, with the parameters of the version's first run."""
        return self._record.spec

    @property
    def runs(self) -> list[PipelineRun]:
        """The version's runs, newest last."""
        runs = self._records.runs.all(self._pipeline)
        return [PipelineRun(run, self._records) for run in runs if run.version == self.number]

    def __repr__(self) -> str:
        return f"<version {self.number} of pipeline {self._pipeline}>"

    def diff(self, other: PipelineVersion) -> list[str]:
        """Say what `other` has that this version has not, one sentence a difference.

        Steps that were removed, added, replaced or rewired; then, of the steps that both have, parameters as
        the newest runs had them, and code as the newest executions had it. For instance
        `['step svc_trainer replaced by tree_trainer', 'step normaliser: parameter scale: 255 → 127']`.
        """
        old, new = self._latest(), other._latest()
        return [*structure_differences(old.spec, new.spec), *_changes(old, new)]

    def _latest(self) -> _Latest:
        """Look up the newest run of the version, and the newest execution of each of its steps."""
        runs = self.runs
        executions: dict[str, ExecutionRecord] = {}
        for run in reversed(runs):
            if len(executions) == len(self.spec.steps):
                break
            for name, step in run.steps.items():
                if step.execution is not None:
                    executions.setdefault(name, step.execution)
        return _Latest(runs[-1].spec if runs else self.spec, executions, self._records)


@dataclass(frozen=True)
class _Latest:
    """What a version was when it ran last."""

    spec: PipelineSpec
    executions: Mapping[str, ExecutionRecord]
    records: ProjectRecords

    def parts(self, step: str) -> KeyParts | None:
        """Give what a step's key was made of, without its inputs' content and with the newest parameters."""
        record = self.executions.get(step)
        computed = self._computed(record) if record is not None else None
        parts = parts_of(computed) if computed is not None else None
        as_now = {"parameters": self.spec.by_name[step].parameters, "inputs": {}}
        return parts.model_copy(update=as_now) if parts is not None else None

    def _computed(self, record: ExecutionRecord) -> ExecutionRecord | None:
        """Give the execution that computed what this one gave: of a hit, the one that it reused."""
        if record.origin is None:
            return record
        return next(iter(self.records.metadata.executions.by_id([record.origin])), None)


def find_version(versions: list[PipelineVersion], number: int, pipeline: str) -> PipelineVersion:
    """Find a version by its number; raises NotFoundError that says which there are."""
    for version in versions:
        if version.number == number:
            return version
    numbers = ", ".join(str(version.number) for version in versions)
    raise NotFoundError(
        f"pipeline {pipeline} has no version {number}; it has {numbers or 'none yet'} "
        f"(`zencache pipeline versions '{pipeline}'`)"
    )


# -- structure ------------------------------------------------------------------------------------


def structure_differences(old: PipelineSpec, new: PipelineSpec) -> list[str]:
    """Say how two structures differ: steps removed, added, replaced (in a slot), rewired."""
    replaced = _replaced(old, new)
    gone = [name for name in old.by_name if name not in new.by_name and name not in replaced]
    added = [n for n in new.by_name if n not in old.by_name and n not in replaced.values()]
    words = [f"step {name} removed" for name in gone]
    words += [f"step {name} added" for name in added]
    words += [f"step {was} replaced by {now}" for was, now in replaced.items()]
    for name in (name for name in old.by_name if name in new.by_name):
        was, now = old.by_name[name], new.by_name[name]
        if was.identity != now.identity:
            words.append(f"step {name} replaced: {was.identity} → {now.identity}")
    names = {name: name for name in old.by_name if name in new.by_name} | replaced
    for was_name, now_name in names.items():
        words += _rewired(old.by_name[was_name], new.by_name[now_name], names)
    return words


def _replaced(old: PipelineSpec, new: PipelineSpec) -> dict[str, str]:
    """Tie each step that is gone to the new one that stands in its slot, if one does."""
    slots = {s.slot: s.name for s in new.steps if s.slot is not None and s.name not in old.by_name}
    gone = {s.slot: s.name for s in old.steps if s.slot is not None and s.name not in new.by_name}
    return {name: slots[slot] for slot, name in gone.items() if slot in slots}


def _rewired(was: StepSpec, now: StepSpec, names: Mapping[str, str]) -> Iterator[str]:
    """Say what feeds a step now that did not; `names` ties old names of steps to new ones."""
    before, after = _sources(was, names), _sources(now, {})
    if was.identity != now.identity and list(before.values()) == list(after.values()):
        return  # another function, whose arguments have other names
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            fed = [", ".join(each.get(name, ("(nothing)",))) for each in (before, after)]
            yield f"step {now.name} rewired: {name} from {fed[0]} → {fed[1]}"


def _sources(step: StepSpec, names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Name by input what feeds a step, under `order` the steps that it waits for without taking a result."""
    sources: dict[str, tuple[str, ...]] = {}
    for item in step.inputs:
        place = f"{names.get(item.source.step, item.source.step)}.{item.source.output}"
        sources[item.name] = (*sources.get(item.name, ()), place)
    order = sorted(names.get(name, name) for name in step.after)
    return {**sources, **({"order": tuple(order)} if order else {})}


# -- parameters and code --------------------------------------------------------------------------


def _changes(old: _Latest, new: _Latest) -> Iterator[str]:
    """Say what changed in the steps that both have."""
    for name, now in new.spec.by_name.items():
        was = old.spec.by_name.get(name)
        if was is None or was.identity != now.identity:
            continue
        before, after = old.parts(name), new.parts(name)
        if before is None or after is None:  # one of them never began: the specs have its parameters
            before = KeyParts(code="", parameters=was.parameters)
            after = KeyParts(code="", parameters=now.parameters)
        stored = new.records.project.sources
        texts = read_texts(stored, after.sources)
        words = differences(before, after, {}, texts=texts, stored=stored)
        yield from (f"step {name}: {each}" for each in words)
