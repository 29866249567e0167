"""`zencache cache gc` and pins, and the same by `Repository`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from zencache import Repository
from zencache.artifacts import local_files
from zencache.errors import ArtifactError, ParameterError
from zencache.metadata import marks

pytestmark = pytest.mark.tfx

NOW = {"older_than": timedelta(0)}
"""Keeps no run that has ended."""
LIVE, DELETED = 2, 4  # states of MLMD


def planned(pipeline, step):
    return Repository().get_pipeline_by_name(pipeline).plan().steps[step]


def steps_of(collection):
    return sorted(f"{each.pipeline}.{each.step}" for each in collection.results)


def folder_of(run, step):
    return Repository().get_run(run).steps[step].output.folder


# -- collecting ---------------------------------------------------------------------------------------


@pytest.mark.file_times
def test_gc_deletes_what_no_kept_run_needs(shop, zencache):
    """The last run of each pipeline needs all but the scale of `first`, once `others` has run anew."""
    folder = folder_of("first", "scale")
    assert zencache("cache", "gc", "--keep-last", "1").stdout.startswith("Nothing was collected; ")
    Repository().delete_run("third")  # it reused that scale
    assert "Collected 2 results and 0 leftovers, " in zencache("cache", "gc", "--keep-last", "1").stdout
    assert not folder.exists()
    assert planned("prices", "scale").action == "hit"  # that of `second`


def test_collected_results_are_misses_and_their_history_stays(shop, zencache):
    """The plan says when they were collected; runs, reasons and keys are as they were; loading says it
    too."""
    before = [(s.name, s.status, s.reason, s.cache_key) for s in Repository().get_run("first").steps.values()]
    done = Repository().gc(**NOW)
    assert len(done.results) == 7
    assert planned("prices", "load").reason.startswith("the stored output output was collected on 20")
    run = Repository().get_run("first")
    assert [(s.name, s.status, s.reason, s.cache_key) for s in run.steps.values()] == before
    with pytest.raises(ArtifactError, match="output was collected on 20.*run the pipeline again"):
        run.steps["load"].output.load()
    assert planned("prices", "load").reason.startswith("the stored output output was collected on 20")
    assert ", collected on 20" in zencache("run", "show", "first").stdout
    assert Repository().gc(**NOW).results == ()
    again = Repository().get_pipeline_by_name("prices").run()
    assert again.steps["load"].status == "executed"
    assert list(again.steps["scale"].output.load()) == [0.0, 3.0, 6.0, 9.0]


@pytest.mark.file_times
def test_a_dry_run_changes_nothing(shop, zencache):
    """It lists by step what would go, and marks nothing."""
    done = zencache("cache", "gc", "--older-than", "0s", "--dry-run").stdout
    assert "Would collect 7 results and 0 leftovers, " in done
    assert planned("prices", "load").action == "hit"
    assert len(Repository().get_run("first").steps["load"].output.load()) == 4


def test_gc_wants_to_be_told_what_may_go(shop, zencache):
    """Rather than choose a default that deletes."""
    with pytest.raises(ParameterError, match="at least one of older_than, keep_last and max_size"):
        raise zencache("cache", "gc").exception
    for wrong in ("10 apples", "-1GB", ""):
        assert zencache("cache", "gc", "--max-size", wrong).exit_code == 2
    assert folder_of("first", "load").exists()


def test_the_store_is_made_to_fit_and_if_it_cannot_be_that_is_said(shop, zencache):
    """Pinned results stay; the exit code tells."""
    Repository().pin("first", "in the paper")
    whole = Repository().cache_size().size
    assert zencache("cache", "gc", "--max-size", "1GB").exit_code == 0
    assert Repository().cache_size().size == whole
    done = zencache("cache", "gc", "--max-size", "10")
    assert done.exit_code == 1
    assert " more than 10: the rest is pinned" in done.stdout
    left = Repository().cache_size()
    assert {share.name for share in left.steps} == {"prices.load", "prices.scale", "prices.noise"}
    assert len(Repository().get_run("first").steps["scale"].output.load()) == 4


def test_a_pinned_run_keeps_what_it_needs_until_it_is_unpinned(shop, zencache):
    """Also what it reused: `third` has its load and scale from `first`."""
    assert zencache("run", "pin", "third", "--why", "in the paper").exit_code == 0
    assert Repository().get_run("third").pinned == "in the paper"
    assert "Pinned: in the paper" in zencache("run", "show", "third").stdout
    Repository().gc(**NOW)
    assert len(Repository().get_run("third").steps["scale"].output.load()) == 4
    assert not folder_of("second", "scale").exists()
    zencache("run", "unpin", "third")
    assert Repository().get_run("third").pinned is None
    Repository().gc(**NOW)
    assert not folder_of("third", "scale").exists()


def test_gc_deletes_nothing_outside_of_the_artifacts(shop):
    """Whatever the records say of where something is."""
    records = Repository()._records.metadata
    outside = shop / "mine" / "output" / "1"
    outside.mkdir(parents=True)
    [artifact] = records.client.get_artifacts_by_id([1])
    artifact.uri = str(outside)
    records.client.put_artifacts([artifact])
    Repository().gc(**NOW)
    assert outside.exists()


# -- safety -------------------------------------------------------------------------------------------


def test_a_use_that_is_published_while_gc_chooses_is_seen(shop, monkeypatch):
    """What was marked is live again, and the run's results load."""
    mark, runs = marks.mark_for_deletion, []

    def and_run(metadata, ids, when):
        if not runs:
            runs.append(Repository().get_pipeline_by_name("others").run())
        mark(metadata, ids, when)

    monkeypatch.setattr(marks, "mark_for_deletion", and_run)
    done = Repository().gc(**NOW)
    assert [each.status for each in runs[0].steps.values()] == ["cached"] * 3
    assert not {"prices.load", "others.fetch"} & {*steps_of(done)}
    assert len(runs[0].steps["scale"].output.load()) == 4
    assert planned("others", "load").action == "hit"


