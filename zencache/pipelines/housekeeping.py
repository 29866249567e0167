"""Keeping the house: how large the cache is, and what of it is collected. `docs/housekeeping.md` says what that means."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from zencache.errors import StoreUnavailableError
from zencache.sizes import size_text
from zencache.stores import erasing
from zencache.stores.keeping import GRACE, Criteria, House, Item, choose, is_going_on
from zencache.stores.lock import StoreLock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from zencache.config import Project
    from zencache.database import Database
    from zencache.pipelines.records import Records
    from zencache.stores.erasing import Stray
    from zencache.stores.house import Survey
    from zencache.stores.keeping import Use

_AT_ONCE = 100  # folders that are deleted before that is recorded


@dataclass(frozen=True)
class Share:
    """A part of the cache: what it is, how many artifacts, and their bytes."""

    name: str
    count: int
    size: int

    def __str__(self) -> str:
        return f"{self.name}: {self.count}, {size_text(self.size)}"


@dataclass(frozen=True)
class CacheSize:
    """How large the cache is, in bytes on disk."""

    count: int
    size: int
    pipelines: tuple[Share, ...]
    """By the pipeline that computed it, largest first."""
    steps: tuple[Share, ...]
    """By `pipeline.step`, largest first."""
    dropped: Share
    """What is marked, so that it is never reused: counted above as well."""
    leftovers: Share
    """What no record names, and nothing that is going on owns."""
    collected: int
    """How many artifacts were collected before."""
    collectable: int
    """What `gc(keep_last=1)` would free, leftovers with it."""


@dataclass(frozen=True)
class CollectedResult:
    """An artifact that was collected, or would be."""

    pipeline: str
    step: str
    run: str
    """The run that computed it."""
    output: str
    size: int
    last_used: datetime
    folder: Path


@dataclass(frozen=True)
class Collection:
    """What gc freed, or with `dry_run` would."""

    results: tuple[CollectedResult, ...]
    leftovers: tuple[tuple[Path, int], ...]
    """What no record named, with sizes."""
    left: int
    """The bytes of the artifacts that stay."""
    over: int
    """By how many bytes that is more than `max_size`."""
    notes: tuple[str, ...] = ()

    @property
    def freed(self) -> int:
        """All bytes that are freed."""
        return sum(each.size for each in self.results) + sum(size for _, size in self.leftovers)


def cache_size(every: Sequence[Records]) -> CacheSize:
    """Measure the cache; see `Repository.cache_size`."""
    now = datetime.now(timezone.utc)
    house, leftovers, _ = _look_about(every, now)
    going = choose(house, Criteria(keep_last=1), now)
    dropped = [item for item in house.items if item.is_dropped]
    lying = sum(erasing.size_of(path) for path in leftovers)
    return CacheSize(
        count=len(house.items),
        size=sum(item.size for item in house.items),
        pipelines=_shares((_maker(item).pipeline, item.size) for item in house.items),
        steps=_shares(
            (f"{_maker(item).pipeline}.{_maker(item).step}".lstrip("."), item.size) for item in house.items
        ),
        dropped=Share("dropped", len(dropped), sum(item.size for item in dropped)),
        leftovers=Share("leftovers", len(leftovers), lying),
        collected=sum(each.state == "DELETED" for found in house.surveys for each in found.artifacts),
        collectable=lying + sum(item.size for item in going),
    )


def gc(every: Sequence[Records], criteria: Criteria, *, dry_run: bool) -> Collection:
    """Collect what the criteria let go; see `Repository.gc`."""
    criteria.check()
    project, now = every[0].project, datetime.now(timezone.utc)
    with nullcontext() if dry_run else _alone(project):
        house, leftovers, notes = _look_about(every, now)
        chosen = choose(house, criteria, now)
        lying = tuple((path, erasing.size_of(path)) for path in leftovers)
        items = chosen if dry_run else _collected(house, chosen, now)
        if not dry_run:
            _mend(house, {item.folder for item in chosen}, now)
            for path in leftovers:
                erasing.erase(path)
    left = sum(item.size for item in house.items) - sum(item.size for item in items)
    over = max(0, left - criteria.max_size) if criteria.max_size is not None else 0
    return Collection(tuple(map(_result, items)), lying, left, over, notes)


@contextmanager
def _alone(project: Project) -> Iterator[None]:
    """Wait until no other gc works in the project's folder."""
    with ExitStack() as stack:
        try:
            stack.enter_context(StoreLock(project.folder / "gc.lock"))
        except OSError as error:
            raise StoreUnavailableError(f"cannot write to the store {project.folder}: {error}") from error
        yield


