"""Opens a project's metadata store, and reads its executions and artifacts; `schema` lists what is stored."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.artifacts.store import ArtifactStore
from zencache.config import FORMAT
from zencache.errors import AlreadyExistsError, StoreUnavailableError
from zencache.metadata import schema
from zencache.metadata.artifact_digests import OUTPUTS, fingerprint
from zencache.metadata.client import (
    Client,
    ListOptions,
    OrderByField,
    errors,
    get_properties,
    pb,
    set_properties,
)
from zencache.metadata.connection_config import make_database
from zencache.metadata.heartbeat import BEATS_OF_A_FILE, BEATS_OF_A_SERVER, Heart
from zencache.metadata.read_only_client import ReadOnlyClient
from zencache.metadata.schema_version import has_own_types, put_format, read_format, refuse_newer
from zencache.metadata.serialization import (
    error_of,
    event_keys,
    newest_of,
    number_of,
    recent_of,
    record_of_artifact,
    was_taken_back,
)
from zencache.metadata.text_encoding import fitted
from zencache.model.records import ArtifactRecord, ExecutionRecord, from_milliseconds
from zencache.util.locks import StoreLock, is_read_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from zencache.config import Project

_KEPT = 10_000  # records that are kept, at most
RECENT = 20  # executions of one key or step that are looked at, however many there are


def write_lock(project: Project) -> AbstractContextManager[Any]:
    """Give what orders the writers of a project's records: of a file, among processes; a server orders them itself."""
    return threading.RLock() if project.database.is_server else StoreLock(project.lock)


