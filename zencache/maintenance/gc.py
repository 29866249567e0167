"""Keeping the house: how large the cache is, and what of it is collected. `docs/maintenance.md` says what that means."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from zencache.artifacts.store import is_remote
from zencache.errors import StoreUnavailableError
from zencache.maintenance.inventory import look_about
from zencache.maintenance.retention import Criteria, choose
from zencache.metadata.run_status import GRACE
from zencache.util.locks import StoreLock
from zencache.util.sizes import size_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from zencache.artifacts.store import ArtifactStore
    from zencache.config import Project
    from zencache.maintenance.inventory import Surroundings
    from zencache.maintenance.lineage import Survey
    from zencache.maintenance.retention import House, Item, Use
    from zencache.metadata.session import Records

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
    set_aside: Share
    """Bad copies, which are kept to be looked at."""
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
    place: str
    """The folder on this machine, or the uri elsewhere."""


@dataclass(frozen=True)
class Collection:
    """What gc freed, or with `dry_run` would."""

    results: tuple[CollectedResult, ...]
    leftovers: tuple[tuple[Path | str, int], ...]
    """What no record named, with sizes: paths on this machine, and uris elsewhere."""
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
    about = look_about(every, now)
    house, lying = about.house, sum(each.size for each in about.leftovers)
    going = choose(house, Criteria(keep_last=1), now)
    dropped = [item for item in house.items if item.is_dropped]
    return CacheSize(
        count=len(house.items),
        size=sum(item.size for item in house.items),
        pipelines=_shares((_maker(item).pipeline, item.size) for item in house.items),
        steps=_shares(
            (f"{_maker(item).pipeline}.{_maker(item).step}".lstrip("."), item.size) for item in house.items
        ),
        dropped=Share("dropped", len(dropped), sum(item.size for item in dropped)),
        leftovers=Share("leftovers", len(about.leftovers), lying),
        set_aside=Share("set aside", len(about.set_aside), sum(each.size for each in about.set_aside)),
        collected=sum(each.state == "DELETED" for found in house.surveys for each in found.artifacts),
        collectable=lying + sum(item.size for item in going),
    )


def gc(every: Sequence[Records], criteria: Criteria, *, dry_run: bool) -> Collection:
    """Collect what the criteria let go; see `Repository.gc`."""
    criteria.check()
    project, now = every[0].project, datetime.now(timezone.utc)
    with nullcontext() if dry_run else _alone(project):
        about = look_about(every, now)
        house = about.house
        items: Sequence[Item] = choose(house, criteria, now)
        if not dry_run:
            items = _cleaned(about, items, now, every[0].metadata.artifacts)
    left = sum(item.size for item in house.items) - sum(item.size for item in items)
    over = max(0, left - criteria.max_size) if criteria.max_size is not None else 0
    lying = tuple((each.place, each.size) for each in about.leftovers)
    return Collection(tuple(map(_result, items)), lying, left, over, about.notes)


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
        maker.pipeline, maker.step, maker.run or "", output, item.size, item.last_used, item.place
    )


# -- collecting ---------------------------------------------------------------------------------------


def _cleaned(about: Surroundings, chosen: Sequence[Item], now: datetime, store: ArtifactStore) -> list[Item]:
    """Delete what was chosen, and what lies about; raises StoreUnavailableError where that cannot be done now."""
    try:
        gone = _collected(about.house, chosen, now)
        _mend(about.house, {item.place for item in chosen}, now)
        for each in about.leftovers:
            each.delete(store)
    except StoreUnavailableError as error:
        raise StoreUnavailableError(
            f"{error}; what gc marked stays marked, and the next `zencache cache gc` goes on from there"
        ) from error
    _forget(about.house, gone, store)
    return gone


def _collected(house: House, items: Sequence[Item], now: datetime) -> list[Item]:
    """Mark items, look again who uses them, and delete what nobody does."""
    from zencache.maintenance.lineage import mark, mark_deleted, unmark  # noqa: PLC0415 - imports ml_metadata

    when = f"{now.astimezone():%Y-%m-%d %H:%M:%S}"
    for found, ids in _by_store(house, items):
        mark(found.metadata, ids, when)
    used = _used_meanwhile(house, items)
    for found, ids in _by_store(house, [item for item in items if item.place in used]):
        unmark(found.metadata, ids)
    going = [item for item in items if item.place not in used]
    for start in range(0, len(going), _AT_ONCE):
        batch = going[start : start + _AT_ONCE]
        _delete(house, batch)
        for found, ids in _by_store(house, batch):
            mark_deleted(found.metadata, ids, when)
    return going


def _delete(house: House, items: Sequence[Item]) -> None:
    for home, found in enumerate(house.surveys):
        firsts = [item.artifacts[0] for item in items]
        found.metadata.artifacts.delete_all(first.record for first in firsts if first.home == home)


def _forget(house: House, gone: Sequence[Item], store: ArtifactStore) -> None:
    """Delete the copies that this machine has of what is gone elsewhere; another artifact of that content keeps its own."""
    places = {item.place for item in gone}
    there = [each for found in house.surveys for each in found.artifacts if each.state != "DELETED"]
    kept = {each.record.digest for each in there if each.place not in places}
    for item in gone:
        digest = item.artifacts[0].record.digest
        if is_remote(item.place) and digest not in kept:
            store.cache.forget(digest)


def _by_store(house: House, items: Iterable[Item]) -> Iterator[tuple[Survey, list[int]]]:
    ids: Mapping[int, list[int]] = defaultdict(list)
    for item in items:
        for each in item.artifacts:
            ids[each.home].append(each.id)
    return ((house.surveys[home], found) for home, found in ids.items())


def _used_meanwhile(house: House, items: Sequence[Item]) -> set[str]:
    """Give those places whose use was published since the stores were read; a copy in another store is one."""
    from zencache.maintenance.lineage import copied_since, uris_of, used_since  # noqa: PLC0415 - imports ml_metadata

    at = {(each.home, each.id): item.place for item in items for each in item.artifacts}
    found = {at[n, i] for n, s in enumerate(house.surveys) for i in used_since(s, _ids(at, n))}
    if len(house.surveys) > 1:
        for home, each in enumerate(house.surveys):
            uris = uris_of(each.metadata, _ids(at, home))
            places = {uri: at[home, number] for number, uri in uris.items()}
            found |= {places[uri] for other in house.surveys for uri in copied_since(other, places)}
    return found


def _ids(at: Mapping[tuple[int, int], str], home: int) -> list[int]:
    return [number for store, number in at if store == home]


def _mend(house: House, going: set[str], now: datetime) -> None:
    """Finish what an earlier gc left that did not end: what it marked and is needed is live again, if it is there."""
    from zencache.maintenance.lineage import mark_deleted, unmark  # noqa: PLC0415 - imports ml_metadata

    when = f"{now.astimezone():%Y-%m-%d %H:%M:%S}"
    own = {item.place for item in house.items} - going
    for found in house.surveys:
        marked = [each for each in found.artifacts if each.is_marked and each.place in own]
        # The gc of another machine, which shares this store, may be at work.
        left = [each for each in marked if now - each.changed >= GRACE or not found.is_shared]
        store = found.metadata.artifacts
        there = store.undeleted(each.record for each in left)
        unmark(found.metadata, [each.id for each in left if each.record.uri in there])
        gone = [each for each in left if each.record.uri not in there]
        store.delete_all(each.record for each in gone)
        mark_deleted(found.metadata, [each.id for each in gone], when)
