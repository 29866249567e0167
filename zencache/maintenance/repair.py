"""Repairs damaged artifacts: from a good copy, or by running the pipeline again whose step computed them.

A damaged artifact is first marked, so that nothing reuses it, and then moved to quarantine. A value that is
computed again and is the same as before also takes its old place: every run that used it has it again.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from zencache.artifacts.manifest import MANIFEST
from zencache.errors import RunInterruptedError, StoreError, ZencacheError
from zencache.maintenance.artifact_checks import value_digest
from zencache.pipelines.instance import Pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from zencache.artifacts.store import ArtifactStore
    from zencache.maintenance.artifact_checks import DamagedArtifact
    from zencache.maintenance.lineage import Lineage, LiveArtifact
    from zencache.metadata.session import ProjectRecords
    from zencache.model.records import ArtifactRecord, RunRecord

    Copies = Sequence[tuple[ArtifactStore, ArtifactRecord]]
    Content = tuple[str, str]
    """A digest, and the materializer of the value."""


@dataclass(frozen=True)
class RepairOutcome:
    """What became of a damaged artifact."""

    text: str
    is_repaired: bool


def repair_artifacts(
    damaged: Sequence[DamagedArtifact],
    every: Sequence[ProjectRecords],
    lineage: Lineage,
    checked: Sequence[LiveArtifact],
) -> list[RepairOutcome]:
    """Repair damaged artifacts, and give the outcome of each; `checked` are all verified artifacts."""
    job_of = {each.key: RepairJob(each, lineage) for each in damaged if each.damage.is_certain}
    jobs = list(job_of.values())
    for job in jobs:
        job.quarantine()
    copies = _good_copies(damaged, every, checked)
    for job in jobs:
        job.restore(copies.get(job.content, []), "restored from a copy")
    reruns = Reruns()
    for job in jobs:
        if not job.is_repaired:
            _compute_again(job, reruns)
    reruns.restore_order()
    for job in jobs:
        if not job.is_repaired:  # a rerun for another store may have put it in place
            job.restore([], "computed again by another store that has it too")
    untouched = RepairOutcome("left as it is", is_repaired=False)
    return [job_of[each.key].result() if each.key in job_of else untouched for each in damaged]


def _compute_again(job: RepairJob, reruns: Reruns) -> None:
    """Run a pipeline again that computes the artifact, and put an equal value in its old place."""
    reason = reruns.compute(job)
    new = job.new_artifact()
    if new is None:
        job.outcome = f"marked, so that nothing reuses it; not computed again: {reason}"
    elif not job.restore([(job.store, new)], f"{reason}, the same as before"):
        job.outcome, job.is_repaired = f"{reason}{job.comparison(new)}", True


def _good_copies(
    damaged: Sequence[DamagedArtifact], every: Sequence[ProjectRecords], checked: Sequence[LiveArtifact]
) -> Mapping[Content, Copies]:
    """List the artifacts that are not known to be damaged, by content."""
    damaged_uris = {each.artifact.record.uri for each in damaged}
    copies: dict[Content, list[tuple[ArtifactStore, ArtifactRecord]]] = {}
    for artifact in checked:
        record = artifact.record
        if record.materializer and not artifact.is_external and record.uri not in damaged_uris:
            store = every[artifact.store].metadata.artifacts
            copies.setdefault((record.digest, record.materializer), []).append((store, record))
    return copies


class RepairJob:
    """A damaged artifact while it is repaired."""

    def __init__(self, damaged: DamagedArtifact, lineage: Lineage) -> None:
        self.artifact = damaged.artifact
        self.records = damaged.records
        self.store = damaged.records.metadata.artifacts
        self.content = (self.artifact.record.digest, self.artifact.record.materializer)
        self.keys = {use.key for use in self.artifact.producers if use.key}
        self.runs = _repeatable_runs(self.artifact, lineage)
        """The runs that gave it and can be run again, newest first."""
        self.is_repaired = False
        self.outcome = ""
        self._record = damaged.artifact.record
        self._wrong = damaged.damage.wrong
        self._value_digest = value_digest(self._record.materializer)
        self._is_own = _is_own(self.artifact, lineage)
        self._quarantined_at: str | None = None

    def quarantine(self) -> None:
        """Mark it first, so that every reader computes it again; then move it, if it is the project's own."""
        self.records.metadata.artifact_records.mark_damaged(self._record.id, self._wrong)
        if self._is_own:
            with suppress(StoreError, OSError):  # another process moved it, or it cannot be moved
                self._quarantined_at = self.store.quarantine(self._record)

    def restore(self, copies: Copies, outcome: str) -> bool:
        """Put a good copy in its place, unless it is whole already; False where there is none."""
        if not self._is_own:
            return False
        is_good = self._is_whole() or any(self._copy_from(store, copy) for store, copy in copies)
        if is_good:
            self.records.metadata.artifact_records.clear_damage(self._record.id)
            self.is_repaired, self.outcome = True, outcome
        return is_good

    def _copy_from(self, store: ArtifactStore, copy: ArtifactRecord) -> bool:
        is_other = copy.digest != self._record.digest or copy.uri == self._record.uri
        if is_other or self.store.blocks_put(self._record):  # the damaged one could not be moved
            return False
        place = self.store.place(self._record.uri)
        with suppress(StoreError), store.reading(copy, self._value_digest) as folder:
            self.store.put(place, partial(_copy_files, folder), self._value_digest)
        return self._is_whole()

    def _is_whole(self) -> bool:
        return self.store.damage(self._record, self._value_digest, full=True) is None

    def new_artifact(self) -> ArtifactRecord | None:
        """Find the artifact that a look-up of its key gives now."""
        for key in sorted(self.keys):
            for execution in self.records.metadata.executions.of_key(key):
                artifact = execution.outputs.get(self.artifact.output)
                if artifact is None or not artifact.live or not execution.done or execution.dropped:
                    continue
                if self.store.problem(artifact) is None:
                    return artifact
        return None

    def comparison(self, new: ArtifactRecord) -> str:
        """Say how a new value compares with the old one."""
        if new.content == self._record.content:
            return ", the same as before"
        return (
            ", with another content: the step does not give the same again, "
            "and the old value is lost to the runs that had it"
        )

    def result(self) -> RepairOutcome:
        """Give the outcome, with the place of the bad copy."""
        where = f"; the bad copy is kept at {self._quarantined_at}" if self._quarantined_at else ""
        return RepairOutcome(f"{self.outcome}{where}", self.is_repaired)


