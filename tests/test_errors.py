"""The error of a failed step is the step's own exception as well."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from zencache.errors import NotFoundError, StepFailedError


def raised(make):
    try:
        make()
    except BaseException as error:  # noqa: BLE001 - SystemExit is among what is tried
        return StepFailedError.of("train", "p-1", error)
    raise AssertionError


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: int("x"), ValueError),
        (lambda: {}["x"], KeyError),
        (lambda: Path("gone").read_text(), FileNotFoundError),
        (lambda: json.loads("{"), json.JSONDecodeError),
        (lambda: b"\xff".decode(), UnicodeDecodeError),
    ],
)
def test_it_is_caught_as_what_the_step_raised(make, kind):
    """Also where the exception's own constructor takes other arguments."""
    error = raised(make)
    assert isinstance(error, kind)
    assert isinstance(error, StepFailedError)
    assert isinstance(error.__cause__, kind)
    assert str(error).startswith(f"step train failed: {kind.__name__}: ")


def test_a_step_that_exits_is_a_failure():
    """SystemExit in a step must not end the process as if all were well."""
    error = raised(lambda: sys.exit(0))
    assert not isinstance(error, SystemExit)
    assert isinstance(error.__cause__, SystemExit)


@pytest.mark.parametrize(
    ("known", "words"),
    [(["train", "score"], "did you mean 'train'"), (["x", "y"], "known: x, y"), ([], "there is none yet")],
)
def test_an_unknown_name_is_answered_with_known_ones(known, words):
    """The nearest, or all of a few, or that there is none."""
    assert words in str(NotFoundError.named("pipeline", "trian", known))
