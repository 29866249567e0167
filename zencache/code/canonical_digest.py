"""Digests the code of a step without what nothing can see of it: the second way to find an earlier result.

A miss is compared with earlier executions by this digest. It is empty where code may see what it leaves out.
"""

from __future__ import annotations

import collections
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from zencache.code.canonical_shape import canonical_part, signature_of, signature_of_step
from zencache.code.digest_graph import Node, deep_digest, reachable, shared_values, summarize
from zencache.code.namespaces import NAMESPACES, is_project, looked_up
from zencache.code.object_state import state_of
from zencache.model.types import type_name

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping, Sequence

    from zencache.code.ast_shape import Chain, Part
    from zencache.code.canonical_shape import CanonicalPart, Signature, Step
    from zencache.code.digest_graph import Spelled
    from zencache.code.namespaces import Space

Resolved = tuple[Node, tuple[str, ...]]
# Libraries of which it is known what looks at the names in a caller's frame (`canonical_shape` has it).
BLIND = frozenset(
    {"numpy", "pandas", "scikit-learn", "scipy", "joblib", "threadpoolctl", "python-dateutil", "pytz"}
    | {"tzdata", "six", "pydantic", "pydantic-core", "annotated-types", "typing-extensions"}
    | {"typing-inspection", "pyarrow", "zencache", "blake3"}
)
# Modules of Python that look at code, frames or names.
_SEEING_MODULES = frozenset(
    {"inspect", "traceback", "pdb", "bdb", "code", "codeop", "trace", "gc", "ctypes", "dis", "symtable"}
    | {"linecache", "cgitb", "doctest", "unittest", "runpy", "timeit", "profile", "cProfile", "tracemalloc"}
    | {
        "faulthandler",
        "marshal",
        "opcode",
        "ast",
        "tokenize",
        "pydoc",
        "pyclbr",
        "imp",
        "importlib",
        "pkgutil",
    }
)
_TABLES = frozenset({"value", "class", "entries"})
_SCALARS = (int, float, str, bool, bytes, type(None))
_MISSING = object()


@dataclass(frozen=True)
class CanonicalCode:
    """The digest, and the installed distributions that the code reaches."""

    digest: str
    packages: Mapping[str, str]
    unused: frozenset[str] = frozenset()
    """Arguments of the step that its code does not use."""
    sees_places: bool = True
    """Whether it may see where a class is defined."""


def canonical_code(root: Node, hints: Mapping[str, Node] | None, fresh: FreshNodes) -> CanonicalCode | None:
    """Digest a step's code; None where code may see what is left out.

    `hints` stand for the annotations of the step's own arguments. `fresh` gives values as they are now.
    """
    summary = summarize(root)
    names = {name.partition(".")[0] for name in summary.outside}
    distributions = {name.lower().replace("_", "-") for name, _ in summary.packages}
    if hints is None or summary.unknown or summary.doubts or summary.reflects - {"step"}:
        return None
    if names & _SEEING_MODULES or not distributions <= BLIND:
        return None
    graph = _Canonical(root, fresh)
    if graph.sees_names or graph.has_registrations:
        return None
    copy = graph.of(root)
    used = {name: node for name, node in sorted(hints.items()) if name not in graph.unused_of_root}
    whole = Node("canonical", list(used), [copy, *used.values()])
    packages = {name: version for node in reachable(whole) for name, version in node.packages}
    return CanonicalCode(
        deep_digest(whole), dict(sorted(packages.items())), graph.unused_of_root, graph.sees_places
    )


class FreshNodes(Protocol):
    """Looks names and values up again, as they are now."""

    def part_now(self, part: Part, number: int, space: Space) -> Resolved:
        """Resolve a name of a part."""

    def value_now(self, value: Any) -> Node:
        """Follow a value."""


