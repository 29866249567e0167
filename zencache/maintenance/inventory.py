"""Looking about before the house is kept: all that a project's stores hold, and what lies about besides."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.artifacts import deletion
from zencache.artifacts.ownership import Reach, around
from zencache.artifacts.store import is_remote
from zencache.errors import StoreUnavailableError
from zencache.maintenance import orphans
from zencache.maintenance.orphans import RESUMABLE, SET_ASIDE, found_at
from zencache.maintenance.retention import House, Item
from zencache.metadata.run_status import is_going_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zencache.maintenance.lineage import Survey
    from zencache.maintenance.orphans import Found, Stray
    from zencache.maintenance.retention import Stored, Use
    from zencache.metadata.session import Records
    from zencache.model.database import Database


@dataclass(frozen=True)
class Surroundings:
    """What a project has."""

    house: House
    leftovers: tuple[Found, ...] = ()
    set_aside: tuple[Found, ...] = ()
    """Bad copies that are kept to be looked at; old ones are leftovers."""
    notes: tuple[str, ...] = ()


def look(every: Sequence[Records], now: datetime | None = None) -> House:
    """Read all stores of a project: what they hold of what its runs made."""
    from zencache.maintenance.lineage import survey  # noqa: PLC0415 - imports ml_metadata

    missing(every)
    moment = now or datetime.now(timezone.utc)
    return _house(tuple(survey(each.runs, n, moment) for n, each in enumerate(every)))


def look_about(every: Sequence[Records], now: datetime) -> Surroundings:
    """Give what the stores hold, what lies about besides, and what to tell of it."""
    project, artifacts = every[0].project, every[0].metadata.artifacts
    about = list(orphans.strays(project))  # before the records: what is recorded meanwhile is named then
    house = look(every, now)
    if away := missing(every):
        said = f"what lies about stays: the store {away[0]} of this project is not there, and may name it"
        return Surroundings(house, notes=(said,))
    names = {name for found in house.surveys for name in found.names}
    ended = _ended_badly(house, now)
    for root in ended:  # after the records: nobody writes there any more
        about += [] if is_remote(root) else orphans.strays_below(Path(root))
    owned = _Owned.of(house, now)
    files = orphans.unnamed_files(project, names)
    lying = [found_at(each.path) for each in (*about, *files) if _is_leftover(each, owned, now)]
    sent = orphans.sent_below(artifacts, ended)
    lying += [each for each in sent if not owned.names(str(each.place)) and each.is_older(RESUMABLE, now)]
    copies = orphans.set_aside(artifacts, Reach.of(project), _run_roots(house))
    old = [each for each in copies if each.is_older(SET_ASIDE, now)]
    return Surroundings(house, (*lying, *old), tuple(each for each in copies if each not in old))


def _ended_badly(house: House, now: datetime) -> list[str]:
    """Give the roots of runs of this project that have ended, and may have left something behind."""
    found = []
    for (home, _), run in house.runs.items():
        metadata = house.surveys[home].metadata
        place = metadata.artifacts.place(run.root) if run.root else ""
        is_over = run.status != "completed" and not is_going_on(run, now)
        if is_over and place and Reach.of(metadata.project).run_root(place) == place:
            found.append(place)
    return found


def _run_roots(house: House) -> frozenset[str]:
    """Give the names of the roots that single runs have, as the records tell them."""
    roots = {run.root for run in house.runs.values() if run.root}
    reach = {n: Reach.of(found.metadata.project) for n, found in enumerate(house.surveys)}
    roots |= {reach[each.home].run_root(each.place) or "" for s in house.surveys for each in s.artifacts}
    return frozenset(root.rpartition("/")[2] for root in roots)


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


def _house(surveys: tuple[Survey, ...]) -> House:
    """Bring together what stores have in the same places."""
    uses: dict[tuple[int, int], list[Use]] = defaultdict(list)
    for found in surveys:
        for use in found.uses:
            for artifact in (*use.outputs, *use.inputs - use.outputs.keys()):
                uses[use.home, artifact].append(use)
    places = defaultdict(list)
    for stored in (each for found in surveys for each in found.artifacts if each.state != "DELETED"):
        places[stored.place].append(stored)
    reaches = _reaches(surveys)
    items = []
    for place, artifacts in places.items():
        users = tuple(use for each in artifacts for use in uses[each.home, each.id])
        item = Item(place, 0, tuple(artifacts), users)
        made = any(use.is_ours and reaches[use.home].is_made_by(place, use.id) for use in users)
        if made and item.maker is not None:
            items.append(replace(item, size=_size(artifacts)))
    runs = {(n, name): run for n, found in enumerate(surveys) for name, run in found.runs.items()}
    house = House(tuple(items), runs, named=frozenset(places), surveys=surveys)
    return replace(house, served=_served(house), locked=_locked(house))


def _reaches(surveys: Sequence[Survey]) -> list[Reach]:
    """Give by store which places are the project's own."""
    projects = [found.metadata.project for found in surveys]
    files = [n for n, project in enumerate(projects) if not project.database.is_server]
    named = sorted({root for n in files for root in surveys[n].roots})
    return [Reach.of(project, named) for project in projects]


