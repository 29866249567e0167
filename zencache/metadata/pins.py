"""Pins runs, so that gc keeps what they need; see `docs/maintenance.md`."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from zencache.errors import InUseError
from zencache.metadata import schema
from zencache.metadata.client import set_properties
from zencache.metadata.run_status import is_active

if TYPE_CHECKING:
    from zencache.metadata.store import MetadataStore
    from zencache.model.records import RunRecord


def pin(metadata: MetadataStore, run: RunRecord, why: str) -> None:
    """Pin a run, so that gc keeps its results; raises InUseError for a deleted or active run."""
    if run.deleted:
        raise InUseError(f"run {run.name} was deleted on {run.deleted}; it cannot be pinned")
    now = datetime.now(timezone.utc)
    if is_active(run, now):
        raise InUseError(f"run {run.name} is going on, and kept meanwhile; pin it when it has ended")
    _set_pin(metadata, run, why or f"by hand on {now.astimezone():%Y-%m-%d %H:%M:%S}")


def unpin(metadata: MetadataStore, run: RunRecord) -> None:
    """Remove a run's pin."""
    _set_pin(metadata, run, None)


def _set_pin(metadata: MetadataStore, run: RunRecord, why: str | None) -> None:
    with metadata.lock:
        context = metadata.contexts.find(schema.RUN_CONTEXT, run.name)
        assert context is not None
        context.custom_properties.pop(schema.PINNED, None)
        set_properties(context.custom_properties, {schema.PINNED: why})
        metadata.client.put_contexts([context])
