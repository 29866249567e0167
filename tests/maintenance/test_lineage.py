"""The lineage value and its indexes, of scans made by hand."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from zencache.maintenance.lineage import Lineage
from zencache.metadata.scan import RecordedArtifact, StoreScan, Use
from zencache.model.records import ArtifactRecord

NOW = datetime(2030, 1, 31, tzinfo=timezone.utc)


def artifact(number, store=0, state="LIVE", place=None):
    place = place or f"/data/{store}/{number}"
    record = ArtifactRecord(number, "x", place, Path(place), "Any", "", "", 1, live=state == "LIVE")
    return RecordedArtifact(record, store, place, state, False, NOW)


def use(number, outputs=(), inputs=(), store=0, state="COMPLETE"):
    return Use(
        id=number,
        store=store,
        step="s",
        pipeline="p",
        run="r",
        state=state,
        when=NOW,
        owns_outputs=True,
        is_dropped=False,
        outputs=dict.fromkeys(outputs, "output"),
        inputs=frozenset(inputs),
    )


def live(*args, store=0, **more):
    """Give the numbers of the live artifacts of a store."""
    lineage = Lineage((StoreScan(None, *args, **more),))
    return [each.record.id for each in lineage.live_artifacts(store)]


@st.composite
def scans(draw):
    """Two stores, with executions that make and consume some of five artifacts each."""
    numbers = st.sets(st.integers(1, 5))
    return tuple(
        StoreScan(
            None,
            tuple(artifact(n, store) for n in range(1, 6)),
            tuple(use(n, draw(numbers), draw(numbers), store) for n in range(draw(st.integers(0, 5)))),
        )
        for store in (0, 1)
    )


@given(scans())
def test_every_use_is_found_once_by_each_of_its_artifacts(stores):
    """And by no other; the oldest first."""
    lineage = Lineage(stores)
    for each in lineage.artifacts:
        expected = [u for u in stores[each.store].uses if each.id in u.outputs.keys() | u.inputs]
        assert list(lineage.uses_of(each)) == expected


def test_artifacts_of_several_stores_meet_in_one_place():
    """Those whose bytes are deleted are nowhere."""
    both = [artifact(1, store, place="/data/common") for store in (0, 1)]
    gone = artifact(2, state="DELETED")
    lineage = Lineage((StoreScan(None, (both[0], gone)), StoreScan(None, (both[1],))))
    assert lineage.artifacts_by_place == {"/data/common": both}


def test_what_a_running_execution_gives_is_not_live_yet():
    """Its record is not what it will be."""
    uses = (use(7, outputs=[1]), use(8, outputs=[2]))
    assert live((artifact(1), artifact(2)), uses, in_progress=frozenset({7})) == [2]


def test_what_is_marked_is_not_live():
    """Nor what is deleted."""
    assert live((artifact(1, state="MARKED_FOR_DELETION"), artifact(2, state="DELETED"), artifact(3))) == [3]


def test_of_imported_artifacts_at_one_place_only_the_newest_is_live():
    """The others were there before, and are gone; what runs made there counts each."""
    stored = tuple(artifact(n, place="/data/common") for n in (1, 2, 3))
    assert live(stored, imported=frozenset({1, 2})) == [2, 3]


def test_the_maker_is_the_first_that_computed():
    """A run that reused it is not."""
    uses = (use(7, outputs=[1], state="CACHED"), use(8, outputs=[1]), use(9, inputs=[1]))
    [each] = Lineage((StoreScan(None, (artifact(1),), uses),)).live_artifacts(0)
    assert (each.maker.id, each.output, [u.id for u in each.producers]) == (8, "output", [7, 8])
