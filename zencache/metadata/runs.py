"""Runs of pipelines: writes their life cycle (begin, open, finish), lists and finds them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from zencache.errors import AlreadyExistsError, StoreUnavailableError
from zencache.metadata import schema
from zencache.metadata.client import ListOptions, get_properties
from zencache.metadata.mlmd_run_context import put_parent, put_run, run_context
from zencache.metadata.serialization import run_record
from zencache.metadata.stale_runs import (
    active_runs,
    fail_unfinished,
    is_stale,
    mark_stale_failed,
    with_active_runs,
)
from zencache.model.records import RunHandle, RunRecord
from zencache.model.specs import PipelineSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zencache.metadata.store import MetadataStore
    from zencache.metadata.versions import VersionStore


class RunStore:
    """The runs of one project's pipelines."""

    def __init__(self, metadata: MetadataStore, versions: VersionStore) -> None:
        self._metadata = metadata
        self._versions = versions

    # -- life cycle -----------------------------------------------------------------------------------

    def begin(self, spec: PipelineSpec, run_name: str) -> RunHandle:
        """Find or create the version of a spec; nothing of the run itself is written yet."""
        self._check_step_names(spec)
        version = self._versions.find_or_create(spec)
        return RunHandle(run_name, spec.name, version.number, spec, version.spec == spec)

    def open(self, run: RunHandle) -> RunHandle:
        """Write the run as running, and start its heartbeat; executions can belong to it from now on."""
        metadata = self._metadata
        with metadata.lock:
            _, context_id = put_run(metadata, run, "running")
            put_parent(metadata, run, context_id)
            pipeline, other_ids = active_runs(metadata, run.pipeline)
            still_active = mark_stale_failed(metadata, other_ids)
            metadata.client.put_contexts([with_active_runs(pipeline, {*still_active, context_id})])
        opened = dataclasses.replace(run, context_id=context_id)
        metadata.heartbeat.start(run_context(metadata, opened, "running"))
        return opened

    def with_context(self, run: RunHandle) -> RunHandle:
        """Return a run with its context, if that has been written by now."""
        context = self._metadata.contexts.find(schema.RUN_CONTEXT, run.name)
        return dataclasses.replace(run, context_id=context.id) if context else run

    def finish(self, run: RunHandle, status: str, seconds: float, used: Sequence[int]) -> None:
        """Write how a run ended, and which executions hold its results."""
        metadata = self._metadata
        metadata.heartbeat.stop(run.context_id)
        assert run.context_id is not None
        with metadata.lock:
            fail_unfinished(metadata, run.context_id, "the run ended before the step did")
            pipeline, active_ids = active_runs(metadata, run.pipeline)
            ended = with_active_runs(pipeline, {*active_ids} - {run.context_id})
            last_used = self._versions.with_last_used(run, used)
            metadata.client.put_contexts([run_context(metadata, run, status, seconds), ended, *last_used])

    def _check_step_names(self, spec: PipelineSpec) -> None:
        """Raise AlreadyExistsError for steps that MySQL takes for one: TFX finds its nodes by name."""
        database = self._metadata.project.database
        if database.kind != "mysql":
            return
        name_by_folded: dict[str, str] = {}
        for name in spec.by_name:
            if (other := name_by_folded.setdefault(name.casefold(), name)) != name:
                raise AlreadyExistsError(
                    f"steps {other} and {name} of pipeline {spec.name} differ in case alone, which "
                    f"{database} does not see: give one of them another name"
                )

    # -- reading --------------------------------------------------------------------------------------

    def pipelines(self) -> list[str]:
        """List the names of the pipelines that have run, sorted, including those of TFX's own runners."""
        client = self._metadata.client
        versions = client.get_contexts_by_type(schema.VERSION_CONTEXT)
        pipelines = client.get_contexts_by_type(schema.PIPELINE_CONTEXT)
        named = [*((c.name.rpartition(":")[0], c) for c in versions), *((c.name, c) for c in pipelines)]
        present = [(name, c) for name, c in named if schema.DELETED not in c.custom_properties]
        names = {name for name, c in present if schema.SPEC in c.custom_properties}
        names |= {name for name, c in present if name not in names and self._has_executions(c)}
        if deleted := {name for name, _ in named} - {name for name, _ in present}:
            # Another process may have run a pipeline while it was deleted.
            names |= deleted & {run.pipeline for run in self.all()}
        return sorted(names)

    def _has_executions(self, context: Any) -> bool:
        """Return whether anything ran in a context: TFX creates a pipeline's before its first execution."""
        one = ListOptions(limit=1)
        return bool(self._metadata.client.get_executions_by_context(context.id, list_options=one))

    def all(
        self, pipeline: str | None = None, *, include_deleted: bool = False, mark_stale: bool = True
    ) -> list[RunRecord]:
        """List runs, oldest first: of one pipeline, or of all.

        Runs whose process has died are marked as failed, unless `mark_stale` is off.
        """
        contexts = self._metadata.client.get_contexts_by_type(schema.RUN_CONTEXT)
        shown = [c for c in contexts if include_deleted or schema.DELETED not in c.custom_properties]
        runs = filter(None, (self._run_of(context, mark_stale=mark_stale) for context in shown))
        return sorted((run for run in runs if pipeline in (None, run.pipeline)), key=lambda run: run.id)

    def find(self, name: str) -> RunRecord | None:
        """Find a run by its name, also a deleted one."""
        context = self._metadata.contexts.find(schema.RUN_CONTEXT, name)
        return self._run_of(context) if context else None

    def of_execution(self, execution_id: int) -> RunRecord | None:
        """Find the run that an execution belongs to."""
        for context in self._metadata.client.get_contexts_by_execution(execution_id):
            if context.type == schema.RUN_CONTEXT and schema.PIPELINE in context.custom_properties:
                return run_record(context)
        return None

    def spec_of(self, run: RunRecord) -> PipelineSpec:
        """Return the spec that a run ran."""
        context = self._metadata.contexts.find(schema.RUN_CONTEXT, run.name)
        assert context is not None
        own_spec = get_properties(context.custom_properties).get(schema.SPEC)
        if own_spec is not None:
            return PipelineSpec.model_validate_json(own_spec)
        if run.version is None:
            from zencache.metadata.tfx_runs import spec_of_tfx  # noqa: PLC0415 - seldom needed

            return spec_of_tfx(self._metadata, run)
        versions = self._versions.of_pipeline(run.pipeline, include_deleted=True)
        spec = next((version.spec for version in versions if version.number == run.version), None)
        if spec is None:
            raise StoreUnavailableError(
                f"the records in {self._metadata.project.database} do not tell what run {run.name} ran: "
                f"version {run.version} of pipeline {run.pipeline} has no spec; "
                "restore a copy of the records that has it"
            )
        return spec

    def _run_of(self, context: Any, *, mark_stale: bool = True) -> RunRecord | None:
        """Return the run of a context, ours or one of TFX's own runners; None for one without executions."""
        if schema.PIPELINE not in context.custom_properties:
            from zencache.metadata.tfx_runs import run_of_tfx  # noqa: PLC0415 - seldom needed

            return run_of_tfx(self._metadata, context)
        record = run_record(context)
        if not mark_stale or not is_stale(self._metadata, context):
            return record
        try:
            mark_stale_failed(self._metadata, [context.id])
        except StoreUnavailableError:  # a store that cannot be written keeps its record
            return dataclasses.replace(record, status="failed")
        return run_record(self._metadata.contexts.find(schema.RUN_CONTEXT, context.name))
