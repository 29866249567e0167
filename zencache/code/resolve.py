"""Resolves names from outside that a live piece of code uses."""

from __future__ import annotations

import builtins
import logging
import sys
import types
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zencache.code.content import OpaqueError, short
from zencache.code.digest_graph import Node
from zencache.code.module_origin import code_root
from zencache.code.namespaces import (
    Space,
    entries_of,
    is_only_changed,
    is_project,
    library_name,
    looked_up,
    origin_of,
)
from zencache.code.step_effects import original_of
from zencache.model.secrets import seal_of_process
from zencache.model.types import type_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zencache.code.ast_shape import Chain, Part
    from zencache.code.static import Found, StaticReach

_BY_NAME = frozenset({"__builtins__", "__spec__", "__loader__", "__path__", "__cached__", "__annotations__"})
_MISSING = object()
_LOGGERS = (logging.Logger, logging.RootLogger)
_OF_LOGGERS = (("level",), ("disabled",))
"""What code may ask of a logger without a call; else its content does not count."""


@dataclass
class Resolver(ABC):
    """Looks up names; `visit` follows the objects."""

    aspects: frozenset[str] = frozenset()
    """The aspects of code that other code inspects, so that they count: docstrings, text, place."""
    seal: Callable[[Any], str] = seal_of_process
    """Gives the digest that represents a secret that code reads."""
    static: StaticReach = field(init=False)
    root_folder: Path | None = field(init=False, default=None)
    """The folder of the project that the current module belongs to."""

    @abstractmethod
    def visit(self, value: Any) -> Node:
        """Give the node of any object; raises OpaqueError if its content cannot be read."""

    @abstractmethod
    def whole(self, module: types.ModuleType) -> Node:
        """Include all of a module, because it is used as a value."""

    def part(self, part: Part, space: Space, *, lenient: bool) -> list[Found]:
        """Resolve all names that a part takes from outside."""
        return [
            self._entries(part, number, space, lenient=lenient) or self.resolve(chain, space, lenient=lenient)
            for number, chain in enumerate(part.chains)
        ]

    def _entries(self, part: Part, number: int, space: Space, *, lenient: bool) -> Found | None:
        """Follow only the entries of a table that are read by constant keys: `CONFIG["lr"]`, `ARGS.lr`."""
        entries = entries_of(part, number, space)
        if entries is None:
            return None
        refs = []
        for key, value in entries.values.items():
            name = f"{entries.table}.{key}" if entries.is_attribute else f"{entries.table}[{key!r}]"
            refs.append(self._named(name, value, entries.space, lenient=lenient))
        if entries.is_attribute:
            return refs[0], entries.rest
        return Node("entries", [list(entries.values), list(entries.missing)], refs), ()

    def resolve(self, chain: Chain, space: Space, *, lenient: bool = False) -> Found:  # noqa: PLR0911 - one line a kind
        """Find the object of a name from outside.

        `lenient` says whether an unreadable value may pass; otherwise no result computed with it is reused.
        """
        if chain.imported is not None:
            if chain.effects:
                return self.static.effects(chain.imported, space.package), ()
            return self.static.imported(chain.imported, space.package, chain.attributes)
        if chain.root in _BY_NAME:
            return Node("undefined", chain.root), chain.attributes
        if chain.root not in space.cells and chain.root not in space.names:
            return self._undefined(chain)
        value = looked_up(chain.root, space)
        if chain.changed and is_only_changed(value, chain):
            return Node("changed", type_name(type(value))), chain.attributes
        if type(value) in _LOGGERS and chain.attributes[:1] in _OF_LOGGERS:
            name = chain.attributes[0]
            return self._named(f"{chain.root}.{name}", vars(value)[name], space, lenient=lenient), ()
        if issubclass(type(value), types.ModuleType) and (chain.attributes or not is_project(value)):
            return self._through_module(value, chain.attributes)
        return self._named(chain.root, value, space, lenient=lenient), chain.attributes

    def live_name(self, module: types.ModuleType, name: str) -> Node:
        """Follow the present value of a name in an imported module."""
        return self._named(name, vars(module)[name], Space(vars(module)), lenient=False)

    def _undefined(self, chain: Chain) -> Found:
        value = getattr(builtins, chain.root, _MISSING)
        if value is _MISSING:
            return Node("undefined", chain.root), chain.attributes
        return self._in_library(builtins, chain.root, value, chain.attributes)

    def _through_module(self, module: types.ModuleType, rest: tuple[str, ...]) -> Found:
        """Follow `module.attribute.attribute` through live modules."""
        while rest:
            name = rest[0]
            if name in ("__dict__", "__getattr__") and is_project(module):
                return self.whole(module), rest
            inside = vars(module)
            value: Any = inside[name] if name in inside else getattr(module, name, _MISSING)
            if value is _MISSING:
                return self.static.find(module.__name__, rest)
            rest = rest[1:]
            if not issubclass(type(value), types.ModuleType):
                if is_project(module):
                    return self._named(name, value, Space(inside), lenient=False), rest
                return self._in_library(module, name, value, rest)
            module = value
        return self.whole(module), ()

    def _in_library(self, module: types.ModuleType, name: str, value: Any, rest: tuple[str, ...]) -> Found:
        if module is sys and name == "argv":
            return self.visit(sys.argv[1:]), rest
        value = original_of(value)
        if isinstance(value, types.FunctionType) and origin_of(value) == "project":  # put there by the user
            return self.visit(value), rest
        if isinstance(value, type) and library_name(value):
            return self.visit(value), rest
        dotted = library_name(value) or f"{module.__name__}.{name}"
        node = self.static.library(dotted, module.__name__)
        return node, rest

    def _named(self, name: str, value: Any, space: Space, *, lenient: bool) -> Node:
        self.root_folder = code_root(space.file, space.module)
        if lenient:
            return self.or_opaque(value)
        kind = "closed-over" if name in space.cells else "global"
        try:
            node = self.visit(value)
        except OpaqueError as error:
            return self.unknown(f"{kind} {name} in {space.where}", error)
        if node.kind in ("value", "method", "object") and not node.label:
            node.label = f"{kind} {name} in {space.where}"
            node.text = node.text or short(value)
        return node

    def or_unknown(self, value: Any, what: str) -> Node:
        """Follow a value; if its content cannot be read, no result computed with it may be reused."""
        try:
            return self.visit(value)
        except OpaqueError as error:
            return self.unknown(what, error)

    def unknown(self, what: str, error: Any) -> Node:
        """Represent a value whose content cannot be read, with advice for the user."""
        kind = error if isinstance(error, OpaqueError) else type_name(type(error))
        return Node(
            "unknown",
            unknown=True,
            doubt=f"{what} holds a {kind}, which cannot be digested, so no result can be reused; "
            'make it inside the step, or say CachePolicy(code="function")',
        )

    def or_opaque(self, value: Any) -> Node:
        """Represent a value by its type, because its content cannot be read."""
        try:
            return self.visit(value)
        except OpaqueError:
            return Node("opaque", type_name(type(value)))
