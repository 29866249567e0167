"""`zencache cache drop`, and `Repository().drop`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from zencache import Repository
from zencache.errors import ParameterError
from zencache.metadata.marks import mark_dropped

pytestmark = pytest.mark.tfx


def planned(pipeline, step):
    return Repository().get_pipeline_by_name(pipeline).plan().steps[step]


def test_a_dropped_result_is_not_reused(shop, zencache):
    """The plan says that it was dropped, by hand, and when; others are hits."""
    done = zencache("cache", "drop", "--step", "load")
    assert done.exit_code == 0
    assert done.stdout.startswith("Dropped load, computed ")
    assert done.stdout.endswith("Dropped 1 result; history and files stay.\n")
    assert planned("prices", "load").reason.startswith("its earlier result was dropped: by hand on 20")
    assert planned("prices", "noise").action == "hit"


def test_history_and_files_stay(shop, zencache):
    """The run still has the result, which still loads, and tells that it was dropped."""
    zencache("cache", "drop", "--step", "load")
    load = Repository().get_run("first").steps["load"]
    assert load.status == "executed"
    assert len(load.output.load()) == 4
    assert "its result was dropped: by hand on" in zencache("explain", "first", "load").stdout
    assert "dropped since: by hand on" in zencache("explain", "second", "load").stdout


def test_a_dry_run_marks_nothing(shop, zencache):
    """It says what would be dropped."""
    done = zencache("cache", "drop", "--step", "load", "--dry-run")
    assert "Would drop 1 result" in done.stdout
    assert planned("prices", "load").action == "hit"


def test_a_dropped_result_is_dropped_once(shop):
    """The second time nothing matches."""
    assert len(Repository().drop(step="load")) == 1
    assert Repository().drop(step="load") == []


def test_a_step_is_named_by_its_function_too(shop):
    """The qualified name takes in all pipelines."""
    assert {d.step for d in Repository().drop(step="shop.scale", dry_run=True)} == {"scale"}
    assert Repository().drop(step="shop.scale", dry_run=True) == Repository().drop(step="scale", dry_run=True)
    assert len(Repository().drop(step="shop.scale", pipeline="prices", dry_run=True)) == 2


def test_a_pipeline_takes_in_what_it_reused(shop):
    """Else the pipeline would go on reusing the same results: `others` computed only one of its own."""
    dropped = Repository().drop(pipeline="others")
    assert {(d.step, d.run) for d in dropped} == {("load", "first"), ("scale", "first"), ("fetch", "third")}
    assert planned("others", "load").action == "run"


def test_all_that_is_given_must_hold(shop):
    """Several selectors narrow."""
    repository = Repository()
    assert [d.step for d in repository.drop(step="fetch", pipeline="others", dry_run=True)] == ["fetch"]
    assert repository.drop(step="fetch", pipeline="prices", dry_run=True) == []
    key = repository.get_run("first").steps["scale"].cache_key
    assert [d.run for d in repository.drop(step="scale", key=key, dry_run=True)] == ["first"]
    assert repository.drop(step="load", key=key, dry_run=True) == []
    assert repository.drop(step="load", older_than=timedelta(days=1), dry_run=True) == []


def test_a_key_can_be_cut_short(shop):
    """Eight digits do; fewer, and what is no key, are refused."""
    key = Repository().get_run("first").steps["scale"].cache_key
    assert [d.key for d in Repository().drop(key=key[:8], dry_run=True)] == [key]
    for wrong in (key[:7], f"{key}0", "12345678%", "%%%%%%%%"):
        with pytest.raises(ParameterError, match="is no key: give at least its first 8"):
            Repository().drop(key=wrong)


def test_old_results_are_dropped(shop, zencache):
    """Only those that were computed longer ago."""
    assert Repository().drop(older_than=timedelta(hours=1), dry_run=True) == []
    assert len(Repository().drop(older_than=timedelta(0), dry_run=True)) == 7
    assert "Nothing matches" in zencache("cache", "drop", "--older-than", "7d").stdout


def test_nothing_matching_is_said(shop, zencache):
    """It is no error; a pipeline that never ran is named."""
    done = zencache("cache", "drop", "--pipeline", "price")
    assert done.exit_code == 0
    assert done.stdout.startswith("Nothing matches; nothing was dropped.\nNo pipeline named 'price' has run")


def test_without_a_selector_nothing_is_dropped(shop, zencache):
    """To drop everything has to be said: --older-than 0s."""
    with pytest.raises(ParameterError, match="at least one of step, pipeline, key and older_than"):
        raise zencache("cache", "drop").exception


def test_a_dropped_result_hides_no_older_good_one(shop):
    """The key still gives the result of an earlier execution that was not dropped."""
    repository = Repository()
    pipeline = repository.get_pipeline_by_name("prices")
    again = pipeline.run(enable_cache=False)
    key = again.steps["load"].cache_key
    newest, older = repository._records.metadata.executions.of_key(key)
    mark_dropped(repository._records.metadata, [newest.id], "by hand")
    assert pipeline.plan().steps["load"].hit.id == older.id
