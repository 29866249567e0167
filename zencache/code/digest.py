"""Computes the digest of a step's code: the function and all of the user's own code that it reaches.

`docs/cache-key.md` describes what counts. `closure` follows live objects, and `static` follows the modules
that are imported only when a step runs.
"""

from __future__ import annotations

import copy
import functools
import inspect
import sys
import threading
import types
import uuid
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zencache.code.closure import Reach, make_registrations
from zencache.code.content import OpaqueError
from zencache.code.digest_graph import (
    CODE,
    Either,
    Membership,
    Node,
    ReachedNames,
    Summary,
    deep_digest,
    digest_of,
    names_of_script,
    reachable,
    summarize,
    unit_digest,
)
from zencache.code.module_texts import place_of
from zencache.code.namespaces import classes_of
from zencache.code.static import StaticReach
from zencache.model.secrets import seal_of_process
from zencache.model.types import module_name
from zencache.util.imports import PausedCollection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from zencache.code.covered import Covered
    from zencache.code.reached import Reached
    from zencache.code.source import Text

OWN = "its code"
"""The unit that is the step's function itself."""


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Unit:
    """A named part of the code that a step reaches: a helper, a class, a global, a module."""

    digest: str
    text: str = ""
    """Its source; for a value, a short description."""
    is_value: bool = False
    is_registered: bool = False
    """Whether it is reached only because the import of a module registered it with a library."""


def _reaches_nothing(kind: type) -> bool:  # noqa: ARG001 - stands for a digest without live objects
    return False


@dataclass(frozen=True)
class CodeDigest:
    """The digest of a step's code, and its parts."""

    digest: str
    own: str = ""
    """The digest of the function alone."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Installed distributions that it reaches, with versions."""
    make_units: Callable[[], dict[str, Unit]] = field(default=dict, repr=False, compare=False)
    make_state: Callable[[], dict[str, str]] = field(default=dict, repr=False, compare=False)
    make_covered: Callable[[], Covered | None] = field(default=_nothing, repr=False, compare=False)
    make_reached: Callable[[], Reached | None] = field(default=_nothing, repr=False, compare=False)
    reaches: Callable[[type], bool] = field(default=_reaches_nothing, repr=False, compare=False)
    """Says whether a live class is part of it."""
    doubts: tuple[str, ...] = ()
    """Sentences about code that counts beyond what is used, or that cannot be read."""
    outside: frozenset[str] = frozenset()
    """Dotted names of libraries that it uses."""
    unseeded: tuple[str, ...] = ()
    """Dotted names of random generators that it uses without a seed."""
    place: str = ""
    """Name of the function's file in explanations; for a class-based step, of the class's file."""
    is_inherited: bool = False
    """For a class-based step: whether the function is inherited from a base class in another module."""
    is_known: bool = True
    """Whether the digest covers all code; otherwise it differs from every other digest."""

    @cached_property
    def units(self) -> dict[str, Unit]:
        """Its parts by their names in explanations, computed on demand."""
        return self.make_units()

    def __getstate__(self) -> dict[str, Any]:
        made = {"make_units": dict, "make_state": dict, "make_covered": _nothing}
        reaches = ReachedNames(names_of_script(self.reaches))
        made |= {"make_reached": _nothing, "reached": None, "reaches": reaches}
        return {**vars(self), "units": self.units, **made}

    @cached_property
    def state(self) -> dict[str, str]:
        """The state of values in memory that the code reaches, by their names in explanations."""
        return self.make_state()

    @cached_property
    def covered(self) -> Covered | None:
        """The code objects whose definitions it holds; None if that is not known."""
        return self.make_covered()

    @cached_property
    def reached(self) -> Reached | None:
        """The functions and statements that the code reaches; None if that is not known."""
        return self.make_reached()

    def or_snapshot(self, taken: CodeDigest | None) -> CodeDigest:
        """Give the digest of a snapshot, if the code that it uses from other modules is unchanged.

        A snapshot holds the code of a script by value, without some names that only declare things. It uses
        the current code of other modules, which may have been edited since.
        """
        if taken is None:
            return self
        same = self.packages == taken.packages and _outside_of(self, taken) == _outside_of(taken, taken)
        if not same:
            return self
        digest = taken.covering(self)
        vars(digest)["reaches"] = Either(self.reaches, taken.reaches)
        return digest

    def covering(self, other: CodeDigest) -> CodeDigest:
        """Give this digest with the covered code of another one, of the same code."""
        digest = copy.copy(self)
        vars(digest).update(covered=other.covered, reaches=other.reaches)
        return digest


def _outside_of(code: CodeDigest, taken: CodeDigest) -> dict[str, str]:
    """Give the pieces of a step's code that its snapshot does not hold by value.

    A function by value has no module, so what the script's modules registered is not known for it.
    """
    inside = (f" in {taken.place}", *(() if taken.is_inherited else (OWN,)))
    units = {name: unit for name, unit in code.units.items() if not unit.is_registered}
    return {name: unit.digest for name, unit in units.items() if not name.endswith(inside)}


