"""`zencache run delete` and `pipeline delete`, and the same by `Repository`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from zencache import Repository
from zencache.errors import AlreadyExistsError, InUseError, NotFoundError

pytestmark = pytest.mark.tfx


def planned(pipeline, step):
    return Repository().get_pipeline_by_name(pipeline).plan().steps[step]


def steps_of(collection):
    return sorted(f"{each.pipeline}.{each.step}" for each in collection.results)


def test_a_deleted_run_is_in_no_listing_and_get_run_says_so(shop, zencache):
    """Its records can still be asked for."""
    done = zencache("run", "delete", "second", "--yes")
    assert "Run second of pipeline prices: 1 result that no other run uses, " in done.stdout
    assert "second" not in zencache("run", "list").stdout
    assert [run.name for run in Repository().get_runs("prices")] == ["first"]
    with pytest.raises(NotFoundError, match=r"run 'second' was deleted on 20.*deleted=True"):
        Repository().get_run("second")
    assert Repository().get_run("second", deleted=True).steps["load"].status == "cached"


def test_results_of_a_deleted_run_are_reused_no_more_unless_another_run_has_them(shop):
    """`second` computed a scale of its own; its load is that of `first`, too."""
    pipeline = Repository().get_pipeline_by_name("prices")
    Repository().delete_run("second")
    plan = pipeline.plan().steps
    assert plan["scale"].reason.startswith("its earlier result was dropped: its run was deleted on 20")
    assert plan["load"].action == "hit"
    Repository().delete_run("first")
    assert planned("others", "load").action == "hit"  # `third` has it
    Repository().delete_run("third")
    assert pipeline.plan().steps["load"].action == "run"


def test_what_only_deleted_runs_needed_is_collected_by_any_gc(shop):
    """However young it is."""
    Repository().delete_run("second")
    assert steps_of(Repository().gc(older_than=timedelta(days=9))) == ["prices.scale"]


def test_the_name_of_a_deleted_run_stays_taken(shop):
    """The error says why."""
    Repository().delete_run("second")
    with pytest.raises(AlreadyExistsError, match=r"there was a run named 'second', deleted on 20"):
        Repository().get_pipeline_by_name("prices").run(run_name="second")


def test_a_run_that_is_pinned_or_going_on_is_not_deleted(shop):
    """Each with what to do."""
    repository = Repository()
    repository.pin("first")
    with pytest.raises(InUseError, match=r"run first is pinned \(by hand on .*run unpin 'first'"):
        repository.delete_run("first")
    runs = repository._records.runs
    spec = repository.get_pipeline_by_name("prices").spec
    going = runs.open(runs.begin(spec, "now"))
    repository.unpin("first")
    with pytest.raises(InUseError, match="run now is going on; delete it when it has ended"):
        repository.delete_pipeline("prices")
    with pytest.raises(InUseError, match="run now is going on, and kept meanwhile"):
        repository.pin("now")
    runs.finish(going, "failed", 0.1, [])
    assert [run.name for run in repository.get_runs("prices")] == ["first", "second", "now"]
    repository.delete_run("now")


def test_deleting_asks_first_and_can_be_tried(shop, zencache):
    """Without an answer nothing is deleted."""
    assert zencache("run", "delete", "first", "second").exit_code == 1
    assert zencache("pipeline", "delete", "prices").exit_code == 1
    assert zencache("run", "delete", "first", "--dry-run").exit_code == 0
    assert (
        "Pipeline prices, 2 runs: 2 results" in zencache("pipeline", "delete", "prices", "--dry-run").stdout
    )
    assert len(Repository().get_runs("prices")) == 2


def test_a_deleted_pipeline_is_gone_and_its_version_numbers_go_on(shop, zencache):
    """Its name is free, for itself and for copies; what `others` reused of it stays."""
    old = Repository().get_pipeline_by_name("prices")
    other = Repository().get_pipeline_by_name("others")
    assert zencache("pipeline", "delete", "prices", "--yes").exit_code == 0
    assert "prices" not in Repository().get_pipeline_names()
    with pytest.raises(NotFoundError, match="no pipeline named 'prices'"):
        Repository().get_pipeline_by_name("prices")
    assert planned("others", "scale").action == "hit"
    assert old.version is None
    run = old.run()
    assert run.version == 2
    assert [version.number for version in Repository().get_versions("prices")] == [2]
    assert [each.name for each in Repository().get_runs("prices")] == [run.name]
    assert Repository().get_run("first", deleted=True).spec.name == "prices"
    Repository().delete_pipeline("prices")
    assert other.copy("prices").run().version == 3
