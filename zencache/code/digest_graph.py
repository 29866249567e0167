"""What code reaches, as a graph; and one digest for all that can be reached from a node of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(eq=False)
class Node:
    """Something that code reaches: a function, a class, a value, a module, a name in a library."""

    kind: str
    own: Any = None
    """A plain value: what it is by itself."""
    refs: list[Node] = field(default_factory=list)
    """What it refers to, in an order that its own part knows."""
    unordered: bool = False
    label: str = ""
    """What an explanation calls it; empty for what is part of something else."""
    text: str = ""
    """Its source, or its value in short: what an explanation shows."""
    packages: tuple[tuple[str, str], ...] = ()
    """Installed distributions that it belongs to, with versions."""
    kept: str = ""
    """How full a cache is that does not count for its content, such as that of an `lru_cache`."""
    doubt: str = ""
    """Why more is taken in than would have to be, or why it cannot be known."""
    unknown: bool = False
    """Whether nothing is known of it, so that nothing computed with it may be reused."""
    reflects: frozenset[str] = frozenset()
    """What its code asks about code (`docstrings`, …)."""
    unseeded: frozenset[str] = frozenset()
    """Dotted names of what it draws from without a seed."""
    outside: str = ""
    """The dotted name of something in a library."""
    deep: str = ""
    """The digest of all that can be reached from it, once it was asked for."""
    cycle: list[Node] | None = None
    """The nodes that refer to one another, itself among them, once that was found out."""
    unit: str = ""
    """The digest of it with its unnamed parts, once it was asked for."""
    summary: Summary | None = None
    """What is to be known of all that can be reached from it, once it was asked for."""


@dataclass(frozen=True)
class Summary:
    """What is to be known of all that can be reached from a node."""

    packages: frozenset[tuple[str, str]]
    doubts: tuple[str, ...]
    unknown: bool
    reflects: frozenset[str]
    outside: frozenset[str]
    unseeded: frozenset[str]

    @classmethod
    def of(cls, node: Node) -> Summary:
        """Sum up one node."""
        return cls(
            packages=frozenset(node.packages),
            doubts=(node.doubt,) if node.doubt else (),
            unknown=node.unknown,
            reflects=node.reflects,
            outside=frozenset({node.outside} if node.outside else ()),
            unseeded=node.unseeded,
        )

    @classmethod
    def merged(cls, parts: Sequence[Summary]) -> Summary:
        """Put several together."""
        return cls(
            packages=frozenset().union(*(part.packages for part in parts)),
            doubts=tuple(dict.fromkeys(doubt for part in parts for doubt in part.doubts)),
            unknown=any(part.unknown for part in parts),
            reflects=frozenset().union(*(part.reflects for part in parts)),
            outside=frozenset().union(*(part.outside for part in parts)),
            unseeded=frozenset().union(*(part.unseeded for part in parts)),
        )


def summed_up(root: Node) -> Summary:
    """Sum up all that can be reached from a node; what it refers to is remembered, as other code may too."""
    for ref in root.refs:
        if ref.summary is None:
            ref.summary = Summary.merged([Summary.of(node) for node in reachable(ref)])
    return Summary.merged([Summary.of(root), *(ref.summary for ref in root.refs if ref.summary)])


def digest_of(value: Any) -> str:
    """Digest a node's own part and the digests of what it refers to: lists, texts, numbers, bytes."""
    text = json.dumps(value, separators=(",", ":"), default=lambda data: {"bytes": data.hex()})
    return blake3(text.encode()).hexdigest()


def reachable(root: Node) -> Iterator[Node]:
    """Walk all that can be reached from a node, itself first."""
    seen, stack = {id(root)}, [root]
    while stack:
        node = stack.pop()
        yield node
        for ref in reversed(node.refs):
            if id(ref) not in seen:
                seen.add(id(ref))
                stack.append(ref)


def deep_digest(root: Node) -> str:
    """Digest a node with all that it reaches: by content, wherever it lies and whatever it is called from.

    >>> leaf = Node("value", own=1)
    >>> one = Node("function", own="f", refs=[leaf])
    >>> two = Node("function", own="f", refs=[Node("value", own=1)])
    >>> deep_digest(one) == deep_digest(two)
    True
    >>> two.refs[0].own, two.refs[0].deep, two.deep = 2, "", ""
    >>> deep_digest(one) == deep_digest(two)
    False
    """
    if not root.deep and root.cycle is None:
        for component in _components(root):
            _settle(component)
    if not root.deep:
        assert root.cycle is not None
        root.deep = _of_cycle(root, root.cycle)
    return root.deep


def _settle(component: list[Node]) -> None:
    """Digest a node whose references are settled; of nodes that refer to one another, note that they do."""
    [first, *others] = component
    if others or first in first.refs:
        for node in component:
            node.cycle = component
        return
    refs = [deep_digest(ref) for ref in first.refs]
    first.deep = digest_of([first.kind, first.own, sorted(refs) if first.unordered else refs])


def _of_cycle(entry: Node, cycle: list[Node]) -> str:
    """Digest nodes that refer to one another, numbered as they are met from `entry` on."""
    inside = {id(node) for node in cycle}
    numbers = {id(entry): 0}
    queue, listing = [entry], []
    for node in queue:
        refs: list[Any] = []
        for ref in node.refs:
            if id(ref) not in inside:
                refs.append(deep_digest(ref))
                continue
            if id(ref) not in numbers:
                numbers[id(ref)] = len(numbers)
                queue.append(ref)
            refs.append(numbers[id(ref)])
        listing.append([node.kind, node.own, sorted(refs, key=str) if node.unordered else refs])
    return digest_of(["cycle", listing])


# Of which a unit is named by what it is, and not by what it takes from elsewhere.
CODE = frozenset({"function", "class", "definition", "module", "effects"})


def unit_digest(node: Node) -> str:
    """Digest a node with its unnamed parts; what has a name is a unit of its own."""
    if not node.unit:
        parts: list[Any] = []
        stack, seen = [node], {id(node)}
        while stack:
            current = stack.pop()
            parts.append([current.kind, current.own])
            for ref in current.refs:
                if ref.label or ref.kind == "library":
                    parts += [ref.label or ref.own] if node.kind not in CODE else []
                elif id(ref) not in seen:
                    seen.add(id(ref))
                    stack.append(ref)
        node.unit = digest_of(sorted(parts, key=str) if node.unordered else parts)
    return node.unit


def _components(root: Node) -> list[list[Node]]:
    """List the strongly connected components (Tarjan 1972), each after those that it refers to."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[Node] = []
    waiting: set[int] = set()
    components: list[list[Node]] = []
    work: list[tuple[Node, Iterator[Node]]] = []

    def enter(node: Node) -> None:
        number[id(node)] = low[id(node)] = len(number)
        stack.append(node)
        waiting.add(id(node))
        work.append((node, iter([ref for ref in node.refs if not ref.deep and ref.cycle is None])))

    enter(root)
    while work:
        node, refs = work[-1]
        for ref in refs:
            if id(ref) not in number:
                enter(ref)
                break
            if id(ref) in waiting:
                low[id(node)] = min(low[id(node)], number[id(ref)])
        else:
            work.pop()
            if work:
                above = id(work[-1][0])
                low[above] = min(low[above], low[id(node)])
            if low[id(node)] == number[id(node)]:
                components.append(_popped(stack, node, waiting))
    return components


def _popped(stack: list[Node], until: Node, waiting: set[int]) -> list[Node]:
    cycle: list[Node] = []
    while not cycle or cycle[-1] is not until:
        cycle.append(stack.pop())
        waiting.discard(id(cycle[-1]))
    return cycle
