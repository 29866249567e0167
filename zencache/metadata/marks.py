"""Marks records for gc, invalidation and deletion: ML Metadata itself deletes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.metadata.client import in_batches, pb, set_properties
from zencache.metadata.schema import COLLECTED, DELETED, INVALIDATED, PIPELINE_CONTEXT, RUN_CONTEXT
from zencache.metadata.versions import version_contexts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zencache.metadata.store import MetadataStore
    from zencache.model.records import RunRecord


# -- artifacts: gc ------------------------------------------------------------------------------------


def mark_for_deletion(metadata: MetadataStore, ids: Iterable[int], when: str) -> None:
    """Mark live artifacts for deletion; from now on nothing reuses them."""

    def mark(artifact: Any) -> None:
        if artifact.state == pb.Artifact.LIVE:
            _set_state(artifact, pb.Artifact.MARKED_FOR_DELETION)
            set_properties(artifact.custom_properties, {COLLECTED: when})

    _change_artifacts(metadata, ids, mark)


def unmark_for_deletion(metadata: MetadataStore, ids: Iterable[int]) -> None:
    """Make artifacts that `mark_for_deletion` marked live again."""

    def unmark(artifact: Any) -> None:
        is_marked = artifact.state == pb.Artifact.MARKED_FOR_DELETION
        if is_marked and COLLECTED in artifact.custom_properties:
            _set_state(artifact, pb.Artifact.LIVE)
            del artifact.custom_properties[COLLECTED]

    _change_artifacts(metadata, ids, unmark)


def mark_deleted(metadata: MetadataStore, ids: Iterable[int], when: str) -> None:
    """Record that the bytes of artifacts are deleted."""

    def mark(artifact: Any) -> None:
        _set_state(artifact, pb.Artifact.DELETED)
        if COLLECTED not in artifact.custom_properties:
            set_properties(artifact.custom_properties, {COLLECTED: when})

    _change_artifacts(metadata, ids, mark)


def _change_artifacts(metadata: MetadataStore, ids: Iterable[int], change: Callable[[Any], None]) -> None:
    for part in in_batches(ids):
        with metadata.lock:
            artifacts = metadata.client.get_artifacts_by_id(part)
            for artifact in artifacts:
                change(artifact)
            metadata.client.put_artifacts(artifacts)


def _set_state(artifact: Any, state: Any) -> None:
    """Set the state, and the property in which TFX repeats it."""
    artifact.state = state
    name = pb.Artifact.State.Name(state).lower()
    for properties in (artifact.properties, artifact.custom_properties):
        if properties.get("state") and properties["state"].string_value in (
            "published",
            "marked_for_deletion",
        ):
            properties["state"].string_value = "published" if name == "live" else name


# -- executions: invalidation -------------------------------------------------------------------------


def mark_dropped(metadata: MetadataStore, ids: Iterable[int], why: str) -> None:
    """Mark executions so that no look-up reuses their results; of several reasons the first stays."""
    for part in in_batches(ids):
        with metadata.lock:
            executions = metadata.client.get_executions_by_id(part)
            for execution in executions:
                if INVALIDATED not in execution.custom_properties:
                    set_properties(execution.custom_properties, {INVALIDATED: why})
            metadata.client.put_executions(executions)


# -- contexts: deletion -------------------------------------------------------------------------------


def mark_runs_deleted(
    metadata: MetadataStore, runs: Iterable[RunRecord], lost: Iterable[int], when: str
) -> None:
    """Mark runs as deleted, and first the executions that are lost with them: nothing reuses these."""
    with metadata.lock:
        mark_dropped(metadata, lost, f"its run was deleted on {when}")
        _mark_contexts_deleted(
            metadata, [metadata.contexts.find(RUN_CONTEXT, run.name) for run in runs], when
        )


def mark_pipeline_deleted(metadata: MetadataStore, pipeline: str, when: str) -> None:
    """Mark a pipeline and all its versions as deleted."""
    with metadata.lock:
        contexts = [metadata.contexts.find(PIPELINE_CONTEXT, pipeline), *version_contexts(metadata, pipeline)]
        _mark_contexts_deleted(metadata, contexts, when)


def _mark_contexts_deleted(metadata: MetadataStore, contexts: Iterable[Any], when: str) -> None:
    present = [context for context in contexts if context is not None]
    for context in present:
        if DELETED not in context.custom_properties:
            set_properties(context.custom_properties, {DELETED: when})
    if present:
        metadata.client.put_contexts(present)
