"""What a cached run reads and asks, counted: exact on any machine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from zencache import pipeline, step
from zencache.metadata.client import MetadataClient

pytestmark = [pytest.mark.slow, pytest.mark.tfx]


@step
def start() -> int:
    return 0


@step
def add(x: int) -> int:
    return x + 1


@step
def numbers(size: int) -> np.ndarray:
    return np.ones(size)


@step
def length(values: np.ndarray) -> int:
    return len(values)


def chain(steps):
    @pipeline(name=f"chain_{steps}")
    def made():
        value = start()
        for _ in range(steps - 1):
            value = add(value)

    return made()


@pytest.fixture
def calls(monkeypatch):
    """The calls to ML Metadata, by name."""
    counted = Counter()
    asked = MetadataClient.__getattr__

    def counting(self, name):
        counted[name] += 1
        return asked(self, name)

    monkeypatch.setattr(MetadataClient, "__getattr__", counting)
    return counted


def calls_of_a_second_cached_run(steps, calls):
    made = chain(steps)
    made.run()
    made.run()
    calls.clear()
    assert {each.status for each in made.run().steps.values()} == {"cached"}
    return dict(calls)


def test_a_cached_run_asks_as_often_with_many_steps_as_with_few(calls):
    """Look-ups and writes are batched: twelve calls and three of them writing, however long the chain."""
    few, many = calls_of_a_second_cached_run(3, calls), calls_of_a_second_cached_run(12, calls)
    assert few == many
    assert sum(few.values()) <= 16
    assert sum(count for name, count in few.items() if name.startswith("put")) == 3


def test_a_step_that_ran_asks_for_no_more_when_the_store_has_grown(calls):
    """What is read of a step's history is bounded."""
    made = chain(2)
    counted = []
    for _ in range(6):
        calls.clear()
        made.run(enable_cache=False)
        counted.append(dict(calls))
    assert counted[3] == counted[5]


def read_by(run):
    """Give the bytes that a call reads, of whatever kind."""

    def so_far():
        return int(Path("/proc/self/io").read_text().split()[1])

    before = so_far()
    run()
    return so_far() - before


def test_a_reused_artifact_that_nobody_needs_is_not_read():
    """Its size is that of its files, and its digest is in the records."""

    @pipeline
    def sized(size: int):
        length(numbers(size=size))

    for size in (10, 4 * 2**20):
        sized(size=size).run()
        sized(size=size).run()
    small, large = (read_by(sized(size=size).run) for size in (10, 4 * 2**20))
    assert large < small + 2**16
