"""`zencache pipeline versions` and `zencache pipeline diff`."""

from __future__ import annotations

import pytest

from zencache import pipeline, step

pytestmark = pytest.mark.tfx


@step
def load(rows: int = 3) -> int:
    return rows


@step
def train(x: int, gamma: float = 0.1) -> float:
    return x * gamma


@step
def tree(x: int) -> float:
    return x * 1.0


@pipeline
def training(loader, trainer):
    trainer(loader())


@pytest.fixture
def two(folder):
    """A pipeline with two versions."""
    training(load(), train()).run(run_name="first")
    training(load(rows=5), tree()).run(run_name="second")


def test_versions_are_listed(two, zencache):
    """With their steps, runs, and how the last one ended."""
    lines = zencache("pipeline", "versions", "training").output.splitlines()
    assert lines[1].split() == ["1", "load,", "train", "1", "first", "completed"]
    assert lines[2].split() == ["2", "load,", "tree", "1", "second", "completed"]


def test_two_versions_differ_in_words(two, zencache):
    """One line a difference; the other way around too."""
    assert zencache("pipeline", "diff", "training", "1", "2").output.splitlines() == [
        "Pipeline training, version 1 → 2: 2 differences",
        "  step train replaced by tree",
        "  step load: parameter rows: 3 → 5",
    ]
    back = zencache("pipeline", "diff", "training", "2", "1").output.splitlines()
    assert back[1:] == ["  step tree replaced by train", "  step load: parameter rows: 5 → 3"]
    same = zencache("pipeline", "diff", "training", "1", "1").output
    assert same == "Pipeline training, version 1 → 1: no difference\n"


def test_names_and_numbers_that_are_not_there(two, zencache):
    """The nearest name; the numbers that there are; a number that is none."""
    assert str(zencache("pipeline", "diff", "trainin", "1", "2").exception).startswith(
        "no pipeline named 'trainin'; did you mean 'training'?"
    )
    assert "pipeline training has no version 7; it has 1, 2 (" in str(
        zencache("pipeline", "diff", "training", "1", "7").exception
    )
    assert "no pipeline named 'x'" in str(zencache("pipeline", "versions", "x").exception)
    assert zencache("pipeline", "diff", "training", "one", "2").exit_code == 2