def _shares(sized: Iterable[tuple[str, int]]) -> tuple[Share, ...]:
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for name, size in sized:
        counts[name] += 1
        sizes[name] += size
    found = [Share(name, counts[name], sizes[name]) for name in counts]
    return tuple(sorted(found, key=lambda share: (-share.size, share.name)))


def _maker(item: Item) -> Use:
    assert item.maker is not None  # else it is no item
    return item.maker


def _result(item: Item) -> CollectedResult:
    maker = _maker(item)
    output = next((maker.outputs[a.id] for a in item.artifacts if a.id in maker.outputs), "")
    return CollectedResult(
        maker.pipeline, maker.step, maker.run or "", output, item.size, item.last_used, item.folder
    )


# -- looking ------------------------------------------------------------------------------------------


def look(every: Sequence[Records], now: datetime | None = None) -> House:
    """Read all stores of a project: what they hold of what its runs made."""
    from zencache.stores.house import survey  # noqa: PLC0415 - imports ml_metadata

    missing(every)
    moment = now or datetime.now(timezone.utc)
    return _house(every[0].project, tuple(survey(each.runs, n, moment) for n, each in enumerate(every)))


def _look_about(every: Sequence[Records], now: datetime) -> tuple[House, list[Path], tuple[str, ...]]:
    """Give what the stores hold, what lies about besides, and what to tell of it."""
    project = every[0].project
    about = list(erasing.strays(project))  # before the records: what is recorded meanwhile is named then
    house = look(every, now)
    names = {name for found in house.surveys for name in found.names}
    if away := missing(every):
        said = f"what lies about stays: the store {away[0]} of this project is not there, and may name it"
        return house, [], (said,)
    files = erasing.unnamed_files(project, names)
    owned = _Owned.of(house, now)
    return house, [each.path for each in (*about, *files) if _is_leftover(each, owned, now)], ()


def missing(every: Sequence[Records]) -> list[Database]:
    """Give the project's stores that are not there; raises StoreUnavailableError for one that cannot be read."""
    opened = {records.project.database for records in every}
    others = [each for each in every[0].project.databases if each not in opened]
    if closed := [each for each in others if each.is_there()]:
        raise StoreUnavailableError(
            f"the store {closed[0]} of this project cannot be read, and so nobody knows what it needs; mend it, "
            f"or take it out of {every[0].project.folder / 'stores.json'}"
        )
    return others


def _house(project: Project, surveys: tuple[Survey, ...]) -> House:
    """Bring together what stores have in the same places."""
    uses: dict[tuple[int, int], list[Use]] = defaultdict(list)
    for found in surveys:
        for use in found.uses:
            for artifact in (*use.outputs, *use.inputs - use.outputs.keys()):
                uses[use.home, artifact].append(use)
    there = [each for found in surveys for each in found.artifacts if each.state != "DELETED"]
    places = defaultdict(list)
    for stored in there:
        places[stored.folder].append(stored)
    roots = [project.own_artifacts, *(root for found in surveys for root in found.roots)]
    items = []
    for folder, artifacts in places.items():
        users = tuple(use for each in artifacts for use in uses[each.home, each.id])
        item = Item(folder, 0, tuple(artifacts), users)
        made = any(u.is_ours and erasing.is_made_by(folder, root, u.id) for u in users for root in roots)
        if made and item.maker is not None:
            items.append(Item(folder, erasing.size_of(folder), item.artifacts, users))
    runs = {(n, name): run for n, found in enumerate(surveys) for name, run in found.runs.items()}
    house = House(tuple(items), runs, named=frozenset(places), surveys=surveys)
    return House(house.items, runs, _served(house), _locked(house), house.named, surveys)


def _served(house: House) -> frozenset[Path]:
    """Give where the models that are served lie, and what they were pushed from."""
    newest: dict[tuple[int, str, str], int] = {}
    folders = {(each.home, each.id): each.folder for s in house.surveys for each in s.artifacts}
    pushed = {(e.home, e.id): e.pushed_to for s in house.surveys for e in s.artifacts if e.pushed_to}
    giving: list[tuple[tuple[int, str, str], int, Use]] = []
    for use in (use for found in house.surveys for use in found.uses):
        run = house.run_of(use)
        for artifact in use.outputs if run is not None and not run.deleted else ():
            if place := pushed.get((use.home, artifact)):
                key = (use.home, use.pipeline, place.rpartition("/")[0])
                newest[key] = max(newest.get(key, 0), artifact)
                giving.append((key, artifact, use))
    served = [(key, artifact, use) for key, artifact, use in giving if newest[key] == artifact]
    return frozenset(folders[use.home, each] for _, a, use in served for each in (a, *use.inputs))