def _size(artifacts: Sequence[Stored]) -> int:
    """Measure what is on this machine; of what is elsewhere the records tell, but for bad copies that were moved away."""
    [first, *_] = artifacts
    if not is_remote(first.place):
        return deletion.size_of(Path(first.place))
    is_gone = all(each.state == "MARKED_FOR_DELETION" and not each.is_collected for each in artifacts)
    return 0 if is_gone else first.record.size


def _served(house: House) -> frozenset[str]:
    """Give where the models that are served lie, and what they were pushed from."""
    newest: dict[tuple[int, str, str], int] = {}
    places = {(each.home, each.id): each.place for s in house.surveys for each in s.artifacts}
    pushed = {(e.home, e.id): e.pushed_to for s in house.surveys for e in s.artifacts if e.pushed_to}
    giving: list[tuple[tuple[int, str, str], int, Use]] = []
    for use in (use for found in house.surveys for use in found.uses):
        run = house.run_of(use)
        for artifact in use.outputs if run is not None and not run.deleted else ():
            if where := pushed.get((use.home, artifact)):
                key = (use.home, use.pipeline, where.rpartition("/")[0])
                newest[key] = max(newest.get(key, 0), artifact)
                giving.append((key, artifact, use))
    served = [(key, artifact, use) for key, artifact, use in giving if newest[key] == artifact]
    return frozenset(places[use.home, each] for _, a, use in served for each in (a, *use.inputs))


def _locked(house: House) -> frozenset[str]:
    outside = {parent for place in house.named for parent in around(place)}
    imported = {
        each.place for found in house.surveys for each in found.artifacts if each.id in found.imported
    }
    return frozenset(
        item.place
        for item in house.items
        if item.place in imported | outside or any(parent in house.named for parent in around(item.place))
    )


@dataclass(frozen=True)
class _Owned:
    """What belongs to something, as far as places tell."""

    named: frozenset[str]
    around: frozenset[str]
    """What named places lie in."""
    in_progress: frozenset[int]
    is_busy: bool
    """Whether a run is going on."""

    @classmethod
    def of(cls, house: House, now: datetime) -> _Owned:
        return cls(
            house.named,
            frozenset(parent for place in house.named for parent in around(place)),
            frozenset(number for found in house.surveys for number in found.in_progress),
            any(is_going_on(run, now) for run in house.runs.values()),
        )

    def names(self, place: str) -> bool:
        """Say whether a place is that of an artifact, or in one, or around one."""
        return place in self.around or any(each in self.named for each in (place, *around(place)))

    def has(self, stray: Stray) -> bool:
        """Say whether a candidate belongs to something."""
        in_use = (stray.is_working and self.is_busy) or stray.execution in self.in_progress
        return in_use or self.names(str(stray.path))


def _is_leftover(stray: Stray, owned: _Owned, now: datetime) -> bool:
    """Say whether what lies about belongs to nothing, and has for a while."""
    return stray.is_trash or (not owned.has(stray) and now - deletion.last_change(stray.path) > stray.grace)