def _is_own(artifact: LiveArtifact, lineage: Lineage) -> bool:
    """Say whether an artifact lies where this project's executions put theirs; nothing else is ever moved."""
    record = artifact.record
    place = lineage.scans[artifact.store].metadata.artifacts.place(record.uri)
    makers = [use.id for use in artifact.producers if use.state != "CACHED"]
    owned = lineage.owned_roots[artifact.store]
    return bool(record.materializer) and any(owned.is_made_by(place, maker) for maker in makers)


def _repeatable_runs(artifact: LiveArtifact, lineage: Lineage) -> list[RunRecord]:
    """List the runs that gave an artifact and can be run again, newest first."""
    runs = {use.run: run for use in artifact.producers if (run := lineage.run_of(use)) is not None}
    repeatable = (run for run in runs.values() if not run.deleted and not run.of_tfx)
    return sorted(repeatable, key=lambda run: run.created, reverse=True)


def _copy_files(source: Path, target: Path) -> None:
    """Copy an artifact's files without their manifest; hard links would share later damage."""

    def manifest(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if name == MANIFEST and folder == str(source)]

    shutil.copytree(source, target, ignore=manifest, copy_function=shutil.copyfile, dirs_exist_ok=True)


class Reruns:
    """Runs pipelines again to compute damaged artifacts, each run at most once."""

    def __init__(self) -> None:
        self._outcome_of: dict[tuple[str, str], str] = {}
        """By store and run: what running it again gave."""
        self._last_runs: dict[tuple[str, str], tuple[ProjectRecords, RunRecord]] = {}
        """By store and pipeline: the run that was its newest before."""

    def compute(self, job: RepairJob) -> str:
        """Run again the newest run that computes an artifact; say which run computed it, or why none did."""
        if job.new_artifact() is not None:
            return "computed again"
        reasons: list[str] = []
        for run in job.runs:
            reasons.append(self._run_again(job, run))
            if job.new_artifact() is not None:
                return reasons[-1]
        missing = "no run of zencache's is recorded that gave it; run again what made it"
        return reasons[0] if reasons else missing

    def _run_again(self, job: RepairJob, run: RunRecord) -> str:
        run_key = (str(job.records.project.database), run.name)
        try:
            pipeline = Pipeline(job.records.runs.spec_of(run), records=job.records)
            if run_key in self._outcome_of:
                return self._outcome_of[run_key]
            return _mismatch(job, pipeline) or self._run(pipeline, job.records, run)
        except RunInterruptedError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - users' modules and steps may raise anything
            is_ours = isinstance(error, ZencacheError)
            message = str(error) if is_ours else f"{type(error).__name__}: {error}"
            self._outcome_of[run_key] = message
            return message

    def _run(self, pipeline: Pipeline, records: ProjectRecords, run: RunRecord) -> str:
        database = str(records.project.database)
        newest = records.runs.all(run.pipeline)[-1]
        self._last_runs.setdefault((database, run.pipeline), (records, newest))
        new_run = pipeline.run(
            enable_cache=True
        )  # reuses what is good, whatever the pipeline says of its cache
        outcome = self._outcome_of[database, run.name] = f"computed again by run {new_run.name}"
        if run.name == newest.name:
            del self._last_runs[database, run.pipeline]
        return outcome

    def restore_order(self) -> None:
        """Run a pipeline's former last run again: the repository gives it, and `gc --keep-last` keeps it."""
        for records, run in self._last_runs.values():
            if run.status == "completed" and not run.of_tfx:
                with suppress(ZencacheError):
                    Pipeline(records.runs.spec_of(run), records=records).run(enable_cache=True)


def _mismatch(job: RepairJob, pipeline: Pipeline) -> str | None:
    """Say why running a pipeline again would not compute the artifact; None if it would."""
    steps = {use.step for use in job.artifact.producers}
    plan = pipeline.plan(enable_cache=True)
    planned = [step for name, step in plan.steps.items() if name in steps]
    if not planned or any(step.parts is None or step.parts.key in job.keys for step in planned):
        return None
    return (
        f"step {planned[0].name} is not what it was ({planned[0].reason}); run the pipeline's own script, "
        "and it computes what it needs now"
    )
