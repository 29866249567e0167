"""The records side of verifying a store: which artifacts are to be checked, and what is wrong with the records themselves.

A cached run is written in three transactions: executions, events and run; what ties them to their pipeline and nodes;
what ties the run to its pipeline. A process that is killed between them leaves a run that lacks the later ones.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from zencache.artifacts.ownership import Reach
from zencache.artifacts.store import is_remote
from zencache.errors import StoreUnavailableError
from zencache.metadata.client import errors, get_properties, in_parts, pb, set_properties
from zencache.metadata.run_status import is_going_on
from zencache.metadata.schema import KEY_CONTEXT, NODE_CONTEXT, PIPELINE_CONTEXT, RUN_CONTEXT
from zencache.metadata.stale_runs import bury, is_dead, process_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from zencache.maintenance.lineage import Survey
    from zencache.maintenance.retention import Use
    from zencache.metadata.store import MetadataStore
    from zencache.model.records import ArtifactRecord, RunRecord

_EXECUTION = "zencache_execution"
_FRESH = 60  # seconds in which a run on a server may still be being written


@dataclass(frozen=True)
class Kept:
    """An artifact that is live, and the executions that give it."""

    home: int
    """The store, by its number."""
    record: ArtifactRecord
    uses: tuple[Use, ...]
    """Those that computed or reused it, newest last."""
    is_external: bool
    """Whether it is of somebody else, and an importer names it."""

    @property
    def maker(self) -> Use | None:
        """The execution that computed it, or else the first that gave it."""
        made = [use for use in self.uses if use.is_ours and use.state != "CACHED"]
        return next(iter((*made, *self.uses)), None)

    @property
    def output(self) -> str:
        """The name of the output that it is."""
        return self.maker.outputs[self.record.id] if self.maker else self.record.name

    def is_ours(self, found: Survey) -> bool:
        """Say whether it lies where an execution of ours puts what it makes: what is elsewhere is never moved."""
        reach = Reach.of(found.metadata.project, found.roots)
        place = self.record.uri if is_remote(self.record.uri) else str(self.record.folder)
        makers = [use.id for use in self.uses if use.state != "CACHED"]
        return bool(self.record.materializer) and any(reach.is_made_by(place, each) for each in makers)


@dataclass(frozen=True)
class Fault:
    """What is wrong with records, and how that is mended."""

    pipeline: str
    run: str
    where: str
    wrong: str
    mended: str
    mend: Callable[[], object] = field(repr=False, compare=False)


def kept(found: Survey, home: int) -> list[Kept]:
    """List the live artifacts of a store, but for those of executions that are going on.

    Of what importers named at one place, only the newest: what was there before is there no more, and nobody's fault.
    """
    giving: dict[int, list[Use]] = defaultdict(list)
    for use in found.uses:
        for artifact in use.outputs:
            giving[artifact].append(use)
    live = [each.id for each in found.artifacts if each.state == "LIVE"]
    still = [n for n in live if not any(use.id in found.in_progress for use in giving[n])]
    records: dict[int, ArtifactRecord] = {}
    for part in in_parts(still):
        records |= found.metadata.artifacts_by_id(part)
    newest = {records[n].uri: n for n in sorted(found.imported & records.keys())}
    return [
        Kept(home, record, tuple(giving[n]), n in found.imported)
        for n, record in sorted(records.items())
        if n not in found.imported or newest[record.uri] == n
    ]


def check_mounted(found: Survey) -> None:
    """Raise StoreUnavailableError where the folder of artifacts is not there: nothing in it is damaged."""
    project = found.metadata.project
    if not project.artifacts.is_dir():
        raise StoreUnavailableError(
            f"the folder of artifacts {project.artifacts} is not there; mount it, or correct artifact_store. "
            "If it is gone for good, make it, empty, and verify again"
        )


def keys_of(found: Survey, uses: Iterable[Use]) -> dict[int, str]:
    """Give the keys of executions."""
    read = _executions(found.metadata, (use.id for use in uses))
    return {execution.id: str(told["zencache_key"]) for execution, told in read if "zencache_key" in told}


def _executions(metadata: MetadataStore, ids: Iterable[int]) -> Iterator[tuple[Any, dict[str, Any]]]:
    for part in in_parts(ids):
        for execution in metadata.client.get_executions_by_id(part):
            yield execution, get_properties(execution.custom_properties)


# -- the records themselves ---------------------------------------------------------------------------


def faults(found: Survey, now: datetime) -> list[Fault]:
    """List what is wrong with a store's records."""
    if not _faults(found, now):
        return []
    with found.metadata.lock:  # what was being published is whole now; a server's has its age (_FRESH)
        return _faults(found, now)


def _faults(found: Survey, now: datetime) -> list[Fault]:
    metadata = found.metadata
    contexts = metadata.client.get_contexts_by_type(RUN_CONTEXT)
    dead = {c.name: c for c in contexts if c.name in found.runs and is_dead(metadata, c)}
    ended = [
        run
        for run in found.runs.values()
        if not run.of_tfx and not run.deleted and (run.name in dead or not is_going_on(run, now))
    ]
    return [
        *(_dead(metadata, found.runs[name], context) for name, context in sorted(dead.items())),
        *_Ties(found, now).faults(ended),
        *_keys(metadata),
    ]