def _locked(house: House) -> frozenset[Path]:
    around = {parent for folder in house.named for parent in folder.parents}
    imported = {
        each.folder for found in house.surveys for each in found.artifacts if each.id in found.imported
    }
    return frozenset(
        item.folder
        for item in house.items
        if item.folder in imported | around or any(parent in house.named for parent in item.folder.parents)
    )


@dataclass(frozen=True)
class _Owned:
    """What belongs to something, as far as places tell."""

    named: frozenset[Path]
    around: frozenset[Path]
    """The folders that named places lie in."""
    in_progress: frozenset[int]
    is_busy: bool
    """Whether a run is going on."""

    @classmethod
    def of(cls, house: House, now: datetime) -> _Owned:
        return cls(
            house.named,
            frozenset(parent for folder in house.named for parent in folder.parents),
            frozenset(number for found in house.surveys for number in found.in_progress),
            any(is_going_on(run, now) for run in house.runs.values()),
        )

    def has(self, stray: Stray) -> bool:
        """Say whether a candidate belongs to something."""
        inside = any(path in self.named for path in (stray.path, *stray.path.parents))
        in_use = (stray.is_working and self.is_busy) or stray.execution in self.in_progress
        return inside or stray.path in self.around or in_use


def _is_leftover(stray: Stray, owned: _Owned, now: datetime) -> bool:
    """Say whether what lies about belongs to nothing, and has for a while."""
    return stray.is_trash or (not owned.has(stray) and now - erasing.last_change(stray.path) > GRACE)


# -- collecting ---------------------------------------------------------------------------------------


def _collected(house: House, items: Sequence[Item], now: datetime) -> list[Item]:
    """Mark items, look again who uses them, and delete what nobody does."""
    from zencache.stores.house import mark, mark_deleted, unmark  # noqa: PLC0415 - imports ml_metadata

    when = f"{now.astimezone():%Y-%m-%d %H:%M:%S}"
    for found, ids in _by_store(house, items):
        mark(found.metadata, ids, when)
    used = _used_meanwhile(house, items)
    for found, ids in _by_store(house, [item for item in items if item.folder in used]):
        unmark(found.metadata, ids)
    going = [item for item in items if item.folder not in used]
    for start in range(0, len(going), _AT_ONCE):
        batch = going[start : start + _AT_ONCE]
        for item in batch:
            erasing.erase(item.folder)
        for found, ids in _by_store(house, batch):
            mark_deleted(found.metadata, ids, when)
    return going


def _by_store(house: House, items: Iterable[Item]) -> Iterator[tuple[Survey, list[int]]]:
    ids: Mapping[int, list[int]] = defaultdict(list)
    for item in items:
        for each in item.artifacts:
            ids[each.home].append(each.id)
    return ((house.surveys[home], found) for home, found in ids.items())


def _used_meanwhile(house: House, items: Sequence[Item]) -> set[Path]:
    """Give those places whose use was published since the stores were read; a copy in another store is one."""
    from zencache.stores.house import copied_since, uris_of, used_since  # noqa: PLC0415 - imports ml_metadata

    at = {(each.home, each.id): item.folder for item in items for each in item.artifacts}
    found = {at[n, i] for n, s in enumerate(house.surveys) for i in used_since(s, _ids(at, n))}
    if len(house.surveys) > 1:
        for home, each in enumerate(house.surveys):
            uris = uris_of(each.metadata, _ids(at, home))
            places = {uri: at[home, number] for number, uri in uris.items()}
            found |= {places[uri] for other in house.surveys for uri in copied_since(other, places)}
    return found


def _ids(at: Mapping[tuple[int, int], Path], home: int) -> list[int]:
    return [number for store, number in at if store == home]


def _mend(house: House, going: set[Path], now: datetime) -> None:
    """Finish what an earlier gc left that did not end: what it marked and is needed is live again, if it is there."""
    from zencache.stores.house import mark_deleted, unmark  # noqa: PLC0415 - imports ml_metadata

    when = f"{now.astimezone():%Y-%m-%d %H:%M:%S}"
    for found in house.surveys:
        marked = [a for a in found.artifacts if a.state == "MARKED_FOR_DELETION" and a.is_collected]
        # The gc of another machine, which shares this store, may be at work.
        fresh = {each.id for each in marked if now - each.changed < GRACE and found.is_shared}
        left = [each for each in marked if each.folder not in going and each.id not in fresh]
        unmark(found.metadata, [each.id for each in left if each.folder.exists()])
        mark_deleted(found.metadata, [each.id for each in left if not each.folder.exists()], when)
