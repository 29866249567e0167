"""The state of objects is read without running the user's code."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from zencache.code.digest import CodeReader
from zencache.code.object_state import added_attributes

RUNS: list[str] = []


class Local(threading.local):
    def __init__(self, rate=1, **more):
        RUNS.append("local")
        self.rate = rate
        self.began = time.time()


class Handler(logging.Handler):
    def __init__(self, rate):
        super().__init__()
        RUNS.append("handler")
        self.rate = rate
        self.began = time.time()


def digest(value):
    def work():
        return value

    code = CodeReader().of(work)
    assert code.is_known
    return code.digest


@pytest.mark.parametrize("kind", [Local, Handler])
def test_no_constructor_runs_and_the_time_does_not_count(kind):
    """Two processes make the object at two times."""
    one, other = kind(2), kind(2)
    RUNS.clear()
    digests = []
    thread = threading.Thread(target=lambda: digests.extend([digest(one), digest(other)]))
    thread.start()
    thread.join()
    assert RUNS == []
    assert digests[0] == digests[1] == digest(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Local(2), Local(3)),
        (Local(rate=2), Local(rate=3)),
        (Local(2, a=1), Local(2, b=1)),
        (Local(2), Local(2, rest=1)),
        (Handler(2), Handler(3)),
    ],
)
def test_what_the_user_gave_to_the_constructor_counts(one, other):
    """Each new thread starts with it."""
    assert digest(one) != digest(other)


def test_an_attribute_that_was_added_to_a_handler_counts():
    """It is the same in another process."""
    one = Handler(2)
    one.limit = 3
    assert added_attributes(one) == {"rate": 2, "limit": 3}
