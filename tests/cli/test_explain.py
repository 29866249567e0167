"""`zencache explain`."""

from __future__ import annotations

import pytest

from zencache import Repository
from zencache.errors import NotFoundError
from zencache.pipelines import StepRun
from zencache.pipelines.explain import _of_seen
from zencache.tracking.observed_inputs import Seen

pytestmark = pytest.mark.tfx


def test_a_run_is_explained_step_by_step(shop, zencache):
    """Each step's status and reason are those that Python gives."""
    text = zencache("explain", "second").stdout
    assert text.startswith("Run second of pipeline prices, version 1: completed\n")
    for step in Repository().get_run("second").steps.values():
        assert f"{step.name}: {step.status}\n" in text
        assert step.reason in text


def test_the_newest_run_is_called_latest(shop, zencache):
    """`latest` saves typing a run's name."""
    assert zencache("explain", "latest").stdout == zencache("explain", "fourth").stdout


def test_a_step_is_explained_as_in_python(shop, zencache):
    """The command prints what `StepRun.explain` says."""
    step = Repository().get_run("second").steps["scale"]
    assert zencache("explain", "second", "scale").stdout == f"{step.explain()}\n"


def test_a_step_shows_what_its_key_is_made_of(shop, zencache):
    """Code, packages, parameters, inputs and outputs, with short digests."""
    text = zencache("explain", "second", "scale").stdout
    step = Repository().get_run("second").steps["scale"]
    assert f"key         {step.cache_key}" in text
    assert "helper doubled in shop.py " in text
    assert "packages    numpy " in text
    assert "parameters  factor = 3.0" in text
    assert f"inputs      values from load: numpy.ndarray {step.inputs['values'].digest[:12]}\n" in text
    assert "outputs     output: numpy.ndarray by zencache.materializers.numpy:ArrayMaterializer" in text
    assert "compared with the execution of " in text


def test_a_hit_tells_when_and_where_it_was_computed(shop, zencache):
    """The run that computed the outputs is named."""
    text = zencache("explain", "second", "load").stdout
    assert text.startswith("load: cached\n")
    assert " in run first\n" in text


def test_what_was_seen_is_told(shop, zencache):
    """Notes about what the key cannot follow are kept with the execution."""
    assert "seed" in zencache("explain", "first", "noise").stdout


def test_code_that_is_the_same_is_said_to_be(shop, zencache):
    """With --code and no difference, silence would leave doubt."""
    assert zencache("explain", "second", "scale", "--code").stdout.endswith("\nNo line of code differs.\n")


def test_all_shows_every_key(shop, zencache):
    """--all has the parts of every step's key."""
    assert zencache("explain", "second", "--all").stdout.count("  key ") == 3


def test_names_that_are_not_there_are_answered_with_near_ones(shop, zencache):
    """Of runs and of steps."""
    for arguments, near in ((("secnd",), "second"), (("second", "scal"), "scale")):
        error = zencache("explain", *arguments).exception
        assert isinstance(error, NotFoundError)
        assert f"did you mean '{near}'?" in str(error)


def test_a_failure_shows_its_error(shop, zencache):
    """The last line of the traceback; all of it is in `run show`."""
    (shop / "down").touch()
    with pytest.raises(ConnectionError):
        Repository().get_pipeline_by_name("others").run(enable_cache=False)
    text = zencache("explain", "latest", "fetch").stdout
    assert text.startswith("fetch: failed\n")
    assert "  error    ConnectionError: no answer\n" in text


def test_a_skipped_step_has_a_reason_and_no_key(shop):
    """Nothing was recorded of it."""
    explained = StepRun("after", None, None, None).explain(code=True)
    assert str(explained).startswith("after: skipped\n  why  a step that it needs did not finish")
    assert explained.parts is None


def test_what_a_step_read_is_told_without_values():
    """Files with digests, what was not there, folders, and variables, whose values may be secrets."""
    seen = Seen(
        files={"a.csv": "1b2" * 9, "b.csv": ""},
        folders={"data": "3c4" * 9},
        environment={"TOKEN": "5d6" * 9, "HOME": ""},
        unstable=("log.txt",),
    )
    assert _of_seen(seen) == {
        "read": (
            "a.csv 1b21b21b21b2",
            "b.csv, which was not there",
            "the names in data/ 3c43c43c43c4",
            "log.txt, which changed meanwhile",
        ),
        "environment": ("TOKEN 5d65d65d65d6", "HOME, which was not set"),
        "written": (),
        "notes": (),
        "remarks": (),
    }
