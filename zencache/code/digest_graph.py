"""Represents what code reaches as a graph, and digests all that is reachable from a node."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from blake3 import blake3

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterable, Iterator, Sequence


class Statements(NamedTuple):
    """Statements of a module that was followed in its text."""

    module: str
    file: str
    lines: tuple[tuple[int, int], ...]
    """The first and the last line of each."""
    name: str = ""
    """The name that they bind, if they were followed for it."""
    is_held: bool = False
    """Whether the value that they made is in the graph too, so that what it was made of does not count."""


@dataclass(eq=False)
class Node:
    """An object that code reaches: a function, a class, a value, a module, or a name in a library."""

    kind: str
    own: Any = None
    """A plain value: the content of the node itself."""
    refs: list[Node] = field(default_factory=list)
    """The nodes that it refers to, in an order that `own` determines."""
    unordered: bool = False
    label: str = ""
    """Its name in explanations; empty for a part of another node."""
    text: str = ""
    """Its source, or a short form of its value, for explanations."""
    packages: tuple[tuple[str, str], ...] = ()
    """Installed distributions that it belongs to, with versions."""
    kept: str = ""
    """The fill level of a cache whose content does not count, such as that of an `lru_cache`."""
    doubt: str = ""
    """Why more code counts than is used, or why the content cannot be read."""
    unknown: bool = False
    """Whether its content cannot be read, so that no result computed with it may be reused."""
    reflects: frozenset[str] = frozenset()
    """What its code inspects of code (`docstrings`, …)."""
    unseeded: frozenset[str] = frozenset()
    """Dotted names of random generators that it uses without a seed."""
    outside: str = ""
    """The dotted name of an object in a library."""
    runs: types.CodeType | None = None
    """The code of a live function."""
    written: Statements | None = None
    """Where it is written, if it was followed in the text of a module."""
    deep: str = ""
    """The digest of all that is reachable from it, once computed."""
    cycle: list[Node] | None = None
    """The cycle of nodes that it belongs to, once computed."""
    unit: str = ""
    """The digest of it with its unnamed parts, once computed."""
    summary: Summary | None = None
    """The summary of all that is reachable from it, once computed."""


@dataclass(frozen=True)
class Summary:
    """Summary of all that is reachable from a node."""

    packages: frozenset[tuple[str, str]]
    doubts: tuple[str, ...]
    unknown: bool
    reflects: frozenset[str]
    outside: frozenset[str]
    unseeded: frozenset[str]

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Summary:
        """Summarize some nodes, without what they reach."""
        packages: set[tuple[str, str]] = set()
        doubts: dict[str, None] = {}
        is_unknown = False
        reflects: set[str] = set()
        outside: set[str] = set()
        unseeded: set[str] = set()
        for node in nodes:  # most nodes have none of all this
            if node.outside:
                outside.add(node.outside)
            if node.packages:
                packages.update(node.packages)
            if node.doubt:
                doubts[node.doubt] = None
            if node.reflects:
                reflects |= node.reflects
            if node.unseeded:
                unseeded |= node.unseeded
            is_unknown = is_unknown or node.unknown
        return cls(
            frozenset(packages),
            tuple(doubts),
            is_unknown,
            frozenset(reflects),
            frozenset(outside),
            frozenset(unseeded),
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


def summarize(root: Node) -> Summary:
    """Summarize all that is reachable from a node; summaries are cached, because code shares nodes."""
    for ref in root.refs:
        if ref.summary is None:
            ref.summary = Summary.of(reachable(ref))
    return Summary.merged([Summary.of([root]), *(ref.summary for ref in root.refs if ref.summary)])


_encode = json.JSONEncoder(separators=(",", ":"), default=lambda data: {"bytes": data.hex()}).encode


def digest_of(value: Any) -> str:
    """Digest a node's own content and the digests of its references: lists, texts, numbers, bytes."""
    return blake3(_encode(value).encode()).hexdigest()


def reachable(root: Node, without: str = "") -> Iterator[Node]:
    """Iterate over all nodes that are reachable from a node, itself first; not through those of a kind."""
    seen, stack = {id(root)}, [root]
    while stack:
        node = stack.pop()
        yield node
        for ref in reversed(node.refs):
            if id(ref) not in seen and (not without or ref.kind != without):
                seen.add(id(ref))
                stack.append(ref)


def deep_digest(root: Node) -> str:
    """Digest a node with all that it reaches, by content, independent of its location and its callers.

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
    """Digest a node whose references have digests; for nodes in a cycle, record the cycle instead."""
    [first, *others] = component
    if others or first in first.refs:
        for node in component:
            node.cycle = component
        return
    refs = [ref.deep or deep_digest(ref) for ref in first.refs]
    first.deep = digest_of([first.kind, first.own, sorted(refs) if first.unordered else refs])


def _of_cycle(entry: Node, cycle: list[Node]) -> str:
    """Digest the nodes of a cycle, numbered in the order of a walk from `entry`."""
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


# Kinds whose units are digested by their own content, without references to other units.
CODE = frozenset({"function", "class", "definition", "module", "effects"})


def unit_digest(node: Node) -> str:
    """Digest a node with its unnamed parts; named parts are separate units."""
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
    """List the strongly connected components (Tarjan 1972), each after its references."""
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
        for ref in node.refs:
            if not ref.refs and not ref.deep:  # most nodes refer to none
                _settle([ref])
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


class ReachedNames:
    """Says whether a class of a script is among those that a step reached when its code was digested.

    It stands for live objects in a digest that is pickled. A snapshot holds the classes of its script by
    value, and leaves out annotations, by which alone a step may reach one.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def __call__(self, kind: type) -> bool:
        """Say whether it is one of them."""
        return kind.__module__ == "__main__" and kind.__qualname__ in self.names


@dataclass(frozen=True, eq=False)
class Membership:
    """Says whether a class is among what a step reaches."""

    visit: Callable[[Any], Node]
    met: Callable[[], Iterator[tuple[Any, Node]]]
    root: Node

    def __call__(self, kind: type) -> bool:
        """Say whether it is one of them."""
        return id(self.visit(kind)) in self._nodes

    @cached_property
    def _nodes(self) -> frozenset[int]:
        return frozenset(map(id, reachable(self.root)))

    def of_script(self) -> frozenset[str]:
        """Name the classes of the script itself."""
        met = [value for value, node in self.met() if id(node) in self._nodes]
        kinds = [value for value in met if issubclass(type(value), type)]
        return frozenset(kind.__qualname__ for kind in kinds if kind.__module__ == "__main__")


@dataclass(frozen=True)
class Either:
    """Says whether a class is among those of one of two others."""

    live: Callable[[type], bool]
    taken: Callable[[type], bool]

    def __call__(self, kind: type) -> bool:
        """Say whether it is one of them."""
        return self.live(kind) or self.taken(kind)


def names_of_script(reaches: Callable[[type], bool]) -> frozenset[str]:
    """Name the classes of the script that are among what a step reaches."""
    if isinstance(reaches, Either):
        return names_of_script(reaches.live) | names_of_script(reaches.taken)
    if isinstance(reaches, ReachedNames):
        return reaches.names
    return reaches.of_script() if isinstance(reaches, Membership) else frozenset()
