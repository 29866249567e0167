"""Steps that fail for a while, or take too long."""

from __future__ import annotations

import functools
import importlib
import sys
import threading
import time
from pathlib import Path

import pytest

from zencache import CachePolicy, Repository, pipeline, step
from zencache.errors import OutputTypeError, StepFailedError, StepTimeoutError
from zencache.model.specs import Attempts

pytestmark = pytest.mark.tfx

calls: list[int] = []


@functools.lru_cache
def text() -> str:
    return Path("data.txt").read_text()


@pytest.fixture(autouse=True)
def _no_calls():
    calls.clear()
    text.cache_clear()


@step
def numbers() -> list:
    return [1, 2]


def fail_until(attempt: int) -> None:
    """Fail for a while; what it counts is in no key, since the steps' policy leaves helpers out."""
    calls.append(1)
    if len(calls) < attempt:
        raise ConnectionError("no route")


@step(retries=3, retry_delay=0, cache=CachePolicy(code="function"))
def flaky(values: list, good: int = 3) -> list:
    values.append(3)
    fail_until(good)
    return values


@pipeline
def fetching(good: int = 3):
    flaky(numbers(), good=good)


def test_a_step_that_fails_for_a_while_is_computed_in_the_same_run(capsys):
    """Each attempt gets its inputs as they were stored; how many there were is recorded, and told."""
    run = fetching().run()
    done = run.steps["flaky"]
    assert (done.status, done.attempts, done.output.load()) == ("executed", 3, [1, 2, 3])
    assert (run.steps["numbers"].attempts, len(calls)) == (1, 3)
    err = capsys.readouterr().err
    assert "Note: step flaky: attempt 1 of 4 raised ConnectionError: no route; the next begins in 0 s." in err
    assert "attempt 2 of 4" in err
    assert fetching().run().steps["flaky"].attempts == 0


def test_a_step_that_never_succeeds_raises_what_it_raised_last():
    """How many attempts failed is recorded as well."""
    with pytest.raises(ConnectionError, match="no route") as told:
        fetching(good=9).run()
    assert isinstance(told.value, StepFailedError)
    failed = Repository().get_run(told.value.run).steps["flaky"]
    assert (failed.status, failed.attempts, len(calls)) == ("failed", 4, 4)


def test_saying_otherwise_reruns_nothing():
    """Neither retries nor a timeout are in the key, nor in the version."""
    first = fetching().run()

    @pipeline(name="fetching")
    def otherwise():
        flaky.with_options(retries=1, retry_delay="1h", timeout="2d")(numbers(), good=3)

    again = otherwise().run()
    assert [s.status for s in again.steps.values()] == ["cached", "cached"]
    assert again.version == first.version


def test_a_pipeline_of_the_repository_retries():
    """What was recorded holds, also where the code says otherwise."""

    @pipeline(name="patient")
    def made():
        flaky.with_options(retries=5)(numbers(), good=6)

    assert made().run().steps["flaky"].attempts == 6
    calls.clear()
    found = Repository().get_pipeline_by_name("patient")
    assert found.run(enable_cache=False).steps["flaky"].attempts == 6
    copied = found.copy("other", numbers=numbers.with_options(enable_cache=False))
    assert copied.spec.by_name["flaky"].attempts == Attempts(retries=5, retry_delay=0)


@step(retries=3, retry_delay=0)
def mistaken() -> int:
    calls.append(1)
    return "text"


def test_what_is_declared_wrongly_is_computed_once():
    """Another attempt would return the same."""

    @pipeline
    def one():
        mistaken()

    with pytest.raises(OutputTypeError):
        one().run()
    assert len(calls) == 1


@step(retries=1, retry_delay=0)
def remembering() -> str:
    if not hasattr(sys, "zencache_test"):  # a place that no code digest looks at
        sys.zencache_test = Path("data.txt").read_text()
        raise ConnectionError
    return sys.zencache_test


@step
def forgetful() -> str:
    is_first = not text.cache_info().currsize
    found = text()
    if is_first:
        raise ConnectionError
    return found


