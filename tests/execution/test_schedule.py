"""How the steps of a graph are handed out to workers."""

from __future__ import annotations

import threading
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from zencache.execution.schedule import StepSchedule


@st.composite
def graphs(draw):
    """Steps by number, each waiting for some of those before it."""
    size = draw(st.integers(1, 12))
    return {
        str(n): frozenset(map(str, draw(st.sets(st.integers(0, n - 1), max_size=3)) if n else ()))
        for n in range(size)
    }


@settings(deadline=None)
@given(graphs(), st.integers(1, 4), st.dictionaries(st.sampled_from([*map(str, range(12))]), st.floats(0, 9)))
def test_every_step_runs_once_after_all_that_it_waits_for(graph, workers, seconds):
    """Whatever the graph, the number of workers and what is known of the steps."""
    schedule, done, ran, lock = StepSchedule(graph, seconds), set(), [], threading.Lock()

    def work():
        for step in schedule:
            with lock:
                assert graph[step] <= done
                ran.append(step)
            time.sleep(0)
            with lock:
                done.add(step)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(ran) == sorted(graph)


def test_without_anything_known_the_order_is_that_of_the_pipeline():
    """The lines of a run come in an order that a reader expects."""
    assert list(StepSchedule(dict.fromkeys("dbca", frozenset()), {})) == list("dbca")


def test_the_longest_way_to_the_end_goes_first():
    """A long step at the end of a short branch is not kept for last."""
    graph = {"a": frozenset(), "b": frozenset(), "c": frozenset("b"), "d": frozenset("c")}
    assert next(iter(StepSchedule(graph, {"a": 1.0, "b": 0.1, "c": 0.1, "d": 5.0}))) == "b"


def test_a_step_does_not_wait_for_what_it_does_not_need():
    """One branch goes on while another one's first step still runs."""
    schedule = StepSchedule({"slow": frozenset(), "a": frozenset(), "b": frozenset("a")}, {"slow": 9.0})
    slow, quick = iter(schedule), iter(schedule)
    assert next(slow) == "slow"
    assert [next(quick), next(quick)] == ["a", "b"]


def test_a_step_that_fails_frees_those_that_wait():
    """A worker that goes away in the middle of a step leaves no other waiting for ever."""
    schedule = StepSchedule({"a": frozenset(), "b": frozenset("a")}, {})
    failing = iter(schedule)
    next(failing)
    failing.close()
    assert list(schedule) == ["b"]


def test_a_chain_is_known_as_one():
    """Nothing of a chain can run at once; of a fork or two starts it can."""
    assert StepSchedule({"a": frozenset(), "b": frozenset("a")}, {}).is_chain
    assert not StepSchedule({"a": frozenset(), "b": frozenset("a"), "c": frozenset("a")}, {}).is_chain
    assert not StepSchedule({"a": frozenset(), "b": frozenset()}, {}).is_chain
