"""What gc chooses, of inventories made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zencache.errors import ParameterError
from zencache.maintenance.inventory import Inventory, StoredBlob
from zencache.maintenance.lineage import Lineage
from zencache.maintenance.retention import Criteria, choose_deletable, last_of_pipelines
from zencache.metadata.run_status import is_active
from zencache.metadata.scan import RecordedArtifact, StoreScan, Use
from zencache.model.records import ArtifactRecord, RunRecord
from zencache.util.process_id import this_process

NOW = datetime(2030, 1, 31, tzinfo=timezone.utc)
DAY = timedelta(days=1)
AT_ONCE = Criteria(older_than=timedelta(0))


def run(name, days=0.0, pipeline="p", status="completed", **more):
    """Make a run; runs are recorded in the order of their times."""
    more.setdefault("id", round((1000 - days) * 86400))
    return RunRecord(more.pop("id"), name, pipeline, 1, status, NOW - days * DAY, 0.0, **more)


def stored(name):
    """An artifact as its only store has it."""
    place = f"/data/{name}"
    record = ArtifactRecord(abs(hash(name)), "x", place, Path(place), "Any", "", "", 1, live=True)
    return RecordedArtifact(record, 0, place, "LIVE", False, NOW)


def blob(name, users, size=1, **more):
    """A result that these runs used, each when it began; the first computed it."""
    made = stored(name)
    uses = [
        Use(
            n,
            0,
            name,
            user.pipeline,
            user.name,
            "CACHED" if n else "COMPLETE",
            user.created,
            True,
            False,
            {made.id: "x"},
            frozenset(),
        )
        for n, user in enumerate(users)
    ]
    return StoredBlob(made.place, size, (made,), tuple(uses))


def inventory(blobs, runs, **more):
    scan = StoreScan(None, runs={each.name: each for each in runs})
    return Inventory(tuple(blobs), Lineage((scan,)), **more)


def name(blob):
    return blob.place.rpartition("/")[2]


def gone(inventory, **criteria):
    return {name(each) for each in choose_deletable(inventory, Criteria(**criteria), NOW)}


def test_what_old_runs_alone_used_goes():
    """By the end of the last run that used it, not by when it was computed."""
    old, young = run("old", 40), run("young", 10)
    both, alone = blob("both", [old, young]), blob("alone", [old])
    assert gone(inventory([both, alone], [old, young]), older_than=30 * DAY) == {"alone"}


def test_an_artifact_that_a_kept_run_was_fed_with_stays():
    """A run needs its inputs as its outputs: a resolver's find, say."""
    old, young = run("old", 40), run("young", 10)
    found = blob("model", [old])
    fed = Use(
        9,
        0,
        "x",
        "p",
        "young",
        "COMPLETE",
        young.created,
        True,
        False,
        {},
        frozenset({found.artifacts[0].id}),
    )
    kept = StoredBlob(found.place, 1, found.artifacts, (*found.uses, fed))
    assert gone(inventory([kept], [old, young]), older_than=30 * DAY) == set()


def test_the_last_runs_of_each_pipeline_are_kept():
    """Those that completed are counted, and what began after them stays as well."""
    runs = [run(f"p{n}", 10 - n) for n in range(3)] + [run("bad", 1, status="failed"), run("q", 90, "q")]
    blobs = [blob(f"of {each.name}", [each]) for each in runs]
    assert gone(inventory(blobs, runs), keep_last=1) == {"of p0", "of p1"}
    assert gone(inventory(blobs, runs), keep_last=2) == {"of p0"}
    assert gone(inventory(blobs, runs), keep_last=0) == {f"of {each.name}" for each in runs}


def test_a_clock_that_was_ahead_makes_no_run_the_last():
    """The records' order decides within a store, wherever in it the wrong clock was."""
    runs = [run("a", 10, id=1), run("ahead", -300, id=2), run("c", 8, id=3), run("behind", 4000, id=4)]
    blobs = [blob(f"of {each.name}", [each]) for each in runs]
    assert gone(inventory(blobs, runs), keep_last=1) == {"of a", "of ahead", "of c"}
    assert gone(inventory(blobs, runs), keep_last=2) == {"of a", "of ahead"}


def test_a_run_is_kept_if_either_age_or_number_says_so():
    """Criteria add up."""
    runs = [run("first", 50), run("second", 40), run("third", 3)]
    blobs = [blob(f"of {each.name}", [each]) for each in runs]
    assert gone(inventory(blobs, runs), older_than=30 * DAY, keep_last=2) == {"of first"}


def test_pinned_served_and_going_on_stay_whatever_is_said():
    """No criterion takes them."""
    pinned, going = (
        run("pinned", 90, pinned="paper"),
        run("going", 2, status="running", owner=this_process().to_text()),
    )
    dead = run("dead", 2, status="running", owner=replace(this_process(), started=1).to_text())
    old = run("old", 90)
    runs = [pinned, going, old, dead]
    blobs = [blob("a", [pinned]), blob("b", [going]), blob("c", [old]), blob("d", [old, dead])]
    made = inventory(blobs, runs, served=frozenset({"/data/c"}))
    assert gone(made, older_than=timedelta(0), keep_last=0, max_size=0) == {"d"}


