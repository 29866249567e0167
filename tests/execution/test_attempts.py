"""Attempts of a step, told apart from the engine that runs it."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from zencache.errors import CodeUnavailableError, MaterializerError, OutputTypeError, RunInterruptedError
from zencache.execution.retries import Trying, may_pass, seen_in_all
from zencache.execution.workers.pool import Computed, Raised
from zencache.model.specs import Attempts, CodeRef, StepSpec
from zencache.tracking.observed_inputs import Seen


class Run:
    """What attempts need of a run."""

    def __init__(self):
        self.told = []
        self.threads = {}
        self.interrupted = threading.Event()

    def report(self, event):
        self.told.append(event.text)


def trying(run, outcomes, folders=(), **attempts):
    spec = StepSpec(name="load", code=CodeRef(module="m", qualname="load"), attempts=Attempts(**attempts))
    left = iter(outcomes)
    return Trying(run, spec, folders, lambda: next(left))


def raised(text):
    return Raised(ConnectionError(text))


DONE = Computed({}, 0.5, None)


def test_a_step_is_computed_until_it_is_done():
    """Each failed attempt is told with what it raised and when the next begins."""
    run = Run()
    made = trying(run, [raised("reset\nby peer"), raised(""), DONE], retries=3, retry_delay=0.01)
    assert made() == DONE
    assert made.number == 3
    assert run.told == [
        "step load: attempt 1 of 4 raised ConnectionError: reset by peer; the next begins in 0.01 s",
        "step load: attempt 2 of 4 raised ConnectionError; the next begins in 0.02 s",
    ]


def test_the_last_error_is_raised_when_no_attempt_is_left():
    """It is the error itself."""
    made = trying(Run(), [raised("1"), raised("2"), raised("3")], retries=1, retry_delay=0)
    with pytest.raises(ConnectionError, match="2"):
        made()
    assert made.number == 2


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        SystemExit(1),
        RunInterruptedError(),
        OutputTypeError(),
        MaterializerError(),
        CodeUnavailableError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_no_attempt_can_mend_is_not_retried(error):
    """Nor is what the user wants to end."""
    made = trying(Run(), [Raised(error), DONE], retries=3, retry_delay=0)
    with pytest.raises(type(error)):
        made()
    assert not may_pass(error)


def test_what_a_failed_attempt_left_is_removed(tmp_path):
    """The folder is empty again, and so is what was being written aside."""
    target = tmp_path / "output" / "7"
    aside = tmp_path / "output" / ".7.partial"

    def attempts():
        for folder in (target, aside):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "part").write_text("half")
        yield raised("disk")
        assert list(target.iterdir()) == []
        assert not aside.exists()
        yield DONE

    assert trying(Run(), attempts(), [target], retries=1, retry_delay=0)() == DONE


def test_an_interruption_ends_the_wait():
    """A delay of an hour is not waited for."""
    run = Run()
    run.interrupted.set()
    with pytest.raises(KeyboardInterrupt):
        trying(run, [raised("reset"), DONE], retries=1, retry_delay=3600)()
    assert run.threads == {}


def test_what_failed_attempts_read_counts():
    """It may have been kept in memory; a file that the last one read itself counts as it was then."""
    first = Seen(files={"a": "1", "b": "1"}, environment={"X": "1"}, unstable=("a", "b"), notes=("failed",))
    last = Seen(files={"b": "2"}, folders={"c": "1"}, notes=("done",))
    assert seen_in_all(last, [first, None]) == Seen(
        files={"a": "1", "b": "2"},
        folders={"c": "1"},
        environment={"X": "1"},
        unstable=("a",),
        notes=("done",),
    )


def test_a_step_that_is_not_watched_saw_nothing():
    """None stays None."""
    assert seen_in_all(None, [SimpleNamespace()]) is None
