"""Checks and restores the links between runs, executions, keys and their contexts.

A cached run is written in three transactions: executions, events and run; the links of executions to their
pipeline and nodes; the link of the run to its pipeline. A process that is killed between them leaves a run
without the later ones.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from zencache.metadata.client import errors, get_properties, in_batches, pb, set_properties
from zencache.metadata.schema import (
    KEY,
    KEY_CONTEXT,
    NEWEST_EXECUTION,
    NODE_CONTEXT,
    PIPELINE_CONTEXT,
    RUN_CONTEXT,
)
from zencache.metadata.stale_runs import is_stale, process_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zencache.metadata.store import MetadataStore
    from zencache.model.records import RunRecord


def list_stale_runs(metadata: MetadataStore) -> dict[str, str]:
    """Describe the process of each run that is recorded as running though its process ended, by run name."""
    contexts = metadata.client.get_contexts_by_type(RUN_CONTEXT)
    return {context.name: process_of(context) for context in contexts if is_stale(metadata, context)}


class LinkReader:
    """Reads what is linked to pipelines and nodes, each context once."""

    def __init__(self, metadata: MetadataStore) -> None:
        self._metadata = metadata
        self._executions: dict[tuple[str, str], set[int]] = {}
        self._runs: dict[str, set[int]] = {}

    def is_run_linked(self, run: RunRecord) -> bool:
        """Say whether a run is linked to its pipeline."""
        if run.pipeline not in self._runs:
            context = self._metadata.contexts.find(PIPELINE_CONTEXT, run.pipeline)
            children = self._metadata.client.get_children_contexts_by_context
            self._runs[run.pipeline] = {c.id for c in children(context.id)} if context else set()
        return run.id in self._runs[run.pipeline]

    def is_execution_linked(self, execution_id: int, pipeline: str, step: str) -> bool:
        """Say whether an execution is linked to its pipeline and to its node."""
        node = f"{pipeline}.{step}"
        return execution_id in self._linked(PIPELINE_CONTEXT, pipeline) & self._linked(NODE_CONTEXT, node)

    def _linked(self, kind: str, name: str) -> set[int]:
        if (kind, name) not in self._executions:
            context = self._metadata.contexts.find(kind, name)
            executions = self._metadata.client.get_executions_by_context
            self._executions[kind, name] = {e.id for e in executions(context.id)} if context else set()
        return self._executions[kind, name]


def link_run(
    metadata: MetadataStore, run: RunRecord, executions: Iterable[tuple[int, str, Iterable[int]]]
) -> None:
    """Write the links that a run lacks, as `ResultStore` does when it publishes hits.

    `executions` gives the id, the step and the output artifacts of each execution that lacks its links.
    """
    pipeline = metadata.contexts.id_of(PIPELINE_CONTEXT, run.pipeline)
    associations: set[tuple[int, int]] = set()
    attributions: set[tuple[int, int]] = set()
    for execution_id, step, outputs in executions:
        node = metadata.contexts.id_of(NODE_CONTEXT, f"{run.pipeline}.{step}")
        associations |= {(execution_id, pipeline), (execution_id, node)}
        attributions |= {(artifact, context) for artifact in outputs for context in (pipeline, node, run.id)}
    with metadata.lock:
        metadata.client.put_attributions_and_associations(
            [pb.Attribution(artifact_id=a, context_id=c) for a, c in sorted(attributions)],
            [pb.Association(execution_id=e, context_id=c) for e, c in sorted(associations)],
        )
        with suppress(errors.AlreadyExistsError):
            metadata.client.put_parent_contexts([pb.ParentContext(child_id=run.id, parent_id=pipeline)])


def wrong_keys(metadata: MetadataStore) -> Mapping[str, tuple[int, bool]]:
    """List keys that lead to an execution which did not compute them: its id, and whether it exists."""
    contexts = metadata.client.get_contexts_by_type(KEY_CONTEXT)
    target_of = {
        context.name: execution_id
        for context in contexts
        if (execution_id := get_properties(context.custom_properties).get(NEWEST_EXECUTION))
    }
    key_of = {
        execution.id: get_properties(execution.custom_properties).get(KEY)
        for part in in_batches(target_of.values())
        for execution in metadata.client.get_executions_by_id(part)
    }
    return {
        key: (execution_id, execution_id in key_of)
        for key, execution_id in sorted(target_of.items())
        if key_of.get(execution_id) != key
    }


def relink_key(metadata: MetadataStore, key: str) -> None:
    """Make a key lead to the newest execution that computed it, or to none."""
    with metadata.lock:
        context = metadata.contexts.find(KEY_CONTEXT, key)
        assert context is not None
        good = [r.id for r in metadata.executions.of_key(key) if r.done and r.key == key]
        context.custom_properties.pop(NEWEST_EXECUTION, None)
        set_properties(context.custom_properties, {NEWEST_EXECUTION: max(good, default=None)})
        metadata.client.put_contexts([context])
