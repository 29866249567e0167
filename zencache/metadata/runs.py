"""Writing runs: versions, runs, hits. The order of writes is such that a half-written run is never a hit."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from zencache.errors import AlreadyExistsError, StoreUnavailableError
from zencache.metadata import schema, stale_runs
from zencache.metadata.artifact_digests import OUTPUTS
from zencache.metadata.client import ListOptions, errors, get_properties, pb, set_properties
from zencache.metadata.import_execution import bring
from zencache.metadata.serialization import events, recent_of, recorded, run_record, step_properties
from zencache.metadata.stale_runs import end_unfinished, going_on, is_dead, signs, with_running
from zencache.metadata.store import RECENT, MetadataStore
from zencache.metadata.tfx_runs import run_of_tfx, spec_of_tfx
from zencache.metadata.versions import VersionStore
from zencache.model.records import CachedStep, CollectedError, RunHandle, RunRecord
from zencache.model.specs import PipelineSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zencache.model.records import ExecutionRecord
    from zencache.model.specs import StepSpec


class RunStore(VersionStore):
    """Pipelines, versions and runs of one project, over its `MetadataStore`."""

    def __init__(self, metadata: MetadataStore) -> None:
        super().__init__(metadata)
        self._execution_types: dict[str, int] = {}
        self._attributed: set[tuple[int, int]] = set()
        self._taken_back: Counter[str] = Counter()

    # -- writing ------------------------------------------------------------------------------

    def begin(self, spec: PipelineSpec, run_name: str) -> RunHandle:
        """Find or make the version of a spec; nothing of the run itself is written yet."""
        self._check_names(spec)
        version = self.version_of(spec)
        if version is not None and self._was_deleted(spec.name, version):
            version = None
        version = version or self._make_version(spec)
        return RunHandle(run_name, spec.name, version.number, spec, version.spec == spec)

    def _check_names(self, spec: PipelineSpec) -> None:
        """Raise AlreadyExistsError for steps that the database would take for one: TFX's nodes are found by name."""
        if self.metadata.project.database.kind != "mysql":
            return
        seen: dict[str, str] = {}
        for name in spec.by_name:
            if (other := seen.setdefault(name.casefold(), name)) != name:
                raise AlreadyExistsError(
                    f"steps {other} and {name} of pipeline {spec.name} differ in case alone, which "
                    f"{self.metadata.project.database} does not see: give one of them another name"
                )

    def open(self, run: RunHandle) -> RunHandle:
        """Write the run as running; what computes its steps ties them to it."""
        with self.metadata.lock:
            _, context_id = self._put_run(run, "running")
            self._adopt(run, context_id)
            pipeline, others = going_on(self.metadata, run.pipeline)
            alive = stale_runs.bury(self.metadata, others)
            self._client.put_contexts([with_running(pipeline, {*alive, context_id})])
        opened = dataclasses.replace(run, context_id=context_id)
        self.metadata.heart.beat_in(self._run_context(opened, "running"))
        return opened

    def publish(
        self, run: RunHandle, hits: Sequence[CachedStep], *, finished: float | None = None
    ) -> RunHandle:
        """Publish hits as CACHED executions in three transactions.

        With `finished` (seconds) they are the whole run, which is written in the same go. Raises
        CollectedError, having taken them back, where gc marked one before its use was to be seen.
        """
        with self.metadata.lock:
            status = "running" if finished is None else "completed"
            executions = [self._cached_execution(run, hit) for hit in hits]
            edges = [(n, None, event) for n, hit in enumerate(hits) for event in events(hit)]
            ids, context_id = self._put_run(run, status, finished, executions, edges)
            self._tie(run, hits, ids, context_id)
            if run.context_id is None:
                self._adopt(run, context_id)
            run = dataclasses.replace(run, context_id=context_id)
            self._check_live(run, hits, ids, is_all=finished is not None)
            if finished is not None and (changed := self._used_anew(run, [hit.hit.id for hit in hits])):
                self._client.put_contexts(changed)
        return run

    def take_back(self, run: RunHandle, step: StepSpec) -> None:
        """Take back what a run recorded of a step whose result turned out to be damaged: TFX's launcher then runs it again."""
        assert run.context_id is not None
        with self.metadata.lock:
            found = self._client.get_executions_by_context(run.context_id)
            ended = [e for e in found if e.last_known_state in (pb.Execution.CACHED, pb.Execution.COMPLETE)]
            own = [e for e in ended if get_properties(e.custom_properties).get(schema.STEP) == step.name]
            self._take_back(own)

    def _take_back(self, executions: Sequence[Any]) -> None:
        for execution in executions:
            execution.last_known_state = pb.Execution.CANCELED
            self._taken_back[execution.name.partition("#")[0]] += 1
        if executions:
            self._client.put_executions(executions)

    def _check_live(
        self, run: RunHandle, hits: Sequence[CachedStep], ids: Sequence[int], *, is_all: bool
    ) -> None:
        """Take published hits back if one of them was collected: whoever collects reads the uses after marking."""
        gone = self.metadata.not_live(a.id for hit in hits for a in hit.hit.outputs.values())
        if not gone:
            return
        self._take_back(self._client.get_executions_by_id(ids))
        if is_all:
            self._client.put_contexts([self._run_context(run, "running")])
        lost = [h.spec.name for h in hits if gone & {a.id for a in h.hit.outputs.values()}]
        raise CollectedError(lost)

    def begun(self, run: RunHandle) -> RunHandle:
        """Give a run with its context, if there is one by now."""
        context = self.metadata.context(schema.RUN_CONTEXT, run.name)
        return dataclasses.replace(run, context_id=context.id) if context else run

    def finish(self, run: RunHandle, status: str, seconds: float, used: Sequence[int]) -> None:
        """Write how a run ended, and which executions hold its results."""
        self.metadata.heart.leave(run.context_id)
        assert run.context_id is not None
        with self.metadata.lock:
            end_unfinished(self.metadata, run.context_id, "the run ended before the step did")
            pipeline, others = going_on(self.metadata, run.pipeline)
            ended = with_running(pipeline, {*others} - {run.context_id})
            self._client.put_contexts(
                [self._run_context(run, status, seconds), ended, *self._used_anew(run, used)]
            )

    def remember(self, key: str, identity: str, execution_id: int) -> None:
        """Make an execution the one that its key's look-up gives; the last write of a step that ran."""
        with self.metadata.lock:
            _ = self.metadata.context_id(schema.STEP_CONTEXT, identity)
            step = self.metadata.context(schema.STEP_CONTEXT, identity)
            assert step is not None
            recent = [*recent_of(step), execution_id][-RECENT:]
            set_properties(step.custom_properties, {schema.RECENT_EXECUTIONS: json.dumps(recent)})
            context = self.metadata.context(schema.KEY_CONTEXT, key)
            if context is not None:
                set_properties(context.custom_properties, {schema.NEWEST_EXECUTION: execution_id})
            self._client.put_contexts([step, *([context] if context else [])])

    def own(self, record: ExecutionRecord, identity: str, others: Sequence[MetadataStore]) -> ExecutionRecord:
        """Give a result as this store's: one of another store is brought here.

        Raises CollectedError where gc takes it there meanwhile.
        """
        source = next((other for other in others if other.project.database == record.home), None)
        if source is None or record.key is None:
            return record
        brought = bring(record, source, self.metadata)
        [own] = self.metadata.executions_by_id([brought])
        # gc looks for copies after it has marked; so either it sees this one, or the mark is seen here.
        if source.not_live(artifact.id for artifact in record.outputs.values()):
            for artifact in own.outputs.values():
                self.metadata.drop_artifact(artifact.id, "it was collected where it came from")
            raise CollectedError([record.step])
        self.remember(record.key, identity, brought)
        return own

    def note(self, execution_id: int, values: Mapping[str, Any]) -> None:
        """Note on an execution what is known of it."""
        with self.metadata.lock:
            [execution] = self._client.get_executions_by_id([execution_id])
            set_properties(execution.custom_properties, values)
            self._client.put_executions([execution])

    def annotate(self, execution_id: int, values: Mapping[str, Any]) -> ExecutionRecord:
        """Note on an execution of a native component what is known of it, and on its outputs their content."""
        with self.metadata.lock:
            self.note(execution_id, values)
            made = [e for e in self._client.get_events_by_execution_ids([execution_id]) if e.type in OUTPUTS]
            own = {event.artifact_id for event in made if event.type == pb.Event.OUTPUT}
            self.metadata.fingerprinted(sorted(own), anew=True)
            self.metadata.fingerprinted(sorted({event.artifact_id for event in made} - own))
        return self.metadata.executions_by_id([execution_id])[0]

    def tie(self, key: str, execution_id: int) -> None:
        """Tie an execution to its key's context."""
        context = self.metadata.context_id(schema.KEY_CONTEXT, key)
        tie = pb.Association(execution_id=execution_id, context_id=context)
        self._client.put_attributions_and_associations([], [tie])

    def pushed(self, execution_id: int) -> list[str]:
        """List where an execution put something outside of its outputs, as TFX's pushers tell."""
        made = [e.artifact_id for e in self._client.get_events_by_execution_ids([execution_id])]
        found = [get_properties(a.custom_properties) for a in self._client.get_artifacts_by_id(made)]
        return [told[schema.PUSHED_DESTINATION] for told in found if told.get(schema.PUSHED_DESTINATION)]

    def annotate_failure(self, run: RunHandle, spec: StepSpec, values: Mapping[str, Any]) -> None:
        """Note on the execution of a native component that failed in a run what it was to compute."""
        node = self.metadata.context(schema.NODE_CONTEXT, f"{run.pipeline}.{spec.name}")
        if node is None or run.context_id is None:
            return
        of_run = {e.id for e in self._client.get_executions_by_context(run.context_id)}
        of_node = self._client.get_executions_by_context(node.id)
        if found := sorted(of_run & {e.id for e in of_node}):
            self.annotate(found[-1], values)

    def _put_run(
        self,
        run: RunHandle,
        status: str,
        seconds: float | None = None,
        executions: Sequence[Any] = (),
        edges: Sequence[Any] = (),
    ) -> tuple[Sequence[int], int]:
        """Write the run's context with executions, and give their ids and its; a new run's name must be free."""
        context, known = self._run_context(run, status, seconds), run.context_id is not None
        try:
            ids, _, [context_id] = self._client.put_lineage_subgraph(
                executions, [], [context], edges, reuse_context_if_already_exist=known
            )
        except errors.AlreadyExistsError as error:
            found = self._written_before(run, executions)
            if found is None:
                raise AlreadyExistsError(self._taken(run.name)) from error
            return found
        return ids, context_id

    def _taken(self, name: str) -> str:
        """Say that a run's name is taken, by one that was deleted, perhaps."""
        there = self.run(name)
        when = there.deleted if there else None
        was = f"there was a run named {name!r}, deleted on {when}; names of runs are not used again:"
        return f"{was if when else f'there is a run named {name!r} already;'} give another run_name"

    def _written_before(self, run: RunHandle, executions: Sequence[Any]) -> tuple[list[int], int] | None:
        """Find what this run wrote itself, where a server took it and went away before it said so."""
        context = self.metadata.context(schema.RUN_CONTEXT, run.name)
        if context is None or get_properties(context.custom_properties).get(schema.TOKEN) != run.token:
            return None
        ids = {e.name: e.id for e in self._client.get_executions_by_context(context.id)}
        names = [execution.name for execution in executions]
        return ([ids[name] for name in names], context.id) if ids.keys() >= set(names) else None

    def _run_context(self, run: RunHandle, status: str, seconds: float | None = None) -> Any:
        context = pb.Context(
            type_id=self.metadata.context_types[schema.RUN_CONTEXT], name=run.name, id=run.context_id
        )
        set_properties(
            context.custom_properties,
            {
                schema.PIPELINE: run.pipeline,
                schema.VERSION: run.version,
                schema.STATUS: status,
                schema.SECONDS: seconds,
                schema.TOKEN: run.token,
                **(signs() if status == "running" else {}),
                schema.SPEC: None if run.spec_is_the_versions else run.spec.model_dump_json(),
                schema.ROOT: run.root or None,
            },
        )
        return context

    def _adopt(self, run: RunHandle, context_id: int) -> None:
        parent = self.metadata.context_id(schema.PIPELINE_CONTEXT, run.pipeline)
        try:
            self._client.put_parent_contexts([pb.ParentContext(child_id=context_id, parent_id=parent)])
        except errors.AlreadyExistsError:
            return

    def _cached_execution(self, run: RunHandle, hit: CachedStep) -> Any:
        name = self.metadata.exactly(f"{run.name}:{hit.spec.name}")
        again = self._taken_back[name]
        execution = pb.Execution(
            type_id=self._execution_type(hit.spec.identity),
            name=f"{name}#{again}" if again else name,
            last_known_state=pb.Execution.CACHED,
        )
        known = step_properties(
            hit.spec, hit.key, None, hit.reason
        )  # what the key is made of, its origin tells
        measured = {schema.SECONDS: hit.seconds, schema.ORIGIN: hit.hit.id}
        set_properties(
            execution.custom_properties, {**recorded(hit.spec), **hit.dynamic, **known, **measured}
        )
        return execution

    def _execution_type(self, name: str) -> int:
        if name not in self._execution_types:
            known = self.metadata.execution_type(name)
            made = known.id if known else self._client.put_execution_type(pb.ExecutionType(name=name))
            self._execution_types[name] = int(made)
        return self._execution_types[name]

    def _tie(self, run: RunHandle, hits: Sequence[CachedStep], ids: Sequence[int], run_id: int) -> None:
        """Tie executions and their outputs to the contexts that TFX ties them to."""
        pipeline_id = self.metadata.context_id(schema.PIPELINE_CONTEXT, run.pipeline)
        ties, owned = [], []
        for execution_id, hit in zip(ids, hits, strict=True):
            node_id = self.metadata.context_id(schema.NODE_CONTEXT, f"{run.pipeline}.{hit.spec.name}")
            ties += [pb.Association(execution_id=execution_id, context_id=c) for c in (pipeline_id, node_id)]
            artifacts = {artifact.id for artifact in hit.hit.outputs.values()}
            self._attributed |= (
                new := {(a, c) for a in artifacts for c in (pipeline_id, node_id)} - self._attributed
            )
            owned += [*new, *((a, run_id) for a in artifacts)]
        attributions = [pb.Attribution(artifact_id=a, context_id=c) for a, c in owned]
        self._client.put_attributions_and_associations(attributions, ties)

    # -- reading ------------------------------------------------------------------------------

    def pipelines(self) -> list[str]:
        """List the names of the pipelines that have run, sorted: here, or by TFX's own runners."""
        versions = self._client.get_contexts_by_type(schema.VERSION_CONTEXT)
        pipelines = self._client.get_contexts_by_type(schema.PIPELINE_CONTEXT)
        named = [*((c.name.rpartition(":")[0], c) for c in versions), *((c.name, c) for c in pipelines)]
        present = [(name, c) for name, c in named if schema.DELETED not in c.custom_properties]
        has_run = {name for name, c in present if schema.SPEC in c.custom_properties}
        has_run |= {name for name, c in present if name not in has_run and self._has_executions(c)}
        if deleted := {name for name, _ in named} - {name for name, _ in present}:
            has_run |= deleted & {each.pipeline for each in self.runs()}  # by who did not know
        return sorted(has_run)

    def _has_executions(self, context: Any) -> bool:
        """Say whether anything ran in a context: TFX makes those of a pipeline before its first execution."""
        one = ListOptions(limit=1)
        return bool(self._client.get_executions_by_context(context.id, list_options=one))

    def runs(
        self, pipeline: str | None = None, *, deleted: bool = False, bury: bool = True
    ) -> list[RunRecord]:
        """List runs, newest last: of a pipeline, or all; with `deleted`, also those that were deleted.

        Those whose process died are marked as failed on that occasion, unless `bury` is off.
        """
        contexts = self._client.get_contexts_by_type(schema.RUN_CONTEXT)
        shown = [c for c in contexts if deleted or schema.DELETED not in c.custom_properties]
        found = filter(None, (self._run_of(context, bury=bury) for context in shown))
        return sorted((r for r in found if pipeline in (None, r.pipeline)), key=lambda run: run.id)

    def run(self, name: str) -> RunRecord | None:
        """Find a run by its name, also one that was deleted."""
        context = self.metadata.context(schema.RUN_CONTEXT, name)
        return self._run_of(context) if context else None

    def _run_of(self, context: Any, *, bury: bool = True) -> RunRecord | None:
        """Give the run that a context stands for, ours or one of TFX's own runners; None for one without executions."""
        if schema.PIPELINE not in context.custom_properties:
            return run_of_tfx(self.metadata, context)
        record = run_record(context)
        if not bury or not is_dead(self.metadata, context):
            return record
        try:
            stale_runs.bury(self.metadata, [context.id])
        except StoreUnavailableError:  # of a store that cannot be written, it is only said
            return dataclasses.replace(record, status="failed")
        return run_record(self.metadata.context(schema.RUN_CONTEXT, context.name))

    def run_of(self, execution_id: int) -> RunRecord | None:
        """Find the run that an execution is part of."""
        for context in self._client.get_contexts_by_execution(execution_id):
            if context.type == schema.RUN_CONTEXT and schema.PIPELINE in context.custom_properties:
                return run_record(context)
        return None

    def spec_of(self, run: RunRecord) -> PipelineSpec:
        """Give the spec that a run ran."""
        context = self.metadata.context(schema.RUN_CONTEXT, run.name)
        assert context is not None
        own = get_properties(context.custom_properties).get(schema.SPEC)
        if own is not None:
            return PipelineSpec.model_validate_json(own)
        if run.version is None:
            return spec_of_tfx(self.metadata, run)
        spec = next((v.spec for v in self._all_versions(run.pipeline) if v.number == run.version), None)
        if spec is None:
            raise StoreUnavailableError(
                f"the records in {self.metadata.project.database} do not tell what run {run.name} ran: version "
                f"{run.version} of pipeline {run.pipeline} has no spec; restore a copy of the records that has it"
            )
        return spec