class _Canonical:
    """Copies a graph, with canonical shapes."""

    def __init__(self, root: Node, fresh: FreshNodes) -> None:
        self._fresh = fresh
        self._copies: dict[int, tuple[Node, Node]] = {}
        """By the id of a node: the node, so that no other gets its id, and its copy."""
        nodes = list(reachable(root))
        parts = {
            id(spelled.entry): canonical_part(spelled.part) for node in nodes for spelled in node.spelled
        }
        self.sees_names = any(part.sees_names for part in parts.values())
        self.sees_places = any(part.sees_places for part in parts.values())
        self.has_registrations = any(node.kind == "registered" for node in nodes)
        hidden = {} if self.sees_names else _hidden(root, nodes, parts)
        for node in nodes:
            for spelled in node.spelled:
                signature = hidden.get(id(node)) if spelled.is_body else None
                if signature is not None or not spelled.has_defaults:
                    part = canonical_part(spelled.part, signature, defaults=spelled.has_defaults)
                    parts[id(spelled.entry)] = part
        self._parts = parts
        """By the id of what is spelled: its part, without what nothing sees of signatures."""
        self._unused = {number: signature.unused for number, signature in hidden.items()}
        self.unused_of_root = hidden[id(root)].unused if id(root) in hidden else frozenset()

    def of(self, root: Node) -> Node:
        """Give the copy of a node, with all that it reaches."""
        copy = self._copy(root)
        waiting = [root]
        while waiting:
            node = waiting.pop()
            own, refs = self._content(node)
            waiting += [ref for ref in dict.fromkeys(refs) if id(ref) not in self._copies]
            copied = self._copies[id(node)][1]
            copied.own, copied.refs = own, [self._copy(ref) for ref in refs]
        return copy

    def _copy(self, node: Node) -> Node:
        if id(node) not in self._copies:
            copy = Node(node.kind, unordered=node.unordered, packages=node.packages)
            self._copies[id(node)] = (node, copy)
        return self._copies[id(node)][1]

    def _content(self, node: Node) -> tuple[Any, list[Node]]:
        """Give a node's own content and its references, with canonical shapes for its parts."""
        entries: dict[int, Any] = {}
        unused = {
            node.default_refs[name] for name in self._unused.get(id(node), ()) if name in node.default_refs
        }
        refs, at = [], 0
        for spelled in node.spelled:
            part = self._parts[id(spelled.entry)]
            resolved = [self._resolved(number, part, spelled) for number in range(len(part.chains))]
            rests = [list(rest) for _, rest in resolved]
            entries[id(spelled.entry)] = [part.shape, rests, *shared_values(resolved)]
            refs += [*node.refs[at : spelled.start], *(ref for ref, _ in resolved)]
            at = spelled.start + len(spelled.resolved)
        refs += [ref for number, ref in enumerate(node.refs) if number >= at and number not in unused]
        return _replaced(node.own, entries), refs

    def _resolved(self, number: int, part: CanonicalPart, spelled: Spelled) -> Resolved:
        """Give what a name stands for; of a table that is read by constant keys, the entries alone."""
        chain = part.chains[number]
        before = spelled.part.chains.index(chain)
        resolved: Resolved = spelled.resolved[before]
        table = _table(chain, spelled.space) if resolved[0].kind in _TABLES else None
        if table is None or any(each.changed for each in part.chains):
            return resolved
        value, rest = table
        reads = [
            _read(value, (*(("attribute", name) for name in rest), *keys))
            for keys in part.paths.get(number, ())
        ]
        if not reads or not all(reads):
            return resolved
        now = self._fresh.part_now(spelled.part, before, spelled.space)
        if now[1] != resolved[1] or deep_digest(now[0]) != deep_digest(resolved[0]):
            return resolved  # the values are not those that the step is given
        own = [[list(map(list, read.steps)), read.is_there] for read in reads if read]
        refs = [self._fresh.value_now(read.value) for read in reads if read and read.is_there]
        return Node("entries", own, refs), ()