def _dead(metadata: MetadataStore, run: RunRecord, context: Any) -> Fault:
    return Fault(
        run.pipeline,
        run.name,
        "",
        f"goes on, by its record; but {process_of(context)} has ended",
        "marked as failed; run the pipeline again, what has finished is reused",
        partial(bury, metadata, [run.id]),
    )


class _Ties:
    """What runs and executions are tied to, read once a pipeline and node."""

    def __init__(self, found: Survey, now: datetime) -> None:
        self._found, self._now = found, now
        self._metadata = found.metadata
        self._executions: dict[tuple[str, str], set[int]] = {}
        self._runs: dict[str, set[int]] = {}
        self._by_run: dict[str, list[Use]] = defaultdict(list)
        for use in found.uses:
            if use.run is not None and use.step:
                self._by_run[use.run].append(use)

    def faults(self, runs: Iterable[RunRecord]) -> Iterator[Fault]:
        """Say which of the runs that have ended lack what ties them."""
        for run in runs:
            if self._found.is_shared and (self._now - run.ended).total_seconds() < _FRESH:
                continue
            loose = [use for use in self._by_run[run.name] if self._is_loose(run, use)]
            if loose or run.id not in self._children(run.pipeline):
                steps = f"of its steps, {len(loose)} not" if loose else "is not"
                yield Fault(
                    run.pipeline,
                    run.name,
                    ", ".join(use.step for use in loose),
                    f"{steps} tied to the pipeline: its process ended while it was written",
                    "tied",
                    partial(_tie, self._metadata, run, loose),
                )

    def _is_loose(self, run: RunRecord, use: Use) -> bool:
        node = f"{run.pipeline}.{use.step}"
        return use.id not in self._tied(PIPELINE_CONTEXT, run.pipeline) & self._tied(NODE_CONTEXT, node)

    def _tied(self, kind: str, name: str) -> set[int]:
        if (kind, name) not in self._executions:
            context = self._metadata.context(kind, name)
            read = self._metadata.client.get_executions_by_context
            self._executions[kind, name] = {e.id for e in read(context.id)} if context else set()
        return self._executions[kind, name]

    def _children(self, pipeline: str) -> set[int]:
        if pipeline not in self._runs:
            context = self._metadata.context(PIPELINE_CONTEXT, pipeline)
            read = self._metadata.client.get_children_contexts_by_context
            self._runs[pipeline] = {c.id for c in read(context.id)} if context else set()
        return self._runs[pipeline]


def _tie(metadata: MetadataStore, run: RunRecord, loose: Sequence[Use]) -> None:
    """Write what a run lacks: as `RunStore` does when it publishes hits."""
    pipeline = metadata.context_id(PIPELINE_CONTEXT, run.pipeline)
    ties: set[tuple[int, int]] = set()
    owned: set[tuple[int, int]] = set()
    for use in loose:
        node = metadata.context_id(NODE_CONTEXT, f"{run.pipeline}.{use.step}")
        ties |= {(use.id, pipeline), (use.id, node)}
        owned |= {(artifact, context) for artifact in use.outputs for context in (pipeline, node, run.id)}
    with metadata.lock:
        metadata.client.put_attributions_and_associations(
            [pb.Attribution(artifact_id=a, context_id=c) for a, c in sorted(owned)],
            [pb.Association(execution_id=e, context_id=c) for e, c in sorted(ties)],
        )
        with suppress(errors.AlreadyExistsError):
            metadata.client.put_parent_contexts([pb.ParentContext(child_id=run.id, parent_id=pipeline)])


def _keys(metadata: MetadataStore) -> Iterator[Fault]:
    """Say which keys lead to an execution that did not compute them."""
    contexts = metadata.client.get_contexts_by_type(KEY_CONTEXT)
    named = {c.name: n for c in contexts if (n := get_properties(c.custom_properties).get(_EXECUTION))}
    keys = {e.id: told.get("zencache_key") for e, told in _executions(metadata, named.values())}
    for key, number in sorted(named.items()):
        if keys.get(number) != key:
            said = "another key" if number in keys else "nothing: there is none"
            yield Fault(
                "",
                "",
                f"key {key[:12]}",
                f"leads to execution {number}, which computed {said}",
                "leads to the newest execution that computed it, or to none",
                partial(_point, metadata, key),
            )


def _point(metadata: MetadataStore, key: str) -> None:
    """Have a key lead to the newest execution that computed it."""
    with metadata.lock:
        context = metadata.context(KEY_CONTEXT, key)
        assert context is not None
        good = [r.id for r in metadata.of_key(key) if r.done and r.key == key]
        context.custom_properties.pop(_EXECUTION, None)
        set_properties(context.custom_properties, {_EXECUTION: max(good, default=None)})
        metadata.client.put_contexts([context])
