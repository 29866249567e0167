"""Reads all that a metadata store holds as frozen values, for maintenance."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.metadata.client import ListOptions, OrderByField, get_properties, in_batches, pb
from zencache.metadata.run_status import is_active
from zencache.metadata.schema import (
    COLLECTED,
    DELETED,
    IMPORTED_FROM,
    INVALIDATED,
    KEY,
    KEY_PARTS,
    OBSERVED_INPUTS,
    PUSHED_DESTINATION,
    RUN_CONTEXT,
    SPEC,
    STEP,
    VERSION_CONTEXT,
)
from zencache.metadata.serialization import OUTPUT_EVENTS, was_withdrawn
from zencache.model.records import from_milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from zencache.metadata.session import ProjectRecords
    from zencache.metadata.store import MetadataStore
    from zencache.model.records import ArtifactRecord, RunRecord

_IMPORTER = "tfx.dsl.components.common.importer."
_RESOLVER = "tfx.dsl.components.common.resolver."
_CONTENT_NAME = re.compile(r"[0-9a-f]{32,}")
_UNFINISHED = (pb.Execution.NEW, pb.Execution.RUNNING)


@dataclass(frozen=True)
class RecordedArtifact:
    """An artifact as one of the project's stores records it."""

    record: ArtifactRecord
    store: int
    """The store, by its number."""
    place: str
    """Its folder on this machine, or its uri elsewhere. Results of equal content have separate places."""
    state: str
    is_collected: bool
    """Whether gc marked it."""
    changed: datetime
    """When its record was last written."""
    pushed_to: str = ""
    """The destination of a pushed model."""

    @property
    def id(self) -> int:
        """Its id in its store."""
        return self.record.id

    @property
    def is_marked(self) -> bool:
        """Whether gc marked it and did not yet record that its bytes are deleted."""
        return self.state == "MARKED_FOR_DELETION" and self.is_collected


@dataclass(frozen=True)
class Use:
    """An execution, and the artifacts that it made, reused or consumed."""

    id: int
    store: int
    step: str
    pipeline: str
    run: str | None
    """None for an execution outside of any run."""
    state: str
    when: datetime
    owns_outputs: bool
    """False for importers and resolvers, which name artifacts that others made."""
    is_dropped: bool
    outputs: Mapping[int, str]
    """Artifact id to the output's name."""
    inputs: frozenset[int]
    key: str = ""
    """The cache key; empty where none is recorded."""


@dataclass(frozen=True)
class StoreScan:
    """All that one metadata store holds at one moment."""

    metadata: MetadataStore
    artifacts: tuple[RecordedArtifact, ...] = ()
    uses: tuple[Use, ...] = ()
    runs: Mapping[str, RunRecord] = field(default_factory=dict)
    """All runs by name, deleted ones included."""
    executions: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """The ids of the executions that have an event with each artifact."""
    imported: frozenset[int] = frozenset()
    """Artifacts that an importer names, or that are recorded as external."""
    roots: tuple[Path, ...] = ()
    """The pipeline roots that specs name."""
    content_names: frozenset[str] = frozenset()
    """Names of snapshots and source texts that the records refer to."""
    in_progress: frozenset[int] = frozenset()
    """Unfinished executions of active runs."""

    @property
    def is_shared(self) -> bool:
        """Whether other machines may write to the store."""
        return self.metadata.project.database.is_server


def scan_store(records: ProjectRecords, store: int, now: datetime, *, mark_stale: bool = True) -> StoreScan:
    """Read a store, which is given a number; what is published meanwhile shows up in `used_since`.

    Without `mark_stale` nothing is written: stale runs are not marked failed.
    """
    metadata, client = records.metadata, records.metadata.client
    by_id = ListOptions(order_by=OrderByField.ID)
    artifacts = client.get_artifacts(list_options=by_id)
    run_by_name = {run.name: run for run in records.runs.all(include_deleted=True, mark_stale=mark_stale)}
    run_of = {
        execution.id: run.name
        for run in run_by_name.values()
        for execution in client.get_executions_by_context(run.id)
    }
    executions = client.get_executions(list_options=by_id)
    events = list(_events(metadata, [execution.id for execution in executions]))
    active_runs = {run.name for run in run_by_name.values() if is_active(run, now)}
    importers = {execution.id for execution in executions if execution.type.startswith(_IMPORTER)}
    external = {a.id for a in artifacts if get_properties(a.custom_properties).get("is_external")}
    contexts = [*client.get_contexts_by_type(VERSION_CONTEXT), *client.get_contexts_by_type(RUN_CONTEXT)]
    return StoreScan(
        metadata,
        artifacts=tuple(_recorded_artifact(metadata, artifact, store) for artifact in artifacts),
        uses=tuple(_uses(metadata, executions, events, run_of, run_by_name, store)),
        runs=run_by_name,
        executions=_executions_by_artifact(events),
        imported=frozenset(e.artifact_id for e in events if e.execution_id in importers) | external,
        roots=tuple(_roots(contexts)),
        content_names=frozenset(_content_names(contexts, executions)),
        in_progress=frozenset(
            execution.id
            for execution in executions
            if execution.last_known_state in _UNFINISHED and run_of.get(execution.id) in active_runs
        ),
    )


