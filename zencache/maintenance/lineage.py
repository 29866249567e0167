"""The records side of keeping the house: all that a store holds is read, and artifacts are marked."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.maintenance.retention import Stored, Use
from zencache.metadata.artifact_digests import OUTPUTS
from zencache.metadata.client import ListOptions, OrderByField, get_properties, in_parts, pb, set_properties
from zencache.metadata.run_status import is_going_on
from zencache.metadata.schema import DELETED, RUN_CONTEXT, VERSION_CONTEXT
from zencache.metadata.serialization import was_taken_back
from zencache.model.records import from_milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from zencache.metadata.runs import RunStore
    from zencache.metadata.store import MetadataStore
    from zencache.model.records import RunRecord

_IMPORTER = "tfx.dsl.components.common.importer."
_NAMING = (_IMPORTER, "tfx.dsl.components.common.resolver.")
"""Types of executions whose outputs were made by others."""
_NAMES = re.compile(r"[0-9a-f]{32,}")


@dataclass(frozen=True)
class Survey:
    """All that one store holds."""

    metadata: MetadataStore
    artifacts: tuple[Stored, ...]
    uses: tuple[Use, ...]
    runs: Mapping[str, RunRecord]
    """By name, those that were deleted too."""
    events: Mapping[int, frozenset[int]]
    """Artifact to the executions that used it."""
    imported: frozenset[int]
    """Artifacts that an importer names, or that are said to be external."""
    roots: tuple[Path, ...]
    """The pipeline roots that are recorded."""
    names: frozenset[str]
    """Of snapshots and source texts that the records refer to."""
    in_progress: frozenset[int]
    """Executions that have not ended, of runs that are going on."""

    @property
    def is_shared(self) -> bool:
        """Whether other machines may write into the store."""
        return self.metadata.project.database.is_server


def survey(runs: RunStore, home: int, now: datetime, *, bury: bool = True) -> Survey:
    """Read a store: what is published meanwhile shows as a use that the survey does not know.

    With `bury` off, nothing is written: not even that a run's process has died.
    """
    metadata, client = runs.metadata, runs.metadata.client
    in_order = ListOptions(order_by=OrderByField.ID)
    artifacts = client.get_artifacts(list_options=in_order)
    known = {run.name: run for run in runs.runs(deleted=True, bury=bury)}
    of_run = {
        execution.id: run.name
        for run in known.values()
        for execution in client.get_executions_by_context(run.id)
    }
    executions = client.get_executions(list_options=in_order)
    events = list(_events(metadata, [e.id for e in executions]))
    going_on = {run.name for run in known.values() if is_going_on(run, now)}
    unfinished = (pb.Execution.NEW, pb.Execution.RUNNING)
    importers = {e.id for e in executions if e.type.startswith(_IMPORTER)}
    external = {a.id for a in artifacts if get_properties(a.custom_properties).get("is_external")}
    contexts = [*client.get_contexts_by_type(VERSION_CONTEXT), *client.get_contexts_by_type(RUN_CONTEXT)]
    return Survey(
        metadata,
        tuple(_stored(metadata, artifact, home) for artifact in artifacts),
        tuple(_uses(metadata, executions, events, of_run, known, home)),
        known,
        _by_artifact(events),
        frozenset(e.artifact_id for e in events if e.execution_id in importers) | external,
        tuple(_roots(contexts)),
        frozenset(_names(contexts, executions)),
        frozenset(
            e.id for e in executions if e.last_known_state in unfinished and of_run.get(e.id) in going_on
        ),
    )


def _events(metadata: MetadataStore, executions: Sequence[int]) -> Iterator[Any]:
    for part in in_parts(executions):
        yield from metadata.client.get_events_by_execution_ids(part)


def _by_artifact(events: Iterable[Any]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for event in events:
        found[event.artifact_id].add(event.execution_id)
    return {artifact: frozenset(users) for artifact, users in found.items()}


def _stored(metadata: MetadataStore, artifact: Any, home: int) -> Stored:
    extra = get_properties(artifact.custom_properties)
    return Stored(
        record=metadata.artifact_record("", artifact),
        home=home,
        place=metadata.artifacts.place(artifact.uri),
        state=pb.Artifact.State.Name(artifact.state),
        is_collected="zencache_collected" in extra,
        changed=from_milliseconds(artifact.last_update_time_since_epoch),
        pushed_to=str(extra.get("pushed_destination") or "") if artifact.type == "PushedModel" else "",
    )


def _uses(
    metadata: MetadataStore,
    executions: Iterable[Any],
    events: Iterable[Any],
    of_run: Mapping[int, str],
    runs: Mapping[str, RunRecord],
    home: int,
) -> Iterator[Use]:
    by_execution: dict[int, list[Any]] = defaultdict(list)
    for event in events:
        by_execution[event.execution_id].append(event)
    for execution in executions:
        extra, told = get_properties(execution.custom_properties), by_execution[execution.id]
        if was_taken_back(execution) or "zencache_brought_from" in extra:  # a copied record is no use yet
            continue
        run = of_run.get(execution.id)
        step = extra.get("zencache_step") or (metadata.place_of(execution.id)[1] if run else execution.type)
        moments = [execution.create_time_since_epoch, *(e.milliseconds_since_epoch for e in told)]
        yield Use(
            id=execution.id,
            home=home,
            step=step,
            pipeline=runs[run].pipeline if run else "",
            run=run,
            state=pb.Execution.State.Name(execution.last_known_state),
            when=from_milliseconds(max(moments)),
            is_ours=not execution.type.startswith(_NAMING),
            is_dropped="zencache_dropped" in extra,
            outputs={e.artifact_id: _output(e) for e in told if e.type in OUTPUTS},
            inputs=frozenset(e.artifact_id for e in told if e.type not in OUTPUTS),
        )


def _output(event: Any) -> str:
    return next((step.key for step in event.path.steps if step.key), "")


def _roots(contexts: Iterable[Any]) -> set[Path]:
    specs = (get_properties(context.custom_properties).get("zencache_spec") for context in contexts)
    found = {json.loads(spec).get("root") for spec in specs if spec}
    return {Path(root).absolute() for root in found if root and "://" not in root}


def _names(contexts: Iterable[Any], executions: Iterable[Any]) -> set[str]:
    """Give whatever may name a snapshot or a source text: the digests in specs and in keys' parts."""
    found: set[str] = set()
    for context in contexts:
        extra = get_properties(context.custom_properties)
        if DELETED not in extra:
            found.update(_NAMES.findall(extra.get("zencache_spec", "")))
    for execution in executions:
        found.update(
            _NAMES.findall(get_properties(execution.custom_properties).get("zencache_key_parts", ""))
        )
    return found


