"""A time limit in a thread."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import pytest

from zencache.errors import StepTimeoutError
from zencache.execution.timeout import time_limit

FOR_EVER = 60  # seconds; what is broken ends some day


def spin(seconds=FOR_EVER):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_python_code_is_interrupted():
    """The error names step, limit and what to do, and its traceback shows where the step was."""
    with (
        pytest.raises(
            StepTimeoutError, match=r"step load took longer than its timeout of 0.05 s .*`timeout=`"
        ) as told,
        time_limit("load", 0.05),
    ):
        spin()
    assert "spin" in [frame.name for frame in told.traceback]
    assert isinstance(told.value, TimeoutError)


def test_what_is_in_time_is_left_alone():
    """Nothing arrives afterwards."""
    with time_limit("load", 0.2):
        pass
    spin(0.3)
    assert "zencache-timeout-load" not in [thread.name for thread in threading.enumerate()]


def test_a_step_that_catches_everything_fails_all_the_same():
    """Its result came too late."""
    with pytest.raises(StepTimeoutError), time_limit("load", 0.05), suppress(BaseException):
        spin()


def test_what_a_step_raises_itself_stays():
    """Its own TimeoutError is none of ours."""
    with pytest.raises(TimeoutError, match="socket") as told, time_limit("load", FOR_EVER):
        raise TimeoutError("socket")
    assert not isinstance(told.value, StepTimeoutError)
