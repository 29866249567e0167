"""gc while pipelines run: no run ends with a result whose bytes are gone."""

from __future__ import annotations

import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest

from zencache import Repository, pipeline, step
from zencache.config import find_project
from zencache.metadata import import_execution, marks
from zencache.metadata.artifact_records import ArtifactRecords
from zencache.metadata.client import pb
from zencache.metadata.publish import ResultStore
from zencache.metadata.session import open_records
from zencache.model.database import Database
from zencache.pipelines import Pipeline

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

NOW = {"older_than": timedelta(0)}


@step
def load(rows: int = 3) -> list:
    return list(range(rows))


@step
def clean(rows: list, least: int = -1) -> list:
    return [row for row in rows if row > least]


@step
def total(rows: list) -> int:
    return sum(rows)


@pipeline
def sums(least: int = -1):
    total(clean(load(), least=least))


@pipeline
def alone():
    load()


def collect_in(monkeypatch, where, name, times=1):
    """Have gc run, with nothing to keep, before a function does its work."""
    real, left = getattr(where, name), [times]

    def collecting(*args, **kwargs):
        if left[0]:
            left[0] -= 1
            Repository().gc(**NOW)
        return real(*args, **kwargs)

    monkeypatch.setattr(where, name, collecting)


def check(run, statuses, result=3):
    assert [each.status for each in run.steps.values()] == statuses
    assert run.status == "completed"
    assert run.steps["total"].output.load() == result


def test_a_cached_run_computes_what_was_collected_since_it_planned(monkeypatch):
    """The plan had three hits; the run is one, with its own results."""
    sums().run()
    collect_in(monkeypatch, ResultStore, "publish")
    check(sums().run(), ["executed"] * 3)
    check(sums().run(), ["cached"] * 3)


def test_pinning_collecting_and_deleting_work_in_any_store(store_url):
    """A life of two runs: one is pinned, the other collected; then both are deleted."""
    sums().run(run_name="a")
    sums(least=1).run(run_name="b")
    repository = Repository()
    repository.pin("b", "in the paper")
    assert sorted((each.run, each.step) for each in repository.gc(**NOW).results) == [
        ("a", "clean"),
        ("a", "total"),
    ]
    assert repository.get_run("b").steps["total"].output.load() == 2
    repository.unpin("b")
    assert repository.delete_run("b").results == 2
    assert repository.delete_pipeline("sums").runs == ("a",)
    assert repository.get_pipeline_names() == []
    assert sorted(each.step for each in repository.gc(keep_last=9).results) == ["clean", "load", "total"]
    again = sums().run()
    assert ([each.status for each in again.steps.values()], again.version) == (["executed"] * 3, 2)


def test_what_is_marked_between_publishing_and_looking_is_computed(monkeypatch):
    """Another machine's gc goes by no lock of ours: the published use is taken back, and shows nowhere."""
    first = sums().run()
    artifact = first.steps["clean"].output.record.id
    real, marked = ArtifactRecords.not_live, []

    def marking(self, ids):
        if not marked:
            marked.append(artifact)
            self.mark_damaged(artifact, "a test")
        return real(self, ids)

    monkeypatch.setattr(ArtifactRecords, "not_live", marking)
    run = sums().run()
    check(run, ["cached", "executed", "cached"])
    assert run.steps["load"].execution.id > first.steps["total"].execution.id


def test_a_run_that_computes_too_plans_anew(monkeypatch):
    """Its hits were collected: what it had to compute, and they."""
    sums().run()
    collect_in(monkeypatch, ResultStore, "publish")
    check(sums(least=1).run(), ["executed"] * 3, 2)


def test_an_early_cutoff_that_is_collected_is_computed(monkeypatch):
    """The worker's look-up found a result that was gone when it was to be published."""
    sums().run()
    drops = Repository().drop(step="load")
    assert len(drops) == 1
    collect_in(monkeypatch, ResultStore, "publish")
    run = sums(least=-1).run()
    assert run.steps["load"].status == "executed"
    check(run, ["executed"] * 3)


def test_a_part_of_a_pipeline_needs_what_was_collected(monkeypatch):
    """It says so rather than give a step nothing to work on."""
    sums().run()
    Repository().gc(**NOW)
    with pytest.raises(
        LookupError, match="total cannot run alone: load, clean did not finish in .* or collected"
    ):
        sums().run(from_steps=["total"])


SCRIPT = """
import time
from pathlib import Path
from zencache import pipeline, step

@step
def load(rows: int = 3) -> list:
    return list(range(rows))

@step
def slow(rows: list, number: int) -> list:
    time.sleep(0.3)
    return [*rows, number]

@step
def last(rows: list) -> int:
    while not Path("stop").exists():
        time.sleep(0.05)
    return sum(rows)

@pipeline
def chain(numbers: int):
    rows = load()
    for number in range(numbers):
        rows = slow(rows, number)
    last(rows)

if __name__ == "__main__":
    import sys
    chain(int(sys.argv[1])).run(run_name=sys.argv[2])
"""