# -- marking ------------------------------------------------------------------------------------------


def mark(metadata: MetadataStore, ids: Iterable[int], when: str) -> None:
    """Mark live artifacts to be deleted: from now on they are no hits."""

    def marked(artifact: Any) -> None:
        if artifact.state == pb.Artifact.LIVE:
            _set_state(artifact, pb.Artifact.MARKED_FOR_DELETION)
            set_properties(artifact.custom_properties, {"zencache_collected": when})

    _change(metadata, ids, marked)


def unmark(metadata: MetadataStore, ids: Iterable[int]) -> None:
    """Take back what `mark` did."""

    def live(artifact: Any) -> None:
        if (
            artifact.state == pb.Artifact.MARKED_FOR_DELETION
            and "zencache_collected" in artifact.custom_properties
        ):
            _set_state(artifact, pb.Artifact.LIVE)
            del artifact.custom_properties["zencache_collected"]

    _change(metadata, ids, live)


def mark_deleted(metadata: MetadataStore, ids: Iterable[int], when: str) -> None:
    """Record that the bytes of artifacts are gone."""

    def deleted(artifact: Any) -> None:
        _set_state(artifact, pb.Artifact.DELETED)
        if "zencache_collected" not in artifact.custom_properties:
            set_properties(artifact.custom_properties, {"zencache_collected": when})

    _change(metadata, ids, deleted)


def used_since(found: Survey, ids: Iterable[int]) -> set[int]:
    """Give those of these artifacts that are used by executions which the survey does not know."""
    used: set[int] = set()
    for part in in_parts(ids):
        for event in found.metadata.client.get_events_by_artifact_ids(part):
            if event.execution_id not in found.events.get(event.artifact_id, frozenset()):
                used.add(event.artifact_id)
    return used


def copied_since(found: Survey, uris: Iterable[str]) -> set[str]:
    """Give those of these places that the store has an artifact at which the survey does not know."""
    known = {each.id for each in found.artifacts}
    at = found.metadata.client.get_artifacts_by_uri
    return {uri for uri in uris if any(artifact.id not in known for artifact in at(uri))}


def uris_of(metadata: MetadataStore, ids: Iterable[int]) -> dict[int, str]:
    """Give where artifacts are, as the records have it."""
    return {a.id: a.uri for a in metadata.client.get_artifacts_by_id(sorted(set(ids)))}


def _change(metadata: MetadataStore, ids: Iterable[int], change: Any) -> None:
    for part in in_parts(ids):
        with metadata.lock:
            found = metadata.client.get_artifacts_by_id(part)
            for artifact in found:
                change(artifact)
            metadata.client.put_artifacts(found)


def _set_state(artifact: Any, state: Any) -> None:
    """Set the state, also where TFX itself wrote it down as a property."""
    artifact.state = state
    word = pb.Artifact.State.Name(state).lower()
    for own in (artifact.properties, artifact.custom_properties):
        if own.get("state") and own["state"].string_value in ("published", "marked_for_deletion"):
            own["state"].string_value = "published" if word == "live" else word
