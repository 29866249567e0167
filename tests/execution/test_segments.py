"""How a graph is cut for Beam."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zencache.execution.segments import levels


@st.composite
def graphs(draw):
    """Steps by number, each waiting for some of those before it."""
    size = draw(st.integers(1, 12))
    return {
        str(n): frozenset(map(str, draw(st.sets(st.integers(0, n - 1), max_size=3)) if n else ()))
        for n in range(size)
    }


@given(graphs())
def test_every_step_runs_once_after_all_that_it_waits_for(graph):
    """Within a level no segment waits for another; in a segment each step waits for the one before."""
    done = set()
    ran = []
    for level in levels(graph):
        for segment in level:
            inside = set(done)
            for step in segment:
                assert graph[step] <= inside
                inside.add(step)
                ran.append(step)
        done = set(ran)
    assert sorted(ran) == sorted(graph)


def test_a_chain_is_one_segment():
    """A chain needs no barrier between its steps."""
    assert levels({"a": frozenset(), "b": frozenset("a"), "c": frozenset("b")}) == [[("a", "b", "c")]]
