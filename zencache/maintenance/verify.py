"""Verifies a project's stores: compares what is stored with the records, and repairs it on request.

`docs/stores.md` says what is checked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Literal

from zencache.errors import ZencacheError
from zencache.maintenance.artifact_checks import check_mounted, find_damaged
from zencache.maintenance.lineage import read_lineage
from zencache.maintenance.record_checks import check_records
from zencache.maintenance.repair import repair_artifacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zencache.maintenance.artifact_checks import DamagedArtifact, Progress
    from zencache.maintenance.record_checks import RecordFault
    from zencache.maintenance.repair import RepairOutcome
    from zencache.metadata.session import ProjectRecords

Kind = Literal["artifact", "external file", "run", "key"]


@dataclass(frozen=True)
class Problem:
    """Something that is not as the records say, or as records should be."""

    kind: Kind
    """`"external file"`: a file of others that an importer names; its change is not a fault of the store."""
    pipeline: str
    run: str
    """Of an artifact: the run that computed it."""
    step: str
    output: str
    where: str
    """Its uri, or what the records call it."""
    wrong: str
    outcome: str = ""
    """What `repair` did about it."""
    is_mended: bool = False
    """Whether `repair` repaired it."""

    def __str__(self) -> str:
        place = ".".join(filter(None, (self.pipeline, self.step, self.output))) or self.where
        return f"{place}: {self.wrong}" + (f"; {self.outcome}" if self.outcome else "")


@dataclass(frozen=True)
class Verification:
    """The result of verifying a project's stores."""

    count: int
    """How many artifacts were checked."""
    size: int
    """Their bytes."""
    unchecked: int
    """Artifacts without a recorded digest that they could be compared with."""
    is_full: bool
    """Whether every byte was compared."""
    problems: tuple[Problem, ...]
    changed: tuple[Problem, ...]
    """Files of others that importers name and that changed since: not a fault of the store."""

    @property
    def is_clean(self) -> bool:
        """Whether there is no problem, or `repair` repaired all of them."""
        return all(problem.is_mended for problem in self.problems)


def verify(
    every: Sequence[ProjectRecords], *, full: bool, repair: bool, progress: Progress | None = None
) -> Verification:
    """Compare all that the stores hold with their records; see `Repository.verify`."""
    for records in every:
        records.metadata.check_writable()
    now = datetime.now(timezone.utc)
    lineage = read_lineage(every, now, mark_stale=False)
    for records in every:
        check_mounted(records.project)
    faults = [fault for scan in lineage.scans for fault in check_records(scan, now)]
    live = [artifact for store in range(len(every)) for artifact in lineage.live_artifacts(store)]
    checkable = [
        artifact
        for artifact in live
        if every[artifact.store].metadata.artifacts.is_checkable(artifact.record)
    ]
    damaged = find_damaged(every, checkable, full=full, progress=progress)
    own = [each for each in damaged if not each.artifact.is_external]
    if repair:
        repaired_records = [_repaired_fault(fault) for fault in faults]
        outcomes = repair_artifacts(own, every, lineage, checkable)
        repaired_artifacts = [
            _repaired_artifact(each, outcome) for each, outcome in zip(own, outcomes, strict=True)
        ]
        problems = [*repaired_records, *repaired_artifacts]
    else:
        problems = [*map(_record_problem, faults), *map(_artifact_problem, own)]
    return Verification(
        count=len(checkable),
        size=sum(artifact.record.size for artifact in checkable),
        unchecked=len(live) - len(checkable),
        is_full=full,
        problems=tuple(problems),
        changed=tuple(_artifact_problem(each) for each in damaged if each.artifact.is_external),
    )


def _record_problem(fault: RecordFault) -> Problem:
    kind: Kind = "run" if fault.run else "key"
    return Problem(kind, fault.pipeline, fault.run, "", "", fault.where or fault.run, fault.wrong)


def _repaired_fault(fault: RecordFault) -> Problem:
    try:
        fault.repair()
    except ZencacheError as error:
        return replace(_record_problem(fault), outcome=f"not repaired: {error}")
    return replace(_record_problem(fault), outcome=fault.outcome, is_mended=True)


def _artifact_problem(damaged: DamagedArtifact) -> Problem:
    artifact = damaged.artifact
    maker = artifact.maker
    return Problem(
        "external file" if artifact.is_external else "artifact",
        maker.pipeline if maker else "",
        (maker.run or "") if maker else "",
        maker.step if maker else "",
        artifact.output,
        artifact.record.uri,
        damaged.damage.wrong,
    )


def _repaired_artifact(damaged: DamagedArtifact, outcome: RepairOutcome) -> Problem:
    return replace(_artifact_problem(damaged), outcome=outcome.text, is_mended=outcome.is_repaired)