class MetadataStore:
    """The records of one project. Reading is here; `stores.runs` writes."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.artifacts = ArtifactStore(project)
        self.lock = write_lock(project)
        try:
            with self.lock:
                # A store that a TFX pipeline names may be read by others in this process: with a journal, as
                # TFX makes it, their closing takes nothing away from ours.
                if project.metadata is None and project.database.path is not None:
                    make_database(project.database.path)
            self.client = Client(project.database, self.lock)
        except OSError as error:
            said = f"cannot write to the store {project.folder}: {error}"
            if not is_read_only(error) or not project.database.is_there():
                raise StoreUnavailableError(said) from error
            self.lock = threading.RLock()
            self.client = ReadOnlyClient(project.database, self.lock, said)
        every = BEATS_OF_A_SERVER if project.database.is_server else BEATS_OF_A_FILE
        self.heart = Heart(self.client, str(project.database), every)
        self.format = FORMAT
        """The schema version of the records, once `check_format` has read it."""
        self._context_ids: dict[tuple[str, str], int] = {}
        self._key_ids: dict[str, int] = {}
        self._places: dict[int, tuple[str, str]] = {}
        self._records: dict[int, tuple[Any, ExecutionRecord]] = {}

    def check_format(self) -> None:
        """Read the schema version of the records; raises StoreFormatError if it is newer than this zencache."""
        self.format = read_format(self.client) or FORMAT
        self.artifacts.lacks_manifests = self.format < FORMAT
        refuse_newer(self.format, self.project.database)

    @cached_property
    def context_types(self) -> dict[str, int]:
        """The ids of the context types, registered where they are not yet."""
        with self.lock:
            found: dict[str, int] = {t.name: t.id for t in self.client.get_context_types()}
            if self.client.is_read_only:
                return found
            if not has_own_types(found):  # first of all: records without a format are taken for old ones
                put_format(self.client, self._put_type(schema.STORE_CONTEXT), FORMAT)
            missing = [name for name in schema.CONTEXT_TYPES if name not in found]
            return found | {name: self._put_type(name) for name in missing}

    def _put_type(self, name: str) -> int:
        try:
            return int(self.client.put_context_type(pb.ContextType(name=name)))
        except errors.AlreadyExistsError:
            return int(next(t.id for t in self.client.get_context_types() if t.name == name))

    def context(self, kind: str, name: str) -> Any | None:
        """Find a context by its type and name; some databases give one whose name differs in case."""
        stored = self._stored(kind, name)
        found = self.client.get_context_by_type_and_name(kind, stored)
        return found if found is not None and found.name == stored else None

    def _stored(self, kind: str, name: str) -> str:
        """Give a context's name as it is stored: two steps may differ in case alone, which MySQL does not see."""
        return fitted(self.exactly(name) if kind == schema.STEP_CONTEXT else name)

    def exactly(self, name: str) -> str:
        """Give a name that differs from others where the database would take them for the same."""
        is_loose = self.project.database.kind in ("mysql", "grpc")
        return f"{name}~{blake3(name.encode()).hexdigest()[:16]}" if is_loose else name

    def context_id(self, kind: str, name: str) -> int:
        """Find a context's id, registering the context where it is not there yet."""
        if (kind, name) not in self._context_ids:
            found = self.context(kind, name)
            self._context_ids[kind, name] = found.id if found else self._put_context(kind, name)
        return self._context_ids[kind, name]

    def _put_context(self, kind: str, name: str) -> int:
        try:
            named = pb.Context(type_id=self.context_types[kind], name=self._stored(kind, name))
            [made] = self.client.put_contexts([named])
        except errors.AlreadyExistsError:  # another process was faster
            found = self.context(kind, name)
            if found is None:
                raise self.name_taken(kind, name) from None
            return int(found.id)
        return int(made)

    def name_taken(self, kind: str, name: str) -> AlreadyExistsError:
        """Say that a name is taken by one that the database takes for the same."""
        return AlreadyExistsError(
            f"{name!r} cannot be recorded as a {kind}: {self.project.database} takes a name for it that differs in case or "
            "accents; choose another name, or have the database compare exactly (docs/stores.md)"
        )

    def newest(self, keys: Iterable[str]) -> dict[str, ExecutionRecord]:
        """Look up keys: for each that is known, the newest execution that computed it."""
        contexts = {context.name: context for context in self._key_contexts(dict.fromkeys(keys))}
        ids = {number: key for key, context in contexts.items() if (number := newest_of(context))}
        return {ids[record.id]: record for record in self.executions_by_id(list(ids)) if record.done}

    def newest_among(self, ids: Sequence[int]) -> dict[str, ExecutionRecord]:
        """Read executions at once, and keep those that are the newest of their keys, by key."""
        found = {record.key: record for record in self.executions_by_id(ids) if record.key and record.done}
        newest = {context.name: newest_of(context) for context in self._key_contexts(found)}
        return {key: record for key, record in found.items() if newest.get(key) == record.id}

    def of_key(self, key: str) -> list[ExecutionRecord]:
        """List the executions that computed a key, newest first, a bounded number."""
        context = self.context(schema.KEY_CONTEXT, key)
        if context is None:
            return []
        options = ListOptions(limit=RECENT, order_by=OrderByField.ID, is_asc=False)
        return self.records(self.client.get_executions_by_context(context.id, list_options=options))

    def latest_of_step(self, identity: str) -> list[ExecutionRecord]:
        """List the newest executions that computed a step, by its identity: what a miss is compared with."""
        context = self.context(schema.STEP_CONTEXT, identity)
        ids = recent_of(context) if context else []
        found = self.client.get_executions_by_id(ids) if ids else []
        return self.records(sorted(found, key=lambda e: -e.id), events=False)

    def _key_contexts(self, keys: Iterable[str]) -> list[Any]:
        """Read the contexts of keys: in one call where their ids are known, else one by one."""
        wanted = list(keys)
        ids = [self._key_ids[key] for key in wanted if key in self._key_ids]
        found = list(self.client.get_contexts_by_id(ids)) if ids else []
        others = (self.context(schema.KEY_CONTEXT, key) for key in wanted if key not in self._key_ids)
        found += [context for context in others if context is not None]
        self._key_ids |= {context.name: context.id for context in found}
        return found

    def execution_type(self, name: str) -> Any | None:
        """Find an execution type by name."""
        try:
            return self.client.get_execution_type(name)
        except errors.NotFoundError:
            return None

    def executions_by_id(self, ids: Sequence[int]) -> list[ExecutionRecord]:
        """Read executions with their inputs and outputs."""
        return self.records(self.client.get_executions_by_id(ids)) if ids else []

    def executions_of_run(self, context_id: int) -> list[ExecutionRecord]:
        """Read a run's executions, oldest first; those that TFX's own runners wrote by their nodes' names."""
        read = self.client.get_executions_by_context(context_id)
        found = sorted((e for e in read if not was_taken_back(e)), key=lambda e: e.id)
        ours = {e.id for e in found if schema.STEP in e.custom_properties}
        records = self.records(found)
        return [r if r.id in ours else replace(r, step=self.place_of(r.id)[1]) for r in records]

    def place_of(self, execution_id: int) -> tuple[str, str]:
        """Name the pipeline that an execution was part of, and the node that it is of; empty where it is of none."""
        if execution_id not in self._places:
            found = {c.type: c.name for c in self.client.get_contexts_by_execution(execution_id)}
            pipeline = str(found.get(schema.PIPELINE_CONTEXT, ""))
            node = str(found.get(schema.NODE_CONTEXT, "")).removeprefix(f"{pipeline}.")
            self._places[execution_id] = (pipeline, node)
        return self._places[execution_id]

    def fingerprinted(self, ids: Sequence[int], *, anew: bool = False) -> dict[int, ArtifactRecord]:
        """Read artifacts by id; those that have no content digest yet get one, or all if `anew`."""
        with self.lock:
            read = self.client.get_artifacts_by_id(ids) if ids else []
            found = fingerprint(read, self.client, self.artifacts.manifest, anew=anew)
        return {a.id: self.artifact_record(a.name, a) for a in found}

    def has_changed(self, uri: str) -> bool:
        """Say whether artifacts at a uri are recorded with another content than is there now."""
        known = (get_properties(a.custom_properties) for a in self.client.get_artifacts_by_uri(uri))
        digests = {told[schema.DIGEST] for told in known if schema.DIGEST in told}
        return bool(digests) and digests != {self.artifacts.manifest(uri).digest}

    def drop_artifact(self, artifact_id: int, why: str) -> str:
        """Mark an artifact as not to be used any more; its history stays. Gives why it was dropped, by whoever was first."""
        with self.lock:
            [artifact] = self.client.get_artifacts_by_id([artifact_id])
            known = get_properties(artifact.custom_properties).get(schema.DAMAGED)
            if artifact.state != pb.Artifact.DELETED and known is None:
                artifact.state = pb.Artifact.MARKED_FOR_DELETION
                set_properties(artifact.custom_properties, {schema.DAMAGED: why})
                self.client.put_artifacts([artifact])
        return str(known or why)

    def revive_artifact(self, artifact_id: int) -> None:
        """Take back what `drop_artifact` said: its files are again what was recorded."""
        with self.lock:
            [artifact] = self.client.get_artifacts_by_id([artifact_id])
            if artifact.state == pb.Artifact.MARKED_FOR_DELETION:
                artifact.state = pb.Artifact.LIVE
                artifact.custom_properties.pop(schema.DAMAGED, None)
                self.client.put_artifacts([artifact])

    def artifacts_by_id(self, ids: Sequence[int]) -> dict[int, ArtifactRecord]:
        """Read artifacts as they are recorded, by id."""
        read = self.client.get_artifacts_by_id(ids) if ids else []
        return {a.id: self.artifact_record(a.name, a) for a in read}

    def not_live(self, ids: Iterable[int]) -> set[int]:
        """Give those of these artifacts that are marked or deleted."""
        wanted = sorted(set(ids))
        found = self.client.get_artifacts_by_id(wanted) if wanted else []
        return {artifact.id for artifact in found if artifact.state != pb.Artifact.LIVE}

    def records(self, executions: Sequence[Any], *, events: bool = True) -> list[ExecutionRecord]:
        """Turn MLMD's executions into records: two calls for all their events and artifacts."""
        if not executions:
            return []
        found: dict[int, list[Any]] = {execution.id: [] for execution in executions}
        for event in self.client.get_events_by_execution_ids(list(found)) if events else ():
            found[event.execution_id].append(event)
        wanted = sorted({event.artifact_id for side in found.values() for event in side})
        artifacts = {a.id: a for a in self.client.get_artifacts_by_id(wanted)} if wanted else {}
        return [self._record(execution, found[execution.id], artifacts) for execution in executions]

    def _record(self, execution: Any, events: list[Any], artifacts: Mapping[int, Any]) -> ExecutionRecord:
        """Make a record of what was read, or give the one that was made of just the same."""
        read = (execution, events, [artifacts[event.artifact_id] for event in events])
        known = self._records.get(execution.id)
        if known is None or known[0] != read:
            if len(self._records) >= _KEPT:
                self._records.clear()
            known = self._records[execution.id] = (read, self._execution_record(*read))
        return known[1]

    def _execution_record(
        self, execution: Any, events: Sequence[Any], artifacts: Sequence[Any]
    ) -> ExecutionRecord:
        extra = get_properties(execution.custom_properties)
        sides: dict[bool, dict[str, ArtifactRecord]] = {True: {}, False: {}}
        for event, artifact in zip(events, artifacts, strict=True):
            for name in event_keys(event):
                sides[event.type in OUTPUTS][name] = self.artifact_record(name, artifact)
        return ExecutionRecord(
            id=execution.id,
            step=extra.get(schema.STEP, execution.name),
            state=pb.Execution.State.Name(execution.last_known_state),
            created=from_milliseconds(execution.create_time_since_epoch),
            updated=from_milliseconds(execution.last_update_time_since_epoch),
            key=extra.get(schema.KEY),
            key_parts=extra.get(schema.KEY_PARTS),
            reason=extra.get(schema.REASON, ""),
            seconds=extra.get(schema.SECONDS),
            error=error_of(extra.get(schema.EXECUTION_RESULT)),
            seen=extra.get(schema.OBSERVED_INPUTS),
            dropped=extra.get(schema.INVALIDATED),
            attempts=extra.get(schema.ATTEMPTS, 1),
            compared_with=number_of(extra.get(schema.COMPARED_WITH)),
            origin=number_of(extra.get(schema.ORIGIN)),
            inputs=sides[False],
            outputs=sides[True],
            home=self.project.database,
        )

    def local(self, uri: str) -> Path:
        """Give the folder of a uri on this machine, also when the project was moved since it was written."""
        return self.artifacts.local_folder(uri)

    def artifact_record(self, name: str, artifact: Any) -> ArtifactRecord:
        """Read an artifact, which is known by the name of an output."""
        told = get_properties(artifact.custom_properties)
        folder = self.artifacts.folder(artifact.uri, told.get(schema.DIGEST, ""))
        return record_of_artifact(name, artifact, folder, told)