def used_since(scan: StoreScan, ids: Iterable[int]) -> set[int]:
    """List those of the artifacts that executions use which were published after the scan."""
    used: set[int] = set()
    for part in in_batches(ids):
        for event in scan.metadata.client.get_events_by_artifact_ids(part):
            if event.execution_id not in scan.executions.get(event.artifact_id, frozenset()):
                used.add(event.artifact_id)
    return used


def copied_since(scan: StoreScan, uris: Iterable[str]) -> set[str]:
    """List those of the uris at which the store recorded an artifact after the scan."""
    scanned = {artifact.id for artifact in scan.artifacts}
    artifacts_at = scan.metadata.client.get_artifacts_by_uri
    return {uri for uri in uris if any(artifact.id not in scanned for artifact in artifacts_at(uri))}


def uris_of(metadata: MetadataStore, ids: Iterable[int]) -> dict[int, str]:
    """Read the uris of artifacts, by id."""
    artifacts = (a for part in in_batches(ids) for a in metadata.client.get_artifacts_by_id(part))
    return {artifact.id: artifact.uri for artifact in artifacts}


def _events(metadata: MetadataStore, execution_ids: Sequence[int]) -> Iterator[Any]:
    for part in in_batches(execution_ids):
        yield from metadata.client.get_events_by_execution_ids(part)


def _executions_by_artifact(events: Iterable[Any]) -> dict[int, frozenset[int]]:
    executions: dict[int, set[int]] = defaultdict(set)
    for event in events:
        executions[event.artifact_id].add(event.execution_id)
    return {artifact: frozenset(ids) for artifact, ids in executions.items()}


def _recorded_artifact(metadata: MetadataStore, artifact: Any, store: int) -> RecordedArtifact:
    properties = get_properties(artifact.custom_properties)
    is_pushed = artifact.type == "PushedModel"
    return RecordedArtifact(
        record=metadata.artifact_records.record(artifact.name, artifact),
        store=store,
        place=metadata.artifacts.place(artifact.uri),
        state=pb.Artifact.State.Name(artifact.state),
        is_collected=COLLECTED in properties,
        changed=from_milliseconds(artifact.last_update_time_since_epoch),
        pushed_to=str(properties.get(PUSHED_DESTINATION) or "") if is_pushed else "",
    )


def _uses(
    metadata: MetadataStore,
    executions: Iterable[Any],
    events: Iterable[Any],
    run_of: Mapping[int, str],
    runs: Mapping[str, RunRecord],
    store: int,
) -> Iterator[Use]:
    events_of: dict[int, list[Any]] = defaultdict(list)
    for event in events:
        events_of[event.execution_id].append(event)
    for execution in executions:
        properties, own_events = get_properties(execution.custom_properties), events_of[execution.id]
        # A record that was copied from another store is no use yet: a run that reuses it publishes one.
        if was_withdrawn(execution) or IMPORTED_FROM in properties:
            continue
        run = run_of.get(execution.id)
        times = [execution.create_time_since_epoch, *(e.milliseconds_since_epoch for e in own_events)]
        yield Use(
            id=execution.id,
            store=store,
            step=properties.get(STEP) or _node_name(metadata, execution, run),
            pipeline=runs[run].pipeline if run else "",
            run=run,
            state=pb.Execution.State.Name(execution.last_known_state),
            when=from_milliseconds(max(times)),
            owns_outputs=not execution.type.startswith((_IMPORTER, _RESOLVER)),
            is_dropped=INVALIDATED in properties,
            outputs={e.artifact_id: _output_name(e) for e in own_events if e.type in OUTPUT_EVENTS},
            inputs=frozenset(e.artifact_id for e in own_events if e.type not in OUTPUT_EVENTS),
            key=str(properties.get(KEY, "")),
        )


def _node_name(metadata: MetadataStore, execution: Any, run: str | None) -> str:
    return metadata.executions.place_of(execution.id)[1] if run else str(execution.type)


def _output_name(event: Any) -> str:
    return next((step.key for step in event.path.steps if step.key), "")


def _roots(contexts: Iterable[Any]) -> set[Path]:
    specs = (get_properties(context.custom_properties).get(SPEC) for context in contexts)
    roots = {json.loads(spec).get("root") for spec in specs if spec}
    return {Path(root).absolute() for root in roots if root and "://" not in root}


def _content_names(contexts: Iterable[Any], executions: Iterable[Any]) -> set[str]:
    """List all digests in specs, in the parts of keys and of written files: they may name what is kept."""
    names: set[str] = set()
    for context in contexts:
        properties = get_properties(context.custom_properties)
        if DELETED not in properties:
            names.update(_CONTENT_NAME.findall(properties.get(SPEC, "")))
    for execution in executions:
        properties = get_properties(execution.custom_properties)
        names.update(_CONTENT_NAME.findall(properties.get(KEY_PARTS, "")))
        if '"writes":' in (seen := properties.get(OBSERVED_INPUTS, "")):
            names.update(json.loads(seen)["writes"].values())
    return names
