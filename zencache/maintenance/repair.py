"""Making anew what is damaged: from a good copy, or by running again the pipeline whose step made it.

What is damaged is first marked, so that it is no hit, and then moved aside. A value that is made anew and is the same as
before takes its old place as well, so that every run that ever used it has it again.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from zencache.artifacts.integrity import damage
from zencache.artifacts.store import MANIFEST, is_remote
from zencache.errors import RunInterruptedError, StoreError, ZencacheError
from zencache.maintenance.verify import digest_of
from zencache.pipelines.instance import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from zencache.artifacts.store import ArtifactStore
    from zencache.maintenance.record_checks import Kept
    from zencache.maintenance.verify import Bad
    from zencache.metadata.session import Records
    from zencache.model.records import ArtifactRecord, RunRecord

    Copies = dict[tuple[str, str], list[tuple[ArtifactStore, ArtifactRecord]]]

_MARKED = "marked, so that nothing reuses it"


def repair(bad: Sequence[Bad], every: Sequence[Records], checked: Sequence[Kept]) -> list[tuple[str, bool]]:
    """Repair artifacts, and say of each what came of it, and whether it is good again."""
    certain = [each for each in bad if each.damage.is_certain]
    patients = [_Patient(each) for each in certain]
    for patient in patients:
        patient.set_aside()
    copies = _copies(bad, every, checked)
    for patient in patients:
        patient.restore(copies.get(patient.content, []), "restored from a copy")
    reruns = _Reruns()
    for patient in (each for each in patients if not each.is_good):
        why = reruns.make(patient)
        fresh = patient.fresh()
        if fresh is None:
            patient.outcome = f"{_MARKED}; not made anew: {why}"
            continue
        store = patient.bad.home.metadata.artifacts
        if not patient.restore([(store, fresh)], f"{why}, the same as before"):
            patient.outcome, patient.is_good = f"{why}{patient.compared(fresh)}", True
    reruns.end()
    for patient in (each for each in patients if not each.is_good):
        patient.restore([], "made anew by another store that has it too")
    told = {(p.bad.kept.home, p.bad.kept.record.id): (p.said(), p.is_good) for p in patients}
    left = ("left as it is", False)
    return [told.get((each.kept.home, each.kept.record.id), left) for each in bad]


def _copies(bad: Sequence[Bad], every: Sequence[Records], checked: Sequence[Kept]) -> Copies:
    """Give the artifacts that are not known to be bad, by content."""
    places = {each.kept.record.uri for each in bad}
    found: Copies = {}
    for kept in checked:
        record = kept.record
        if record.materializer and not kept.is_external and record.uri not in places:
            content = (record.digest, record.materializer)
            found.setdefault(content, []).append((every[kept.home].metadata.artifacts, record))
    return found


class _Patient:
    """A damaged artifact, while it is repaired."""

    def __init__(self, bad: Bad) -> None:
        from zencache.maintenance.record_checks import keys_of  # noqa: PLC0415 - imports ml_metadata

        self.bad = bad
        self.record = bad.kept.record
        self.content = (self.record.digest, self.record.materializer)
        self.is_good = False
        self.outcome = ""
        self._store = bad.home.metadata.artifacts
        self._digest = digest_of(self.record.materializer)
        self._is_ours = bad.kept.is_ours(bad.found)
        self._aside: str | None = None
        self.keys = set(keys_of(bad.found, bad.kept.uses).values())

    def set_aside(self) -> None:
        """Mark it first: whoever reads it from now on makes it anew."""
        self.bad.home.metadata.drop_artifact(self.record.id, self.bad.damage.wrong)
        if self._is_ours:
            with suppress(StoreError, OSError):  # another took care of it, or it cannot be moved
                self._aside = self._store.set_aside(self.record)

    def restore(self, copies: Sequence[tuple[ArtifactStore, ArtifactRecord]], said: str) -> bool:
        """Put a good copy in its place; False where there is none."""
        if not self._is_ours:
            return False
        good = self._is_whole() or any(self._took(store, copy) for store, copy in copies)
        if good:
            self.bad.home.metadata.revive_artifact(self.record.id)
            self.is_good, self.outcome = True, said
        return good

    def _took(self, store: ArtifactStore, copy: ArtifactRecord) -> bool:
        if copy.digest != self.record.digest or copy.uri == self.record.uri or self._is_in_the_way():
            return False
        place = self.record.uri if is_remote(self.record.uri) else str(self.record.folder)
        with suppress(StoreError), store.reading(copy, self._digest) as folder:
            self._store.put(place, partial(_copy, folder), self._digest)
        return self._is_whole()

    def _is_in_the_way(self) -> bool:
        """Say whether what is bad could not be moved."""
        return not is_remote(self.record.uri) and self.record.folder.exists()

    def _is_whole(self) -> bool:
        return damage(self._store, self.record, self._digest, full=True) is None

    def fresh(self) -> ArtifactRecord | None:
        """Give the artifact that a look-up of its key finds now."""
        metadata = self.bad.home.metadata
        for key in sorted(self.keys):
            for execution in metadata.of_key(key):
                found = execution.outputs.get(self.bad.kept.output)
                is_usable = execution.done and not execution.dropped and found is not None and found.live
                if is_usable and found is not None and self._store.problem(found) is None:
                    return found
        return None

    def compared(self, fresh: ArtifactRecord) -> str:
        """Say how a new value compares with the old one."""
        if fresh.content == self.record.content:
            return ", the same as before"
        return ", with another content: the step does not give the same again, and the old value is lost to the runs that had it"

    def said(self) -> str:
        """Give the outcome, and where the bad copy is."""
        return f"{self.outcome}; the bad copy is kept at {self._aside}" if self._aside else self.outcome


def _copy(source: Path, target: Path) -> None:
    """Copy an artifact's files, without their manifest; they are not linked, since damage to one would be to both."""

    def manifest(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if name == MANIFEST and folder == str(source)]

    shutil.copytree(source, target, ignore=manifest, copy_function=shutil.copyfile, dirs_exist_ok=True)


