"""Results of steps: hits are published, executions get their keys, results of other stores are imported.

The order of writes is such that a half-written run is never a hit.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import get_properties, pb, set_properties
from zencache.metadata.execution_reader import RECENT
from zencache.metadata.mlmd_run_context import put_parent, put_run, run_context
from zencache.metadata.serialization import (
    hit_events,
    is_output,
    recent_of,
    recorded_parameters,
    step_properties,
)
from zencache.model.records import CachedStep, CollectedError, RunHandle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zencache.metadata.store import MetadataStore
    from zencache.metadata.versions import VersionStore
    from zencache.model.records import ExecutionRecord
    from zencache.model.specs import StepSpec


class ResultStore:
    """The results that runs of one project record."""

    def __init__(self, metadata: MetadataStore, versions: VersionStore) -> None:
        self._metadata = metadata
        self._client = metadata.client
        self._versions = versions
        self._execution_types: dict[str, int] = {}
        self._attributed: set[tuple[int, int]] = set()
        self._withdrawn: Counter[str] = Counter()
        """By name, how often an execution was withdrawn: the next one of its name gets a number."""

    # -- hits -----------------------------------------------------------------------------------------

    def publish(
        self, run: RunHandle, hits: Sequence[CachedStep], *, finished: float | None = None
    ) -> RunHandle:
        """Publish hits as CACHED executions in three transactions.

        With `finished` (seconds) they are the whole run, which is written by the same calls. If gc marked one
        of them before its use could be seen, withdraws all and raises CollectedError.
        """
        metadata = self._metadata
        with metadata.lock:
            status = "running" if finished is None else "completed"
            executions = [self._cached_execution(run, hit) for hit in hits]
            edges = [(n, None, event) for n, hit in enumerate(hits) for event in hit_events(hit)]
            execution_ids, context_id = put_run(metadata, run, status, finished, executions, edges)
            self._associate(run, hits, execution_ids, context_id)
            if run.context_id is None:
                put_parent(metadata, run, context_id)
            run = dataclasses.replace(run, context_id=context_id)
            self._check_live(run, hits, execution_ids, is_whole_run=finished is not None)
            if finished is not None:
                last_used = self._versions.with_last_used(run, [hit.hit.id for hit in hits])
                if last_used:
                    self._client.put_contexts(last_used)
        return run

    def withdraw(self, run: RunHandle, step: StepSpec) -> None:
        """Withdraw a run's records of a step whose result is damaged: TFX's launcher then runs it again."""
        assert run.context_id is not None
        ended_states = (pb.Execution.CACHED, pb.Execution.COMPLETE)
        with self._metadata.lock:
            executions = self._client.get_executions_by_context(run.context_id)
            ended = [e for e in executions if e.last_known_state in ended_states]
            of_step = [e for e in ended if get_properties(e.custom_properties).get(schema.STEP) == step.name]
            self._withdraw(of_step)

    def _withdraw(self, executions: Sequence[Any]) -> None:
        for execution in executions:
            execution.last_known_state = pb.Execution.CANCELED
            self._withdrawn[execution.name.partition("#")[0]] += 1
        if executions:
            self._client.put_executions(executions)

    def _check_live(
        self, run: RunHandle, hits: Sequence[CachedStep], execution_ids: Sequence[int], *, is_whole_run: bool
    ) -> None:
        """Withdraw published hits if one of them was collected: gc marks first and then reads uses."""
        not_live = self._metadata.artifact_records.not_live(
            a.id for hit in hits for a in hit.hit.outputs.values()
        )
        if not not_live:
            return
        self._withdraw(self._client.get_executions_by_id(execution_ids))
        if is_whole_run:
            self._client.put_contexts([run_context(self._metadata, run, "running")])
        lost = [hit.spec.name for hit in hits if not_live & {a.id for a in hit.hit.outputs.values()}]
        raise CollectedError(lost)

    def _cached_execution(self, run: RunHandle, hit: CachedStep) -> Any:
        name = self._metadata.contexts.case_safe_name(f"{run.name}:{hit.spec.name}")
        times_withdrawn = self._withdrawn[name]
        execution = pb.Execution(
            type_id=self._execution_type(hit.spec.identity),
            name=f"{name}#{times_withdrawn}" if times_withdrawn else name,
            last_known_state=pb.Execution.CACHED,
        )
        properties = {
            **recorded_parameters(hit.spec),
            **hit.dynamic,
            **step_properties(
                hit.spec, hit.key, None, hit.reason
            ),  # the parts of its key are with its origin
            schema.SECONDS: hit.seconds,
            schema.ORIGIN: hit.hit.id,
        }
        set_properties(execution.custom_properties, properties)
        return execution

    def _execution_type(self, name: str) -> int:
        if name not in self._execution_types:
            existing = self._metadata.executions.find_type(name)
            type_id = (
                existing.id if existing else self._client.put_execution_type(pb.ExecutionType(name=name))
            )
            self._execution_types[name] = int(type_id)
        return self._execution_types[name]

    def _associate(
        self, run: RunHandle, hits: Sequence[CachedStep], execution_ids: Sequence[int], run_id: int
    ) -> None:
        """Associate executions and their outputs with the contexts that TFX associates them with."""
        contexts = self._metadata.contexts
        pipeline_id = contexts.id_of(schema.PIPELINE_CONTEXT, run.pipeline)
        associations, attributed = [], []
        for execution_id, hit in zip(execution_ids, hits, strict=True):
            node_id = contexts.id_of(schema.NODE_CONTEXT, f"{run.pipeline}.{hit.spec.name}")
            associations += [
                pb.Association(execution_id=execution_id, context_id=c) for c in (pipeline_id, node_id)
            ]
            artifact_ids = {artifact.id for artifact in hit.hit.outputs.values()}
            new = {(a, c) for a in artifact_ids for c in (pipeline_id, node_id)} - self._attributed
            self._attributed |= new
            attributed += [*new, *((a, run_id) for a in artifact_ids)]
        attributions = [pb.Attribution(artifact_id=a, context_id=c) for a, c in attributed]
        self._client.put_attributions_and_associations(attributions, associations)

    # -- computed results -----------------------------------------------------------------------------

    def remember(self, key: str, identity: str, execution_id: int) -> None:
        """Make an execution the one that a look-up of its key returns; the last write for a step that ran."""
        contexts = self._metadata.contexts
        with self._metadata.lock:
            _ = contexts.id_of(schema.STEP_CONTEXT, identity)
            step_context = contexts.find(schema.STEP_CONTEXT, identity)
            assert step_context is not None
            recent = [*recent_of(step_context), execution_id][-RECENT:]
            set_properties(step_context.custom_properties, {schema.RECENT_EXECUTIONS: json.dumps(recent)})
            key_context = contexts.find(schema.KEY_CONTEXT, key)
            if key_context is not None:
                set_properties(key_context.custom_properties, {schema.NEWEST_EXECUTION: execution_id})
            self._client.put_contexts([step_context, *([key_context] if key_context else [])])

    def import_result(
        self, record: ExecutionRecord, identity: str, others: Sequence[MetadataStore]
    ) -> ExecutionRecord:
        """Return a result as this store's: a result of another store is copied.

        Raises CollectedError if gc collects it there meanwhile.
        """
        source = next((other for other in others if other.project.database == record.database), None)
        if source is None or record.key is None:
            return record
        from zencache.metadata.import_execution import copy_execution  # noqa: PLC0415 - seldom needed

        copy_id = copy_execution(record, source, self._metadata)
        [copy] = self._metadata.executions.by_id([copy_id])
        # gc looks for copies after it has marked: either gc sees this copy, or the mark is seen here.
        if source.artifact_records.not_live(artifact.id for artifact in record.outputs.values()):
            for artifact in copy.outputs.values():
                self._metadata.artifact_records.mark_damaged(
                    artifact.id, "it was collected where it came from"
                )
            raise CollectedError([record.step])
        self.remember(record.key, identity, copy_id)
        return copy

    def note(self, execution_id: int, values: Mapping[str, Any]) -> None:
        """Write custom properties of an execution."""
        with self._metadata.lock:
            [execution] = self._client.get_executions_by_id([execution_id])
            set_properties(execution.custom_properties, values)
            self._client.put_executions([execution])

    # -- native components ----------------------------------------------------------------------------

    def annotate(self, execution_id: int, values: Mapping[str, Any]) -> ExecutionRecord:
        """Write custom properties of a native component's execution, and the digests of its outputs."""
        with self._metadata.lock:
            self.note(execution_id, values)
            events = self._client.get_events_by_execution_ids([execution_id])
            outputs = [event for event in events if is_output(event)]
            own = {event.artifact_id for event in outputs if event.type == pb.Event.OUTPUT}
            others = {event.artifact_id for event in outputs} - own
            self._metadata.artifact_records.with_digests(sorted(own), recompute=True)
            self._metadata.artifact_records.with_digests(sorted(others))
        return self._metadata.executions.by_id([execution_id])[0]

    def annotate_failure(self, run: RunHandle, spec: StepSpec, values: Mapping[str, Any]) -> None:
        """Write custom properties of a native component's execution that failed in a run."""
        node = self._metadata.contexts.find(schema.NODE_CONTEXT, f"{run.pipeline}.{spec.name}")
        if node is None or run.context_id is None:
            return
        ids_of_run = {e.id for e in self._client.get_executions_by_context(run.context_id)}
        ids_of_node = {e.id for e in self._client.get_executions_by_context(node.id)}
        if ids := ids_of_run & ids_of_node:
            self.annotate(max(ids), values)

    def associate_with_key(self, key: str, execution_id: int) -> None:
        """Associate an execution with the context of its key."""
        context_id = self._metadata.contexts.id_of(schema.KEY_CONTEXT, key)
        association = pb.Association(execution_id=execution_id, context_id=context_id)
        self._client.put_attributions_and_associations([], [association])

    def push_destinations(self, execution_id: int) -> list[str]:
        """List where an execution wrote outside of its outputs, as TFX's pushers record it."""
        events = self._client.get_events_by_execution_ids([execution_id])
        artifacts = self._client.get_artifacts_by_id([event.artifact_id for event in events])
        properties = (get_properties(artifact.custom_properties) for artifact in artifacts)
        destinations = (each.get(schema.PUSHED_DESTINATION) for each in properties)
        return [destination for destination in destinations if destination]