def test_the_least_recently_used_goes_until_the_store_fits():
    """Use is the last one, and no more goes than must."""
    runs = [run(f"r{n}", 10 - n) for n in range(4)]
    blobs = [blob("a", [runs[0], runs[3]], 10), blob("b", [runs[1]], 10), blob("c", [runs[2]], 10)]
    assert gone(inventory(blobs, runs), max_size=30) == set()
    assert gone(inventory(blobs, runs), max_size=29) == {"b"}
    assert gone(inventory(blobs, runs), max_size=10) == {"b", "c"}
    assert gone(inventory(blobs, runs), max_size=0) == {"a", "b", "c"}


def test_the_last_runs_never_go_for_the_size():
    """With keep_last the size spares them; nothing else goes than the size demands."""
    runs = [run(f"r{n}", 10 - n) for n in range(3)]
    blobs = [blob(f"of {each.name}", [each], 10) for each in runs]
    assert gone(inventory(blobs, runs), max_size=20, keep_last=1) == {"of r0"}
    assert gone(inventory(blobs, runs), max_size=0, keep_last=1) == {"of r0", "of r1"}


def test_what_is_too_old_goes_before_the_size_is_looked_at():
    """And younger results only as far as the size demands."""
    runs = [run("old", 40), run("older", 50), run("young", 5), run("younger", 4)]
    blobs = [blob(f"of {each.name}", [each], 10) for each in runs]
    assert gone(inventory(blobs, runs), older_than=30 * DAY, max_size=20) == {"of old", "of older"}
    assert gone(inventory(blobs, runs), older_than=30 * DAY, max_size=10) == {
        "of old",
        "of older",
        "of young",
    }


def test_what_only_deleted_runs_used_goes_under_any_criterion():
    """It is nobody's; what another run uses too stays."""
    deleted, other = run("deleted", 1, deleted="today"), run("other", 1)
    blobs = [blob("a", [deleted]), blob("b", [deleted, other])]
    assert gone(inventory(blobs, [deleted, other]), keep_last=100) == {"a"}
    assert gone(inventory(blobs, [deleted, other]), max_size=100) == {"a"}


@pytest.mark.parametrize(("minutes", "expected"), [(59, set()), (61, {"a"})])
def test_what_belongs_to_no_run_stays_for_an_hour(minutes, expected):
    """A run may be about to publish its use."""
    user = run("x", minutes / 60 / 24)
    [use] = blob("a", [user]).uses
    loose = Use(use.id, 0, "a", "", None, "COMPLETE", use.when, True, False, use.outputs, frozenset())
    made = StoredBlob("/data/a", 1, blob("a", [user]).artifacts, (loose,))
    assert gone(inventory([made], []), older_than=timedelta(0)) == expected


def test_a_protected_place_stays_and_counts():
    """Whoever made it: an importer names it too."""
    old = run("old", 90)
    blobs = [blob("a", [old], 10), blob("b", [old], 10)]
    made = inventory(blobs, [old], protected=frozenset({"/data/a"}))
    assert gone(made, older_than=timedelta(0)) == {"b"}
    assert gone(made, max_size=10) == {"b"}


def test_a_run_of_tfx_is_taken_for_going_on_for_an_hour():
    """Between two of its nodes nothing says that it goes on."""
    assert is_active(run("t", 0.02, of_tfx=True), NOW)
    assert not is_active(run("t", 0.05, of_tfx=True), NOW)
    assert not is_active(run("t", 0.02), NOW)


@pytest.mark.parametrize("wrong", [Criteria(), Criteria(older_than=-DAY), Criteria(keep_last=-1)])
def test_criteria_that_say_nothing_sensible_are_refused(wrong):
    """With what to give instead."""
    with pytest.raises(ParameterError, match="give"):
        wrong.check()


@st.composite
def inventories(draw):
    """A few runs of two pipelines, and results that some of them used."""
    runs = [
        run(
            f"r{n}",
            draw(st.integers(0, 60)),
            draw(st.sampled_from("pq")),
            draw(st.sampled_from(["completed", "failed"])),
            pinned=draw(st.sampled_from([None, None, "why"])),
        )
        for n in range(draw(st.integers(1, 6)))
    ]
    users = st.lists(st.sampled_from(runs), min_size=1, max_size=3, unique_by=lambda each: each.name)
    sizes = st.integers(0, 50)
    blobs = [blob(f"i{n}", draw(users), draw(sizes)) for n in range(draw(st.integers(0, 6)))]
    return inventory(blobs, runs)


@given(
    inventories(),
    st.none() | st.integers(0, 3),
    st.none() | st.integers(0, 60),
    st.none() | st.integers(0, 200),
)
def test_laws_of_what_goes(made, keep_last, days, max_size):
    """What a pinned or a last run needs stays; the store fits, or nothing else is left; more room, no more
    goes."""
    assume((keep_last, days, max_size) != (None, None, None))
    said = {"keep_last": keep_last, "older_than": None if days is None else days * DAY}
    going = gone(made, **said, max_size=max_size)
    fixed = {key for key, each in made.lineage.runs.items() if each.pinned} | last_of_pipelines(
        made.lineage.runs, keep_last or 0
    )
    held = {name(each) for each in made.blobs if {(0, use.run) for use in each.uses} & fixed}
    assert not going & held
    if max_size is None:
        young = {
            key
            for key, each in made.lineage.runs.items()
            if days is not None and NOW - each.ended < days * DAY
        }
        needed = {name(i) for i in made.blobs if {(0, use.run) for use in i.uses} & (fixed | young)}
        assert going == {name(each) for each in made.blobs} - needed
    else:
        left = {name(each): each.size for each in made.blobs if name(each) not in going}
        assert sum(left.values()) <= max_size or left.keys() <= held
        assert gone(made, **said, max_size=max_size + 10) <= going
