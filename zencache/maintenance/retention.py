"""What a store holds and who needs it, as frozen values; and the rule of what may go. Nothing here imports ml_metadata."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from zencache.errors import ParameterError
from zencache.metadata.run_status import GRACE, is_going_on, run_age
from zencache.util.sizes import size_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zencache.maintenance.lineage import Survey
    from zencache.model.records import ArtifactRecord, RunRecord


@dataclass(frozen=True)
class Criteria:
    """Which results may go; see `docs/maintenance.md`."""

    older_than: timedelta | None = None
    keep_last: int | None = None
    max_size: int | None = None
    """In bytes."""

    def check(self) -> None:
        """Raise ParameterError if this says nothing, or nothing that makes sense."""
        if self == Criteria():
            raise ParameterError(
                "say what may go: give at least one of older_than, keep_last and max_size "
                "(`zencache cache size` shows what there is)"
            )
        if self.older_than is not None and self.older_than < timedelta(0):
            raise ParameterError(f"older_than is negative: {self.older_than}; give a span such as 30d")
        if self.keep_last is not None and self.keep_last < 0:
            raise ParameterError(f"keep_last is negative: {self.keep_last}; give a number of runs")

    def __str__(self) -> str:
        said = {
            "older-than": self.older_than,
            "keep-last": self.keep_last,
            "max-size": None if self.max_size is None else size_text(self.max_size),
        }
        return " ".join(f"--{name} {value}" for name, value in said.items() if value is not None)


@dataclass(frozen=True)
class Stored:
    """An artifact, as one of the project's stores has it."""

    record: ArtifactRecord
    home: int
    """The store, by its number."""
    place: str
    """Its folder on this machine, or its uri elsewhere: equal content has places of its own."""
    state: str
    is_collected: bool
    """Whether gc marked it."""
    changed: datetime
    """When its record was written last."""
    pushed_to: str = ""
    """Of a model that was pushed: where to."""

    @property
    def id(self) -> int:
        """Its number in its store."""
        return self.record.id

    @property
    def is_marked(self) -> bool:
        """Whether gc marked it, and did not record that it is gone."""
        return self.state == "MARKED_FOR_DELETION" and self.is_collected


@dataclass(frozen=True)
class Use:
    """An execution, and the artifacts that it made, reused or was fed with."""

    id: int
    home: int
    step: str
    pipeline: str
    run: str | None
    """None for one that belongs to no run."""
    state: str
    when: datetime
    is_ours: bool
    """Whether what it gives was made by it, and not only named: an importer names what others made."""
    is_dropped: bool
    outputs: Mapping[int, str]
    """Artifact id to the output's name."""
    inputs: frozenset[int]


@dataclass(frozen=True)
class Item:
    """Bytes in one place, with all artifacts that the stores have there, and their uses."""

    place: str
    size: int
    artifacts: tuple[Stored, ...]
    uses: tuple[Use, ...]

    @property
    def maker(self) -> Use | None:
        """The execution that computed it."""
        made = [use for use in self.uses if use.is_ours and use.state != "CACHED" and self.gives(use)]
        return made[0] if made else None

    @property
    def last_used(self) -> datetime:
        """When it was computed or used last."""
        return max(use.when for use in self.uses)

    @property
    def is_dropped(self) -> bool:
        """Whether it is marked, so that it is never reused."""
        maker = self.maker
        return any(each.state != "LIVE" for each in self.artifacts) or (
            maker is not None and maker.is_dropped
        )

    def gives(self, use: Use) -> bool:
        """Say whether an execution made or reused it."""
        return any(each.home == use.home and each.id in use.outputs for each in self.artifacts)


