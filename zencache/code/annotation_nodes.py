"""Represents what a step's annotations mean, however they are spelt, as `Optional[int]` or `int | None`."""

from __future__ import annotations

import inspect
import types
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from zencache.code.digest_graph import Node

if TYPE_CHECKING:
    from collections.abc import Callable

_UNIONS = (Union, types.UnionType)


def annotation_nodes(function: Callable[..., Any], visit: Callable[[Any], Node]) -> dict[str, Node] | None:
    """Give the node of each annotation of a function; None if one has no other spelling that is known.

    `visit` gives the node of a class.
    """
    try:
        hints = get_type_hints(inspect.unwrap(function), include_extras=True)
        return {name: _node(hint, visit) for name, hint in hints.items()}
    except Exception:  # noqa: BLE001 - an annotation may be any expression
        return None


def _node(hint: Any, visit: Callable[[Any], Node]) -> Node:
    if hint is None or hint is type(None) or hint is Any or hint is ...:
        return Node("annotation", "None" if hint is None or hint is type(None) else repr(hint))
    if isinstance(hint, list):
        return Node("annotation", "list", [_node(each, visit) for each in hint])
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return Node("annotation", ["literal", [[type(each).__name__, repr(each)] for each in arguments]])
    if origin in _UNIONS:
        members = [each for each in arguments if each is not type(None)]
        members += [type(None)] * (len(arguments) - len(members))
        return Node("annotation", "union", [_node(each, visit) for each in members])
    if origin is not None and isinstance(origin, type):
        return Node("annotation", "generic", [visit(origin), *(_node(each, visit) for each in arguments)])
    if isinstance(hint, type):
        return Node("annotation", "class", [visit(hint)])
    raise TypeError(hint)