def test_the_strictest_gc_does_a_run_of_another_process_no_harm(forked_script, fork_server, folder):
    """It reuses the first half, computes the second, and gc goes over the store all the while."""
    (folder / "stop").touch()
    forked_script(SCRIPT, "2", "first")
    (folder / "stop").unlink()
    running = fork_server.start(["script.py", "5", "second"], stdout=subprocess.DEVNULL)
    count = 0
    while running.poll() is None and count < 1000:
        Repository().gc(older_than=timedelta(0), keep_last=0, max_size=0)
        count += 1
        known = open_records(find_project()).runs.find("second")
        found = Repository().get_run("second").steps if known else {}
        if found and found["slow_5"].status == "executed":
            (folder / "stop").touch()
            break
        time.sleep(0.02)
    assert running.wait() == 0
    run = Repository().get_run("second")
    assert (run.status, run.steps["last"].output.load()) == ("completed", 3 + 10)
    assert all(len(run.steps[name].output.load()) > 2 for name in run.steps if name != "last")
    assert count > 3


def test_a_result_that_another_store_took_over_stays_as_long_as_either_needs_it(folder):
    """Its bytes lie in one place, and both stores have a record of them."""
    made = sums()
    other = Pipeline(
        made.spec, (made.parts.bodies, made.parts.steps), metadata=Database.at(folder / "other.db")
    )
    other.run(run_name="there")
    sums().run(run_name="here")
    repository = Repository()
    assert {each.status for each in repository.get_run("here").steps.values()} == {"cached"}
    repository.pin("here")
    assert repository.gc(**NOW).results == ()
    assert repository.get_run("there").steps["total"].output.load() == 3
    repository.unpin("here")
    assert len(repository.gc(**NOW).results) == 3
    for name in ("here", "there"):
        states = {a.state for a in repository._find_run(name)[0].metadata.client.get_artifacts()}
        assert states == {pb.Artifact.DELETED}


def test_a_result_that_is_collected_in_another_store_while_it_is_brought_is_computed(folder, monkeypatch):
    """Its record was read, and its bytes were gone when the copy was written: the copy is no hit either."""
    made = alone()
    Pipeline(
        made.spec, (made.parts.bodies, made.parts.steps), metadata=Database.at(folder / "other.db")
    ).run()
    collect_in(monkeypatch, import_execution, "_copy_execution")
    for status in ("executed", "cached"):
        run = alone().run()
        assert (run.steps["load"].status, run.steps["load"].output.load()) == (status, [0, 1, 2])


def test_a_copy_of_a_record_in_another_store_is_seen_as_a_use(folder, monkeypatch):
    """The store whose result it was knows nothing of it."""
    made, runs = sums(), []
    Pipeline(
        made.spec, (made.parts.bodies, made.parts.steps), metadata=Database.at(folder / "other.db")
    ).run()
    sums(least=7).run()  # the project's own store is one of those that gc asks
    mark = marks.mark_for_deletion

    def and_run(metadata, ids, when):
        if not runs:
            runs.append(sums().run())
        mark(metadata, ids, when)

    monkeypatch.setattr(marks, "mark_for_deletion", and_run)
    Repository().gc(**NOW)
    check(runs[0], ["cached"] * 3)
    check(sums().run(), ["cached"] * 3)


def test_a_store_that_is_not_there_keeps_what_lies_about(folder):
    """Its records may name it; one that cannot be read may need anything."""
    made = sums()
    other = Pipeline(
        made.spec, (made.parts.bodies, made.parts.steps), metadata=Database.at(folder / "other.db")
    )
    other.run()
    sums().run()
    (folder / "other.db").rename(folder / "away.db")
    done = Repository().gc(keep_last=1)
    assert done.notes[0].startswith("leftovers stay: the store ")
    (folder / "other.db").write_text("no database")
    with pytest.raises(OSError, match=r"other.db of this project cannot be read.*stores.json"):
        Repository().gc(keep_last=1)


def test_models_that_are_served_stay_with_what_they_were_pushed_from(folder):
    """Of each pipeline and destination the newest push."""
    for least in (-1, 0, 1):
        sums(least=least).run(run_name=f"run {least}")
    client = open_records(find_project()).metadata.client
    kind = client.put_artifact_type(pb.ArtifactType(name="PushedModel"))
    for least in (-1, 0):
        number = Repository().get_run(f"run {least}").steps["clean"].output.record.id
        [artifact] = client.get_artifacts_by_id([number])
        pushed = pb.Artifact(uri=artifact.uri + "x", type_id=kind, state=pb.Artifact.LIVE)
        pushed.custom_properties["pushed_destination"].string_value = f"/serving/{least + 5}"
        [made] = client.put_artifacts([pushed])
        execution = Repository().get_run(f"run {least}").steps["total"].execution.id
        client.put_events([pb.Event(artifact_id=made, execution_id=execution, type=pb.Event.OUTPUT)])
    done = Repository().gc(**NOW)
    kept = Repository().get_run("run 0").steps["clean"].output
    assert kept.load() == [1, 2]
    assert sorted(each.run for each in done.results if each.step == "clean") == ["run -1", "run 1"]
    assert not Path(Repository().get_run("run -1").steps["clean"].output.folder).exists()
