"""Fills stores with a long history: many earlier runs of one pipeline, connected as real ones are."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from ml_metadata.proto import metadata_store_pb2 as pb

from benchmarks.goals.pipelines import chain
from benchmarks.goals.timing import tell
from zencache.config import require_project
from zencache.metadata.schema import NODE_CONTEXT, PIPELINE_CONTEXT, STEP_CONTEXT
from zencache.metadata.session import open_records
from zencache.model.records import CachedStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zencache.metadata.session import ProjectRecords
    from zencache.pipelines import Pipeline

TOGETHER = 100  # runs a batch
SHARED = (PIPELINE_CONTEXT, NODE_CONTEXT, STEP_CONTEXT)
"""Types of contexts that all runs of a pipeline share; contexts of other types belong to one run."""
Numbered = dict[tuple[int, int], int]
"""The number of a copy and the id of an original, mapped to the copy's id."""


def reused(steps: int, count: int) -> None:
    """Run a chain repeatedly, with a hit for every step."""
    pipeline = chain(steps)
    for number in range(count):
        pipeline.run(run_name=f"again-{number}")


def executed_and_reused(steps: int, count: int) -> None:
    """Fill the store with executions of a chain: half computed with unique keys, half reused."""
    runs = count // steps // 2
    records = open_records(require_project())
    pipeline = chain(steps)
    first = FirstRun(records, pipeline.name)
    for begin in range(0, runs, TOGETHER):
        numbers = range(begin, min(begin + TOGETHER, runs))
        first.copy(numbers)
        publish(pipeline, records, numbers)
        if numbers.stop % (10 * TOGETHER) == 0:
            tell(f"  {2 * steps * numbers.stop:,} executions")


def publish(pipeline: Pipeline, records: ProjectRecords, numbers: Sequence[int]) -> None:
    """Record cached runs as zencache does."""
    hits = _cached_steps(pipeline)
    for number in numbers:
        handle = records.runs.begin(pipeline.spec, f"reused-{number}")
        records.results.publish(handle, hits, finished=0.01)


def _cached_steps(pipeline: Pipeline) -> list[CachedStep]:
    planned = pipeline.plan().steps
    outputs = {name: step.hit.outputs for name, step in planned.items()}
    return [
        CachedStep(spec, step.hit, step.parts.key, step.reason, spec.fed(outputs), step.seconds)
        for spec in pipeline.spec.steps
        for step in [planned[spec.name]]
    ]


class FirstRun:
    """A pipeline's first run, which is copied as if it had been computed with other parameters."""

    def __init__(self, records: ProjectRecords, pipeline: str) -> None:
        self.results, self.client = records.results, records.metadata.client
        self.run = records.runs.all(pipeline)[0].id
        self.pipeline = records.metadata.contexts.find(PIPELINE_CONTEXT, pipeline).id
        self.executions = self.client.get_executions_by_context(self.run)
        self.artifacts = self.client.get_artifacts_by_context(self.run)
        self.events = self.client.get_events_by_execution_ids([each.id for each in self.executions])
        self.of_execution = {e.id: self.client.get_contexts_by_execution(e.id) for e in self.executions}
        self.of_artifact = {a.id: self.client.get_contexts_by_artifact(a.id) for a in self.artifacts}
        contexts = {context.id: context for tied in self.of_execution.values() for context in tied}
        self.own = [context for context in contexts.values() if context.type not in SHARED]

    def copy(self, numbers: Sequence[int]) -> None:
        """Write copies, each with separate executions, artifacts, events, a run and keys."""
        executions, artifacts = self._things(numbers)
        contexts = self._contexts(numbers, executions)
        self.client.put_attributions_and_associations(
            [
                pb.Attribution(artifact_id=new, context_id=contexts.get((number, context.id), context.id))
                for (number, old), new in artifacts.items()
                for context in self.of_artifact[old]
            ],
            [
                pb.Association(execution_id=new, context_id=contexts.get((number, context.id), context.id))
                for (number, old), new in executions.items()
                for context in self.of_execution[old]
            ],
        )
        self.client.put_parent_contexts(
            [pb.ParentContext(child_id=contexts[n, self.run], parent_id=self.pipeline) for n in numbers]
        )
        self._remember(numbers[-1], executions)

    def _remember(self, number: int, executions: Numbered) -> None:
        """Register a copy as the newest result, as zencache registers computed results; it keeps few."""
        for old in self.executions:
            key = other(old.custom_properties["zencache_key"].string_value, number)
            self.results.remember(key, old.type, executions[number, old.id])

    def _things(self, numbers: Sequence[int]) -> tuple[Numbered, Numbered]:
        executions = [(n, old) for n in numbers for old in self.executions]
        artifacts = [(n, old) for n in numbers for old in self.artifacts]
        place = {(n, old.id): at for at, (n, old) in enumerate(executions)}
        made_at = {(n, old.id): at for at, (n, old) in enumerate(artifacts)}
        edges = [
            (
                place[n, event.execution_id],
                made_at[n, event.artifact_id],
                pb.Event(type=event.type, path=event.path),
            )
            for n in numbers
            for event in self.events
        ]
        execution_ids, artifact_ids, _ = self.client.put_lineage_subgraph(
            [execution_copy(old, n) for n, old in executions],
            [artifact_copy(old, n) for n, old in artifacts],
            [],
            edges,
        )
        return dict(zip(place, execution_ids, strict=True)), dict(zip(made_at, artifact_ids, strict=True))

    def _contexts(self, numbers: Sequence[int], executions: Numbered) -> Numbered:
        copies = {(n, old.id): context_copy(old, n, executions) for n in numbers for old in self.own}
        return dict(zip(copies, self.client.put_contexts(list(copies.values())), strict=True))


def execution_copy(old: Any, number: int) -> Any:
    record = like(old, name=other(old.name, number))
    record.custom_properties["zencache_key"].string_value = other(
        old.custom_properties["zencache_key"].string_value, number
    )
    return record


def artifact_copy(old: Any, number: int) -> Any:
    return like(old, uri=f"{old.uri}-{number}")


def context_copy(old: Any, number: int, executions: Numbered) -> Any:
    record = like(old, name=other(old.name, number))
    if "zencache_execution" in record.custom_properties:
        newest = record.custom_properties["zencache_execution"]
        newest.int_value = executions[number, newest.int_value]
    return record


def like(old: Any, **different: str) -> Any:
    """Copy a record without its id."""
    record = type(old)()
    record.CopyFrom(old)
    for name in ("id", "type", "create_time_since_epoch", "last_update_time_since_epoch"):
        record.ClearField(name)
    for name, value in different.items():
        setattr(record, name, value)
    return record


def other(name: str, number: int) -> str:
    """Derive a name that looks like a key from a name and the number of a copy."""
    return hashlib.sha256(f"{name} {number}".encode()).hexdigest()