def test_what_is_marked_is_computed_anew(shop, monkeypatch):
    """A run that plans between marking and deleting reuses nothing of it."""
    erased, runs = local_files.delete, []

    def and_run(path):
        if not runs:
            runs.append(Repository().get_pipeline_by_name("others").run())
        erased(path)

    monkeypatch.setattr(local_files, "delete", and_run)
    Repository().gc(**NOW)
    assert [each.status for each in runs[0].steps.values()] == ["executed"] * 3
    assert len(runs[0].steps["scale"].output.load()) == 4


@pytest.mark.parametrize(
    ("module", "point", "number"),
    [
        (marks, "mark_for_deletion", 0),
        (marks, "mark_deleted", 0),
        *((local_files, "remove", n) for n in range(4)),
    ],
)
@pytest.mark.parametrize("is_done", [False, True])
def test_after_a_crash_the_next_gc_goes_on(shop, monkeypatch, module, point, number, is_done):
    """Nothing half-deleted is a hit; what the next criteria keep is live again where it is whole."""
    real, calls = getattr(module, point), []

    def crash(*args):
        calls.append(args)
        if len(calls) <= number or is_done:
            real(*args)
        if len(calls) > number:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, point, crash)
        with pytest.raises(KeyboardInterrupt):
            Repository().gc(**NOW)
    run, records = Repository().get_run("second"), Repository()._records.metadata
    hits = [name for name in run.steps if planned("prices", name).action == "hit"]
    assert all(run.steps[name].output.load() is not None for name in hits)
    Repository().gc(keep_last=9)  # keeps all that is left
    for artifact in records.client.get_artifacts():
        assert artifact.state == (LIVE if records.artifacts.folder(artifact.uri, "").exists() else DELETED)
    assert not list((shop / ".zencache").rglob(".*.trash"))
    Repository().gc(**NOW)
    assert Repository().cache_size().count == 0