class CodeReader:
    """Digests the code of several steps at one moment; shared code is followed once.

    >>> def scale(x):
    ...     return 2 * x
    >>> def work(x):
    ...     return scale(x) + 1
    >>> code = CodeReader().of(work)
    >>> list(code.units)[:1], code.digest == CodeReader().of(work).digest
    (['its code'], True)
    """

    def __init__(self, seal: Callable[[Any], str] = seal_of_process) -> None:
        """Make a reader; `seal` gives the digest that represents a secret that the code reaches."""
        self._seal = seal
        self._lock = threading.RLock()
        self._reaches: dict[frozenset[str], Reach] = {}
        self._of_methods: list[Reach] = []
        self._classes: dict[str, str | None] = {}
        self._functions: dict[int, tuple[Callable[..., Any], CodeDigest]] = {}
        self._registrations = functools.cache(make_registrations)

    def of(self, function: Callable[..., Any]) -> CodeDigest:
        """Digest a function and all that it reaches."""
        with self._lock, PausedCollection():  # a graph is large, and nothing of it is garbage
            _, cached = self._functions.get(id(function), (None, None))
            digest = cached or self._of(function)
            if digest.is_known:  # kept beside its digest, so that no other function gets its id
                self._functions[id(function)] = (function, digest)
            return digest

    def _of(self, function: Callable[..., Any]) -> CodeDigest:
        aspects: frozenset[str] = frozenset()
        while True:
            root = self._root(function, aspects)
            summary = summarize(root)
            reflects = summary.reflects
            if not reflects >= {"names", "step"}:  # no object with a name is a step
                reflects -= {"names", "step"}
            if reflects <= aspects:
                place, is_inherited = _place(function), _is_inherited(function)
                reaches = (*self._reaches.values(), *self._of_methods)
                covered = functools.partial(_covered, function, root, reaches)
                digest = _digested(root, summary, place, is_inherited=is_inherited, covered=covered)
                reached = functools.partial(_reached, root, reaches)
                membership = self._membership(function, root, aspects)
                return replace(digest, make_reached=reached, reaches=membership)
            aspects |= reflects

    def _membership(self, function: Any, root: Node, aspects: frozenset[str]) -> Callable[[type], bool]:
        """Make the function that says whether a class is among what a step reaches."""
        has_own = isinstance(function, types.MethodType) and self._of_methods
        reach = self._of_methods[-1] if has_own else self._reach(aspects)
        return Membership(reach.visit, reach.met, root)

    def of_component(
        self,
        identity: Sequence[str],
        objects: Sequence[Any],
        functions: Sequence[tuple[str, str]],
        folder: Path | None,
        packages: Mapping[str, str],
    ) -> CodeDigest:
        """Digest the code of a component: live functions and classes, and functions of modules by name.

        `functions` are pairs of a module and a name in it, "" for all of the module. Modules in `folder` take
        precedence, and are read, not imported. `packages` are the distributions of the rest.
        """
        with self._lock:
            reach, static = self._reach(frozenset()), StaticReach(folder=folder)
            nodes = [static.find(module, (name,) if name else ()) for module, name in functions]
            static.drain()
            named = [node for node, _ in nodes if node.kind != "undefined"]
            whole = [static.find(functions[0][0], ())[0]] if functions and not named else []
            static.drain()
            refs = [*(reach.followed(each) for each in objects), *named, *whole]
            root = Node("component", own=list(identity), refs=refs, packages=tuple(sorted(packages.items())))
            return _digested(root, summarize(root), "")

    def modules(self) -> dict[str, Text]:
        """Give the texts of modules that were followed without being imported, by file."""
        reaches = (*self._reaches.values(), *self._of_methods)
        return {module.file: module.text for reach in reaches for module in reach.static.modules()}

    def of_class(self, name: str) -> str | None:
        """Digest a class of the project by its qualified name, `module.Class`; None for a library's class.

        It is always read from its module's text, so the digest does not depend on whether it is imported.
        """
        with self._lock:
            if name not in self._classes:
                self._classes[name] = self._of_class(name)
            return self._classes[name]

    def of_values(self, values: Iterable[Any], code: CodeDigest) -> dict[str, str]:
        """Digest the project's classes that plain values name at any depth, and that code does not reach."""
        with self._lock:
            kinds = [kind for kind in classes_of(values) if not code.reaches(kind)]
            names = [f"{module_name(kind.__module__)}:{kind.__qualname__}" for kind in kinds]
            nodes = [self._reach(frozenset()).followed(kind) for kind in kinds]
            return {name: deep_digest(node) for name, node in zip(names, nodes, strict=True)}

    def _of_class(self, name: str) -> str | None:
        parts = _split(name)
        if parts is None:
            return None
        module, attributes = parts
        reach = self._reach(frozenset())
        if module in ("__main__", module_name("__main__")):
            value: Any = sys.modules["__main__"]
            for attribute in attributes:
                value = getattr(value, attribute, None)
            return deep_digest(reach.followed(value)) if isinstance(value, type) else None
        node, _ = reach.static.find(module, attributes)
        reach.static.drain()
        return None if node.kind in ("library", "undefined", "missing") else deep_digest(node)

    def _reach(self, aspects: frozenset[str]) -> Reach:
        return self._reaches.setdefault(
            aspects, Reach(aspects, self._seal, find_registrations=self._registrations)
        )

    def _root(self, function: Callable[..., Any], aspects: frozenset[str]) -> Node:
        if isinstance(function, types.MethodType) and isinstance(function.__func__, types.FunctionType):
            # The method is a root here, and elsewhere a member of its class.
            alone = Reach(aspects, self._seal, find_registrations=self._registrations)
            self._of_methods.append(alone)
            return alone.root_of_class(function, OWN)
        reach = self._reach(aspects)
        if isinstance(function, types.FunctionType):
            return reach.root(function)
        try:
            return Node("function", refs=[reach.followed(function)], text=_source(function))
        except OpaqueError as error:
            return Node("unknown", unknown=True, doubt=f"the function is a {error}, which cannot be digested")


