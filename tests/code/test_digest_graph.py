"""One digest for a graph: by what is in it and how it is connected, not by where it was met."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from zencache.code.digest_graph import Node, deep_digest, reachable

graphs = st.integers(1, 6).flatmap(
    lambda size: st.lists(
        st.tuples(st.sampled_from("ab"), st.lists(st.integers(0, size - 1), max_size=3)),
        min_size=size,
        max_size=size,
    )
)


def build(graph, order=None):
    """Make nodes of a listing of their own parts and references; `order` is that in which they are made."""
    made = {n: Node("n", graph[n][0]) for n in (order or range(len(graph)))}
    for number, (_, refs) in enumerate(graph):
        made[number].refs = [made[ref] for ref in refs]
    return made


def unfolded(graph, number, depth):
    """Write what can be seen from a node within some steps."""
    own, refs = graph[number]
    return [own, [unfolded(graph, ref, depth - 1) for ref in refs] if depth else len(refs)]


@given(graphs, st.randoms(use_true_random=False))
def test_a_digest_does_not_depend_on_the_order_of_making(graph, random):
    """Nor on which node was asked for first."""
    order = list(range(len(graph)))
    random.shuffle(order)
    one, two = build(graph), build(graph, order)
    for number in order:
        deep_digest(two[number])
    assert [deep_digest(one[n]) for n in range(len(graph))] == [
        deep_digest(two[n]) for n in range(len(graph))
    ]


@given(graphs, st.data())
def test_what_looks_otherwise_has_another_digest(graph, data):
    """From a node on, as far as one can go: cycles too."""
    numbers = st.integers(0, len(graph) - 1)
    one, two = data.draw(numbers), data.draw(numbers)
    depth = 2 * len(graph) if sum(len(refs) for _, refs in graph) <= len(graph) else 4
    assume(unfolded(graph, one, depth) != unfolded(graph, two, depth))
    made = build(graph)
    assert deep_digest(made[one]) != deep_digest(made[two])


@given(graphs)
def test_everything_that_can_be_reached_is_met_once(graph):
    """And nothing else."""
    made = build(graph)
    found = list(reachable(made[0]))
    seen, left = set(), [0]
    while left:
        number = left.pop()
        if number not in seen:
            seen.add(number)
            left.extend(graph[number][1])
    assert len(found) == len(seen)


def test_a_set_has_no_order():
    """Its digest is that of its items."""
    one, two = Node("n", 1), Node("n", 2)
    both = [Node("set", refs=refs, unordered=True) for refs in ([one, two], [two, one])]
    assert deep_digest(both[0]) == deep_digest(both[1])
