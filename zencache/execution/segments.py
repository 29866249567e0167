"""How a graph is laid out for Beam: chains of steps as segments, segments in levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def segments(upstream: Mapping[str, frozenset[str]]) -> list[tuple[str, ...]]:
    """Cut a graph (step to the steps it waits for, in order) into chains with one way in and one way out.

    >>> segments({"a": frozenset(), "b": frozenset("a"), "c": frozenset("b"), "d": frozenset("b")})
    [('a', 'b'), ('c',), ('d',)]
    """
    downstream: dict[str, set[str]] = {step: set() for step in upstream}
    for step, needs in upstream.items():
        for need in needs:
            downstream[need].add(step)
    chains: list[list[str]] = []
    chain_of: dict[str, list[str]] = {}
    for step, needs in upstream.items():
        only = next(iter(needs)) if len(needs) == 1 else None
        if only is not None and len(downstream[only]) == 1:
            chain = chain_of[only]
        else:
            chains.append(chain := [])
        chain.append(step)
        chain_of[step] = chain
    return [tuple(chain) for chain in chains]


def levels(upstream: Mapping[str, frozenset[str]]) -> list[list[tuple[str, ...]]]:
    """Put the segments of a graph into levels: those of one level do not wait for each other.

    >>> levels({"a": frozenset(), "b": frozenset("a"), "c": frozenset("b"), "d": frozenset("b")})
    [[('a', 'b')], [('c',), ('d',)]]
    """
    made: list[list[tuple[str, ...]]] = []
    level_of: dict[str, int] = {}
    for segment in _in_order(segments(upstream), upstream):
        needs = upstream[segment[0]]
        level = 1 + max((level_of[need] for need in needs), default=-1)
        level_of.update(dict.fromkeys(segment, level))
        if level == len(made):
            made.append([])
        made[level].append(segment)
    return made


def _in_order(
    chains: Sequence[tuple[str, ...]], upstream: Mapping[str, frozenset[str]]
) -> list[tuple[str, ...]]:
    """Sort segments so that each comes after those it waits for."""
    done: set[str] = set()
    left, ordered = list(chains), []
    while left:
        ready = [chain for chain in left if upstream[chain[0]] <= done]
        ordered += ready
        done.update(step for chain in ready for step in chain)
        left = [chain for chain in left if chain not in ready]
    return ordered
