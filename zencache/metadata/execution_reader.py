"""Reads executions: by cache key, by step, by run and by id, with their inputs and outputs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import ListOptions, OrderByField, errors
from zencache.metadata.serialization import (
    event_keys,
    execution_record,
    is_output,
    newest_of,
    recent_of,
    was_withdrawn,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zencache.metadata.artifact_records import ArtifactRecords
    from zencache.metadata.client import MetadataClient
    from zencache.metadata.contexts import Contexts
    from zencache.model.database import Database
    from zencache.model.records import ArtifactRecord, ExecutionRecord

_MOST_KEPT = 10_000  # records in memory
RECENT = 20  # executions of one key or step that are read, however many there are


class Executions:
    """The executions of one store."""

    def __init__(
        self, client: MetadataClient, contexts: Contexts, artifacts: ArtifactRecords, database: Database
    ) -> None:
        self._client = client
        self._contexts = contexts
        self._artifacts = artifacts
        self._database = database
        self._key_context_ids: dict[str, int] = {}
        self._places: dict[int, tuple[str, str]] = {}
        self._records: dict[int, tuple[Any, ExecutionRecord]] = {}

    # -- by key and by step -------------------------------------------------------------------------

    def newest(self, keys: Iterable[str]) -> dict[str, ExecutionRecord]:
        """Look up keys: for each known key, the newest execution that computed it."""
        context_by_key = {context.name: context for context in self._key_contexts(dict.fromkeys(keys))}
        key_by_id = {
            execution_id: key
            for key, context in context_by_key.items()
            if (execution_id := newest_of(context))
        }
        return {key_by_id[record.id]: record for record in self.by_id(list(key_by_id)) if record.done}

    def newest_among(self, ids: Sequence[int]) -> dict[str, ExecutionRecord]:
        """Read executions at once, and return those that are the newest of their keys, by key."""
        record_by_key = {record.key: record for record in self.by_id(ids) if record.key and record.done}
        newest = {context.name: newest_of(context) for context in self._key_contexts(record_by_key)}
        return {key: record for key, record in record_by_key.items() if newest.get(key) == record.id}

    def of_key(self, key: str) -> list[ExecutionRecord]:
        """List the newest executions that computed a key, newest first."""
        context = self._contexts.find(schema.KEY_CONTEXT, key)
        if context is None:
            return []
        options = ListOptions(limit=RECENT, order_by=OrderByField.ID, is_asc=False)
        return self.records(self._client.get_executions_by_context(context.id, list_options=options))

    def of_step(self, identity: str) -> list[ExecutionRecord]:
        """List the newest executions that computed a step, newest first; a miss is compared with them."""
        context = self._contexts.find(schema.STEP_CONTEXT, identity)
        ids = recent_of(context) if context else []
        executions = self._client.get_executions_by_id(ids) if ids else []
        return self.records(sorted(executions, key=lambda e: -e.id), events=False)

    def _key_contexts(self, keys: Iterable[str]) -> list[Any]:
        """Read the contexts of keys: in one call where their ids are known, else one by one."""
        wanted = list(keys)
        ids = [self._key_context_ids[key] for key in wanted if key in self._key_context_ids]
        contexts = list(self._client.get_contexts_by_id(ids)) if ids else []
        by_name = (
            self._contexts.find(schema.KEY_CONTEXT, key) for key in wanted if key not in self._key_context_ids
        )
        contexts += [context for context in by_name if context is not None]
        self._key_context_ids |= {context.name: context.id for context in contexts}
        return contexts

    # -- by id and by run ---------------------------------------------------------------------------

    def by_id(self, ids: Sequence[int]) -> list[ExecutionRecord]:
        """Read executions by id."""
        return self.records(self._client.get_executions_by_id(ids)) if ids else []

    def of_run(self, context_id: int) -> list[ExecutionRecord]:
        """Read a run's executions, oldest first; those of TFX's own runners are named by their nodes."""
        executions = self._client.get_executions_by_context(context_id)
        valid = sorted((e for e in executions if not was_withdrawn(e)), key=lambda e: e.id)
        own_ids = {e.id for e in valid if schema.STEP in e.custom_properties}
        return [
            r if r.id in own_ids else replace(r, step=self.place_of(r.id)[1]) for r in self.records(valid)
        ]

    def place_of(self, execution_id: int) -> tuple[str, str]:
        """Return an execution's pipeline and node; empty names if it belongs to none."""
        if execution_id not in self._places:
            contexts = self._client.get_contexts_by_execution(execution_id)
            name_by_type = {context.type: context.name for context in contexts}
            pipeline = str(name_by_type.get(schema.PIPELINE_CONTEXT, ""))
            node = str(name_by_type.get(schema.NODE_CONTEXT, "")).removeprefix(f"{pipeline}.")
            self._places[execution_id] = (pipeline, node)
        return self._places[execution_id]

    def find_type(self, name: str) -> Any | None:
        """Find an execution type by name."""
        try:
            return self._client.get_execution_type(name)
        except errors.NotFoundError:
            return None

    # -- records ------------------------------------------------------------------------------------

    def records(self, executions: Sequence[Any], *, events: bool = True) -> list[ExecutionRecord]:
        """Turn ML Metadata's executions into records: two calls for all their events and artifacts."""
        if not executions:
            return []
        events_by_id: dict[int, list[Any]] = {execution.id: [] for execution in executions}
        for event in self._client.get_events_by_execution_ids(list(events_by_id)) if events else ():
            events_by_id[event.execution_id].append(event)
        artifact_ids = sorted({event.artifact_id for each in events_by_id.values() for event in each})
        artifacts = self._client.get_artifacts_by_id(artifact_ids) if artifact_ids else []
        artifact_by_id = {artifact.id: artifact for artifact in artifacts}
        return [self._record(e, events_by_id[e.id], artifact_by_id) for e in executions]

    def _record(
        self, execution: Any, events: list[Any], artifact_by_id: Mapping[int, Any]
    ) -> ExecutionRecord:
        """Return the record of what was read; one that was made of the same is returned again."""
        read = (execution, events, [artifact_by_id[event.artifact_id] for event in events])
        kept = self._records.get(execution.id)
        if kept is not None and kept[0] == read:
            return kept[1]
        if len(self._records) >= _MOST_KEPT:
            self._records.clear()
        record = self._new_record(*read)
        self._records[execution.id] = (read, record)
        return record

    def _new_record(self, execution: Any, events: Sequence[Any], artifacts: Sequence[Any]) -> ExecutionRecord:
        inputs: dict[str, ArtifactRecord] = {}
        outputs: dict[str, ArtifactRecord] = {}
        for event, artifact in zip(events, artifacts, strict=True):
            side = outputs if is_output(event) else inputs
            side.update({name: self._artifacts.record(name, artifact) for name in event_keys(event)})
        return execution_record(execution, inputs, outputs, self._database)
