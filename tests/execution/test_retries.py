"""Attempts of a step, told apart from the engine that runs it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from zencache.errors import CodeUnavailableError, MaterializerError, OutputTypeError, RunInterruptedError
from zencache.execution.attempt import Computed, Raised
from zencache.execution.retries import RetriedStep, is_retried, seen_in_all
from zencache.execution.run_context import RunState
from zencache.model.specs import Attempts, CodeRef, StepSpec
from zencache.tracking.observed_inputs import Seen


class Run:
    """What attempts need of a run: waits take no time."""

    def __init__(self):
        self.notes = []
        self.waited = []
        self.state = RunState()

    def report(self, event):
        self.notes.append(event.text)

    def wait(self, seconds):
        self.waited.append(seconds)
        return self.state.interrupted.is_set()


def retried(run, outcomes, folders=(), **attempts):
    spec = StepSpec(name="load", code=CodeRef(module="m", qualname="load"), attempts=Attempts(**attempts))
    left = iter(outcomes)
    return RetriedStep(spec, lambda: next(left), folders, run.state, run.report, run.wait)


def raised(text):
    return Raised(ConnectionError(text))


DONE = Computed({}, 0.5, None)


def test_a_step_is_computed_until_it_is_done():
    """Each failed attempt is told with what it raised and when the next begins."""
    run = Run()
    step = retried(run, [raised("reset\nby peer"), raised(""), DONE], retries=3, retry_delay=60)
    assert step.compute() == DONE
    assert step.attempts == 3
    assert run.notes == [
        "step load: attempt 1 of 4 raised ConnectionError: reset by peer; the next begins in 1 min",
        "step load: attempt 2 of 4 raised ConnectionError; the next begins in 2 min",
    ]
    assert run.waited == [60, 120]


def test_the_last_error_is_raised_when_no_attempt_is_left():
    """It is the error itself."""
    step = retried(Run(), [raised("1"), raised("2"), raised("3")], retries=1, retry_delay=0)
    with pytest.raises(ConnectionError, match="2"):
        step.compute()
    assert step.attempts == 2


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
    step = retried(Run(), [Raised(error), DONE], retries=3, retry_delay=0)
    with pytest.raises(type(error)):
        step.compute()
    assert not is_retried(error)


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

    assert retried(Run(), attempts(), [target], retries=1, retry_delay=0).compute() == DONE


def test_an_interruption_ends_the_wait():
    """A delay of an hour is not waited for, whoever waits."""
    run = Run()
    run.state.interrupted.set()
    step = retried(run, [raised("reset"), DONE], retries=1, retry_delay=3600)
    step.wait = None
    with pytest.raises(KeyboardInterrupt):
        step.compute()
    assert run.state.threads == {}


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