@dataclass(frozen=True)
class House:
    """All that a project's stores hold of what its runs made."""

    items: tuple[Item, ...]
    runs: Mapping[tuple[int, str], RunRecord]
    """By store and name, those that were deleted too."""
    served: frozenset[str] = frozenset()
    locked: frozenset[str] = frozenset()
    """What goes under no circumstances: an importer names it, or it lies in or around another artifact."""
    named: frozenset[str] = frozenset()
    """Wherever the stores have an artifact, whoever made it."""
    surveys: tuple[Survey, ...] = ()
    """What it was made of, by the stores' numbers."""

    def run_of(self, use: Use) -> RunRecord | None:
        """Give the run that an execution is part of."""
        return self.runs.get((use.home, use.run)) if use.run is not None else None


def choose(house: House, criteria: Criteria, now: datetime) -> tuple[Item, ...]:
    """Choose what goes."""
    never, keeping = _guarded(house, criteria, now), _kept(house, criteria, now)
    free = [item for item in house.items if item.place not in house.locked]
    going = {item.place for item in free if _goes(house, item, criteria, never, keeping, now)}
    left = sum(item.size for item in house.items if item.place not in going)
    for item in sorted(free, key=lambda each: (each.last_used, each.place)):
        if criteria.max_size is None or left <= criteria.max_size:
            break
        if item.place not in going and not _is_held(house, item, never, now):
            going.add(item.place)
            left -= item.size
    return tuple(item for item in house.items if item.place in going)


Runs = set[tuple[int, str]]


def _goes(house: House, item: Item, criteria: Criteria, never: Runs, keeping: Runs, now: datetime) -> bool:
    """Say whether the criteria let an item go, whatever the size of the store."""
    if _is_held(house, item, never, now):
        return False
    if _only_deleted(house, item):
        return True
    if criteria.older_than is None and (criteria.keep_last is None or criteria.max_size is not None):
        return False  # the size alone decides
    span = criteria.older_than
    loose = [use for use in item.uses if house.run_of(use) is None]
    return not _users(item) & keeping and not any(span is not None and now - use.when < span for use in loose)


def _is_held(house: House, item: Item, runs: Runs, now: datetime) -> bool:
    """Say whether one of these runs needs an item, or a run that is not known yet may."""
    loose = any(house.run_of(use) is None and now - use.when < GRACE for use in item.uses)
    return loose or item.place in house.served or bool(_users(item) & runs)


def _only_deleted(house: House, item: Item) -> bool:
    runs = [house.run_of(use) for use in item.uses]
    return any(runs) and all(run is None or run.deleted for run in runs)


def _users(item: Item) -> Runs:
    return {(use.home, use.run) for use in item.uses if use.run is not None}


# -- runs ---------------------------------------------------------------------------------------------


def _guarded(house: House, criteria: Criteria, now: datetime) -> Runs:
    """Give the runs whose artifacts go under no circumstances."""
    fixed = {key for key, run in house.runs.items() if run.pinned or is_going_on(run, now)}
    return fixed | last_of_pipelines(house.runs, criteria.keep_last or 0)


def _kept(house: House, criteria: Criteria, now: datetime) -> Runs:
    """Give the runs that are young enough."""
    span = criteria.older_than
    return {
        k
        for k, run in house.runs.items()
        if span is not None and not run.deleted and run_age(run, now) < span
    }


def last_of_pipelines(runs: Mapping[tuple[int, str], RunRecord], number: int) -> Runs:
    """Give the last runs of each pipeline: from the `number`th last that completed on."""
    if not number:
        return set()
    found: Runs = set()
    by_pipeline: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for key, run in sorted(runs.items(), key=lambda pair: (pair[1].created, pair[0]), reverse=True):
        if not run.deleted:
            by_pipeline[run.pipeline].append(key)
    for keys in by_pipeline.values():
        found.update(_until(keys, [runs[key].status == "completed" for key in keys], number))
    return found


def _until(keys: Sequence[tuple[int, str]], good: Iterable[bool], number: int) -> Iterable[tuple[int, str]]:
    """Take from a list until a number of good ones is taken."""
    taken = 0
    for key, is_good in zip(keys, good, strict=True):
        yield key
        taken += is_good
        if taken == number:
            return