def _hidden(root: Node, nodes: Sequence[Node], parts: Mapping[int, CanonicalPart]) -> dict[int, Signature]:
    """Give what nothing sees of signatures: of functions that the code only calls, and of the step's own."""
    functions = {
        id(node): node
        for node in nodes
        if node.kind == "function" and len(node.spelled) == 1 and not node.reflects and node is not root
    }
    calls: dict[int, list[ast.Call]] = {number: [] for number in functions}
    for node in nodes:
        named: set[int] = set()
        for spelled in node.spelled:
            part = parts[id(spelled.entry)]
            named.update(range(spelled.start, spelled.start + len(spelled.resolved)))
            for chain, (ref, rest) in zip(spelled.part.chains, spelled.resolved, strict=True):
                number = part.chains.index(chain)
                calls_of_it = part.calls.get(number, ())
                if rest or not calls_of_it or len(calls_of_it) != part.uses.get(number, 0):
                    calls.pop(id(ref), None)
                elif id(ref) in calls:
                    calls[id(ref)] += calls_of_it
        for ref in (ref for number, ref in enumerate(node.refs) if number not in named):
            calls.pop(id(ref), None)
    hidden = {
        number: signature_of(functions[number].spelled[0].part.nodes, made) for number, made in calls.items()
    }
    if len(root.spelled) == 1:
        hidden[id(root)] = signature_of_step(root.spelled[0].part.nodes)
    return {number: signature for number, signature in hidden.items() if signature is not None}


class _Read(NamedTuple):
    """A read of a table by constant keys."""

    steps: tuple[Step, ...]
    """The keys that are left after the last table."""
    value: Any
    is_there: bool


def _table(chain: Chain, space: Any) -> tuple[Any, tuple[str, ...]] | None:
    """Look up a global that may be a table, with the attributes that are read from it."""
    root = chain.root
    if space is None or chain.imported is not None or root.startswith("__"):
        return None
    if root not in space.cells and root not in space.names:
        return None
    value, rest = looked_up(root, space), chain.attributes
    while issubclass(type(value), types.ModuleType):  # `isinstance` may ask the object, and run code
        if not rest or not is_project(value) or rest[0] not in vars(value):
            return None
        value, rest = vars(value)[rest[0]], rest[1:]
    return value, rest


def _read(table: Any, steps: tuple[Step, ...]) -> _Read | None:
    """Follow constant keys into tables, as far as these are plain; None if the whole is used."""
    value, taken = table, 0
    if steps and steps[-1][0] == "get" and steps[-2:-1] == (("attribute", "get"),):
        steps = (*steps[:-2], steps[-1])
    for kind, key in steps:
        inner = _attribute(value, str(key)) if kind == "attribute" else _item(value, key, kind)
        if inner is None:
            break
        taken += 1
        [value] = inner
        if value is _MISSING:
            return _Read(steps[taken:], None, is_there=False)
    return _Read(steps[taken:], value, is_there=True) if taken else None


def _item(table: Any, key: str | int, kind: str) -> tuple[Any] | None:
    if type(table) is types.MappingProxyType or type(table) in (dict, collections.OrderedDict):
        return (table.get(key, _MISSING),)
    if type(table) in (list, tuple) and kind == "item" and type(key) is int:
        return (table[key] if -len(table) <= key < len(table) else _MISSING,)
    return None


def _attribute(value: Any, name: str) -> tuple[Any] | None:
    """Give an attribute that is plain data: no code of the user runs to read it."""
    kind = type(value)
    if issubclass(kind, type):
        own = vars(value).get(name, _MISSING) if kind is type else _MISSING
        return (own,) if type(own) in _SCALARS else None
    is_namespace = type_name(kind) in NAMESPACES
    is_plain = is_namespace or getattr(kind, "__getattribute__", None) is object.__getattribute__
    if not is_plain or name.startswith("__"):
        return None
    member = next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), _MISSING)
    if isinstance(member, types.MemberDescriptorType) or type(member).__name__ == "_tuplegetter":
        inner = getattr(value, name, _MISSING)
        return None if inner is _MISSING else (inner,)
    own = vars(value) if is_namespace else state_of(value)
    has_descriptor = member is not _MISSING and hasattr(type(member), "__set__")
    return (own[name],) if name in own and not has_descriptor else None


def _replaced(own: Any, entries: Mapping[int, Any]) -> Any:
    """Copy a node's own content, with other entries for its parts."""
    if id(own) in entries:
        return entries[id(own)]
    return [_replaced(each, entries) for each in own] if type(own) is list else own