class _Reruns:
    """Runs that are run again, each once, and what came of it."""

    def __init__(self) -> None:
        self._done: dict[tuple[str, str], str] = {}
        self._last: dict[tuple[str, str], tuple[Records, RunRecord]] = {}
        """By store and pipeline: the run that was its newest."""

    def make(self, patient: _Patient) -> str:
        """Run again the newest run that makes an artifact; say which run made it, or why none did."""
        reasons: list[str] = []
        for records, run in _runs_of(patient.bad):
            if patient.fresh() is not None and not reasons:
                break
            reasons.append(self._tried(patient, records, run))
            if patient.fresh() is not None:
                return reasons[-1]
        if patient.fresh() is not None:
            return "made anew"
        return (
            reasons[0] if reasons else "no run of zencache's is recorded that gave it; run what made it again"
        )

    def _tried(self, patient: _Patient, records: Records, run: RunRecord) -> str:
        try:
            pipeline = Pipeline(records.runs.spec_of(run), records=records)
            known = self._done.get((str(records.project.database), run.name))
            return known or self._planned(patient, pipeline) or self._run(pipeline, records, run)
        except RunInterruptedError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - importing users' modules, and steps, may raise anything
            words = str(error) if isinstance(error, ZencacheError) else f"{type(error).__name__}: {error}"
            self._done[str(records.project.database), run.name] = words
            return words

    def _planned(self, patient: _Patient, pipeline: Pipeline) -> str | None:
        """Say why running it again would not make the artifact, if so."""
        steps = {use.step for use in patient.bad.kept.uses if use.home == patient.bad.kept.home}
        plan = pipeline.plan(enable_cache=True)
        planned = [step for name, step in plan.steps.items() if name in steps]
        if not planned or any(step.parts is None or step.parts.key in patient.keys for step in planned):
            return None
        return (
            f"step {planned[0].name} is not what it was ({planned[0].reason}); run the pipeline's own script, "
            "and it computes what it needs now"
        )

    def _run(self, pipeline: Pipeline, records: Records, run: RunRecord) -> str:
        store = str(records.project.database)
        newest = records.runs.runs(run.pipeline)[-1]
        self._last.setdefault((store, run.pipeline), (records, newest))
        made = pipeline.run(
            enable_cache=True
        )  # what is good is a hit, whatever the pipeline says of its cache
        said = self._done[store, run.name] = f"made anew by run {made.name}"
        if run.name == newest.name:
            del self._last[store, run.pipeline]
        return said

    def end(self) -> None:
        """Have the run that was a pipeline's last be it again: so it is found, and kept by `gc --keep-last`."""
        for records, run in self._last.values():
            if run.status == "completed" and not run.of_tfx:
                with suppress(ZencacheError):
                    Pipeline(records.runs.spec_of(run), records=records).run(enable_cache=True)


def _runs_of(bad: Bad) -> Iterator[tuple[Records, RunRecord]]:
    """Give the runs that gave an artifact and can be run again, newest first."""
    known = {use.run for use in bad.kept.uses if use.run is not None}
    found = [bad.found.runs[name] for name in known if name in bad.found.runs]
    for run in sorted(found, key=lambda each: each.created, reverse=True):
        if not run.deleted and not run.of_tfx:
            yield bad.home, run