def test_a_file_that_a_failed_attempt_read_counts(folder, monkeypatch):
    """The attempt that succeeds takes from memory what the one before read; the file is an input
    nevertheless."""

    monkeypatch.setattr(sys, "zencache_test", "", raising=False)
    del sys.zencache_test

    @pipeline
    def one():
        remembering()

    (folder / "data.txt").write_text("1")
    time.sleep(0.03)  # a file written just before a step begins could be taken for one that changes meanwhile
    assert one().run().steps["remembering"].attempts == 2
    (folder / "data.txt").write_text("2")
    assert one().run().steps["remembering"].reason == "data.txt, which it read, changed"


def test_a_file_that_a_failed_run_read_counts(folder):
    """So it is where the next run of the same process takes it from memory."""

    @pipeline
    def one():
        forgetful()

    (folder / "data.txt").write_text("1")
    time.sleep(0.03)
    with pytest.raises(ConnectionError):
        one().run()
    assert one().run().steps["forgetful"].output.load() == "1"
    (folder / "data.txt").write_text("2")
    assert one().run().steps["forgetful"].reason == "data.txt, which it read, changed"


def test_a_step_that_no_process_can_compute_is_interrupted_in_its_thread(capsys):
    """It says so; each attempt has the whole time."""
    gate = threading.Lock()

    @step(timeout=1, retries=1, retry_delay=0)
    def endless() -> int:
        calls.append(1)
        while len(calls) < 2:
            gate.locked()
        return 7

    @pipeline
    def one():
        endless()

    assert one().run().steps["endless"].attempts == 2
    err = capsys.readouterr().err
    assert "step endless is computed in this process, a worker process cannot: " in err
    assert "so its timeout cannot end a call that waits outside of Python." in err
    assert "attempt 1 of 2 raised StepTimeoutError: step endless took longer than its timeout of 1 s" in err


MODULE = """
import os, time
from pathlib import Path
from zencache import pipeline, step

def pids():
    return Path("pids").read_text().split() if Path("pids").exists() else []

@step(timeout=0.3, retries=1, retry_delay=0)
def sleepy(good: int) -> int:
    with open("pids", "a") as file:
        file.write(f"{os.getpid()} ")
    if len(pids()) < good:
        time.sleep(60)  # a call that no exception breaks into
    return os.getpid()

@step
def beside() -> int:
    while len(pids()) < 2:
        time.sleep(0.05)
    return os.getpid()

@step(retries=1, retry_delay=0)
def dies() -> int:
    if not pids():
        Path("pids").write_text("1")
        os._exit(3)
    return 7

@pipeline
def two(good: int = 2):
    sleepy(good=good)
    beside()

@pipeline
def fatal():
    dies()
"""


@pytest.fixture
def module(folder, monkeypatch):
    """Steps that another process can import."""
    (folder / "too_long.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(folder))
    yield importlib.import_module("too_long")
    del sys.modules["too_long"]


def is_alive(pid: str) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_a_step_that_takes_too_long_is_ended_with_its_process(module, kind, capsys):
    """It is computed again in another process; a step that runs meanwhile is not touched."""
    run = module.two().run(workers=2, worker_kind=kind)
    sleepy, beside = run.steps.values()
    first, second = module.pids()
    assert (sleepy.attempts, sleepy.output.load()) == (2, int(second))
    assert (beside.status, beside.attempts) == ("executed", 1)
    assert not is_alive(first)
    err = capsys.readouterr().err
    assert "attempt 1 of 2 raised StepTimeoutError: step sleepy took longer than its timeout of 0.3 s" in err
    assert "starts another process" not in err


@pytest.mark.slow
def test_a_step_that_always_takes_too_long_fails(module):
    """With an error that is a TimeoutError, and says what to do; none of its processes is left."""
    with pytest.raises(StepTimeoutError, match="give it more time"):
        module.two(good=9).run(workers=2)
    assert not any(map(is_alive, module.pids()))


@pytest.mark.slow
def test_a_process_that_dies_is_retried_in_another(module, capsys):
    """A crash is a failure like any other."""
    done = module.fatal().run(worker_kind="processes").steps["dies"]
    assert (done.attempts, done.output.load()) == (2, 7)
    assert "attempt 1 of 2 raised StepProcessError" in capsys.readouterr().err