def _split(name: str) -> tuple[str, tuple[str, ...]] | None:
    """Split `module.Class` or `module:Class`; None for a built-in, a type in brackets, and the like."""
    if ":" in name:
        module, _, qualname = name.partition(":")
        return module, tuple(qualname.split("."))
    parts = name.split(".")
    if len(parts) == 1 or not all(part.isidentifier() for part in parts):
        return None
    cut = next((n for n, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    return ".".join(parts[:cut]), tuple(parts[cut:])


def _source(function: Any) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


def _place(function: Any) -> str:
    names = getattr(inspect.unwrap(function), "__globals__", {})
    if isinstance(function, types.MethodType):  # it may be inherited from another module
        names = vars(sys.modules.get(type(function.__self__).__module__, sys))
    return place_of(str(names.get("__name__", "")), names.get("__file__"))


def _is_inherited(function: Any) -> bool:
    is_method = isinstance(function, types.MethodType)
    return is_method and type(function.__self__).__module__ != function.__module__


def importable_names(function: Any) -> dict[str, Any]:
    """Give the globals of a function that other processes can import: modules, classes, functions."""
    names: dict[str, Any] = getattr(function, "__globals__", {})
    return {
        name: value for name, value in names.items() if not name.startswith("__") and _is_importable(value)
    }


def _is_importable(value: Any) -> bool:
    if isinstance(value, types.ModuleType):
        return value.__name__ in sys.modules and value.__name__ != "__main__"
    target: Any = sys.modules.get(str(getattr(value, "__module__", None)))
    if target is None or target.__name__ == "__main__" or not isinstance(value, type | types.FunctionType):
        return False
    for name in value.__qualname__.split("."):
        target = getattr(target, name, None)
    return target is value


def _reached(root: Node, reaches: Sequence[Reach]) -> Reached:
    from zencache.code.reached import Reached  # noqa: PLC0415 - only a step that runs needs it

    return Reached.of(root, [met for reach in reaches for met in list(reach.met())])


def _covered(function: Callable[..., Any], root: Node, reaches: Sequence[Reach]) -> Covered:
    from zencache.code.covered import Covered  # noqa: PLC0415 - only a step that runs needs it

    return Covered.of(function, root, reaches)


def _digested(
    root: Node,
    summary: Summary,
    place: str,
    *,
    is_inherited: bool = False,
    covered: Callable[[], Covered | None] = _nothing,
) -> CodeDigest:
    return CodeDigest(
        digest=uuid.uuid4().hex if summary.unknown else deep_digest(root),
        own=digest_of([root.kind, root.own]),
        packages=dict(sorted(summary.packages)),
        make_units=lambda: dict(_units(root)),
        make_state=lambda: dict(_state(root)),
        make_covered=covered,
        doubts=summary.doubts,
        outside=summary.outside,
        unseeded=tuple(sorted(summary.unseeded)),
        place=place,
        is_inherited=is_inherited,
        is_known=not summary.unknown,
    )


def _state(root: Node) -> Iterator[tuple[str, str]]:
    for node in reachable(root):
        if node.label and node.kind not in CODE:
            yield node.label, unit_digest(node) + node.kept


def _units(root: Node) -> Iterator[tuple[str, Unit]]:
    yield OWN, Unit(unit_digest(root), root.text)
    taken: dict[str, list[str]] = {}
    own = set(map(id, reachable(root, without="registered")))
    for node in reachable(root):
        digest = unit_digest(node) if node.label else ""
        digests = taken.setdefault(node.label, [])
        if digest and digest not in digests:
            digests.append(digest)
            suffix = f" ({len(digests)})" if len(digests) > 1 else ""
            yield node.label + suffix, Unit(digest, node.text, node.kind not in CODE, id(node) not in own)
