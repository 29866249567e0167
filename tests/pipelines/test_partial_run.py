"""Running a part of a pipeline."""

from __future__ import annotations

import pytest

from zencache import pipeline, step
from zencache.errors import NotFoundError

pytestmark = pytest.mark.tfx


@step
def first(x: int = 1) -> int:
    return x


@step
def second(x: int) -> int:
    return x + 1


@step
def third(x: int) -> int:
    return x * 10


@pipeline
def three(x: int = 1):
    third(second(first(x=x)))


def statuses(run):
    return {name: found.status for name, found in run.steps.items()}


def test_the_steps_before_are_taken_from_the_newest_run():
    three(x=1).run()
    run = three(x=5).run(from_steps=["second"])
    assert statuses(run) == {"first": "cached", "second": "cached", "third": "cached"}
    assert run.steps["third"].output.load() == 20
    assert run.steps["first"].reason.startswith("taken from run three-")


def test_a_base_run_can_be_named():
    base = three(x=1).run()
    three(x=2).run()
    run = three(x=3).run(from_steps=["third"], base_run=base.name)
    assert run.steps["third"].output.load() == 20


def test_the_steps_after_are_left_out():
    run = three().run(to_steps=["second"])
    assert statuses(run) == {"first": "executed", "second": "executed", "third": "skipped"}
    assert run.status == "completed"


def test_what_is_needed_and_did_not_run_is_named():
    with pytest.raises(
        NotFoundError, match="third cannot run alone: first, second did not finish in any run"
    ):
        three().run(from_steps=["third"])
    three().run(to_steps=["first"])
    with pytest.raises(NotFoundError, match="no run named 'nine'"):
        three().run(from_steps=["second"], base_run="nine")
    with pytest.raises(NotFoundError, match="no step named 'secnd'; did you mean 'second'"):
        three().run(from_steps=["secnd"])
