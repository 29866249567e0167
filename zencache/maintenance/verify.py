"""Verifying a store: whether all that its records name is as they say, and making it so. `docs/stores.md` says what is checked."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Literal

from zencache.artifacts.integrity import damage, is_checkable
from zencache.artifacts.store import is_remote, unchecked
from zencache.errors import MaterializerError, ZencacheError
from zencache.maintenance.inventory import missing
from zencache.materializers import load_materializer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from zencache.artifacts.integrity import Damage, Digest
    from zencache.maintenance.lineage import Survey
    from zencache.maintenance.record_checks import Fault, Kept
    from zencache.metadata.session import Records

    Progress = Callable[[int, int, int, int], None]
    """Artifacts that were checked, of how many; their bytes, of how many."""

Kind = Literal["artifact", "external file", "run", "key"]
_REQUESTS = 8  # artifacts of a store elsewhere that are asked for at once


@dataclass(frozen=True)
class Problem:
    """Something that is not as the records say, or as records should be."""

    kind: Kind
    """`"external file"`: of somebody else, whom an importer names; it changed, and that is no fault of the store."""
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

    def __str__(self) -> str:
        place = ".".join(filter(None, (self.pipeline, self.step, self.output))) or self.where
        return f"{place}: {self.wrong}" + (f"; {self.outcome}" if self.outcome else "")


@dataclass(frozen=True)
class Verification:
    """What verifying a store found."""

    count: int
    """How many artifacts were checked."""
    size: int
    """Their bytes."""
    unchecked: int
    """Artifacts of which nothing is recorded that they could be compared with."""
    is_full: bool
    """Whether every byte was compared."""
    problems: tuple[Problem, ...]
    changed: tuple[Problem, ...]
    """Files of others that importers name, and that changed since: no fault of the store."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong, or `repair` mended all of it."""
        return all(problem.is_mended for problem in self.problems)


@dataclass(frozen=True)
class Bad:
    """An artifact that is not what was recorded."""

    kept: Kept
    damage: Damage
    home: Records
    found: Survey


def verify(
    every: Sequence[Records], *, full: bool, repair: bool, progress: Progress | None = None
) -> Verification:
    """Compare all that the stores hold with what they say; see `Repository.verify`."""
    from zencache.maintenance.lineage import survey  # noqa: PLC0415 - imports ml_metadata
    from zencache.maintenance.record_checks import check_mounted, faults, kept  # noqa: PLC0415 - imports ml_metadata

    missing(every)
    now = datetime.now(timezone.utc)
    surveys = [survey(each.runs, n, now, bury=False) for n, each in enumerate(every)]
    for found in surveys:
        check_mounted(found)
    wrong = [fault for found in surveys for fault in faults(found, now)]
    there = [each for n, found in enumerate(surveys) for each in kept(found, n)]
    checkable = [each for each in there if is_checkable(each.record)]
    bad = _bad(every, surveys, _damaged(every, checkable, full=full, progress=progress))
    ours = [each for each in bad if not each.kept.is_external]
    problems = [*map(_of_fault, wrong), *map(_of_artifact, ours)]
    if repair:
        problems = [*map(_mended, wrong), *_repaired(ours, every, checkable)]
    return Verification(
        count=len(checkable),
        size=sum(each.record.size for each in checkable),
        unchecked=len(there) - len(checkable),
        is_full=full,
        problems=tuple(problems),
        changed=tuple(_of_artifact(each) for each in bad if each.kept.is_external),
    )


def _of_fault(fault: Fault) -> Problem:
    kind: Kind = "run" if fault.run else "key"
    return Problem(kind, fault.pipeline, fault.run, "", "", fault.where or fault.run, fault.wrong)


def _mended(fault: Fault) -> Problem:
    try:
        fault.mend()
    except ZencacheError as error:
        return replace(_of_fault(fault), outcome=f"not mended: {error}")
    return replace(_of_fault(fault), outcome=fault.mended, is_mended=True)


def _of_artifact(bad: Bad) -> Problem:
    maker, record = bad.kept.maker, bad.kept.record
    return Problem(
        "external file" if bad.kept.is_external else "artifact",
        maker.pipeline if maker else "",
        (maker.run or "") if maker else "",
        maker.step if maker else "",
        bad.kept.output,
        record.uri,
        bad.damage.wrong,
    )


def _repaired(bad: Sequence[Bad], every: Sequence[Records], checked: Sequence[Kept]) -> list[Problem]:
    from zencache.maintenance.repair import repair  # noqa: PLC0415 - only who repairs runs pipelines

    outcomes = repair(bad, every, checked)
    return [
        replace(_of_artifact(each), outcome=text, is_mended=is_mended)
        for each, (text, is_mended) in zip(bad, outcomes, strict=True)
    ]


# -- bytes --------------------------------------------------------------------------------------------


def _damaged(
    every: Sequence[Records], checkable: Sequence[Kept], *, full: bool, progress: Progress | None
) -> Iterator[tuple[Kept, Damage]]:
    """Check artifacts, several at once, and give what is wrong with them."""
    digests = {path: digest_of(path) for path in {each.record.materializer for each in checkable}}
    size, done, read = sum(each.record.size for each in checkable), 0, 0
    remote = any(is_remote(each.record.uri) for each in checkable)
    with ThreadPoolExecutor(_REQUESTS if remote else os.cpu_count()) as threads:
        jobs = {threads.submit(_checked, every, each, digests, full=full): each for each in checkable}
        try:
            for job in as_completed(jobs):
                each, found = jobs[job], job.result()
                done, read = done + 1, read + each.record.size
                if progress:
                    progress(done, len(jobs), read, size)
                if found:
                    yield each, found
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def _checked(
    every: Sequence[Records], each: Kept, digests: dict[str, Digest], *, full: bool
) -> Damage | None:
    store = every[each.home].metadata.artifacts
    return damage(store, each.record, digests[each.record.materializer], full=full)


def digest_of(path: str) -> Digest:
    """Give how a materializer names a value; what runs code goes by its bytes alone."""
    try:
        made = load_materializer(path, allow_pickle=True) if path else None
    except Exception:  # noqa: BLE001 - importing users' modules may raise anything
        return _unknown
    return made.digest if made is not None and not made.runs_code else unchecked


def _unknown(folder: Path) -> str | None:
    raise MaterializerError(f"nothing here can name the value in {folder}")


def _bad(
    every: Sequence[Records], surveys: Sequence[Survey], found: Iterable[tuple[Kept, Damage]]
) -> list[Bad]:
    """Leave out what gc, or a load that failed, took care of since the records were read; by store and number."""
    pairs = sorted(found, key=lambda pair: (pair[0].home, pair[0].record.id))
    gone = {
        (home, number)
        for home, each in enumerate(every)
        for number in each.metadata.not_live(k.record.id for k, _ in pairs if k.home == home)
    }
    return [
        Bad(kept, wrong, every[kept.home], surveys[kept.home])
        for kept, wrong in pairs
        if (kept.home, kept.record.id) not in gone
    ]
