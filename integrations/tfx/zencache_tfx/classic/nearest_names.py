"""Finds the nearest names for error messages, and normalizes names of Keras and of columns."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """Write the end of an error message about an unknown name: the nearest names, or all.

    >>> nearest("relo", ["relu", "tanh"])
    "; did you mean 'relu'?"
    >>> nearest("x", ["relu", "tanh"])
    '; known: relu, tanh'
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        return f"; did you mean {' or '.join(map(repr, near))}?"
    return f"; known: {', '.join(names)}" if names else ""


def folded(name: str) -> str:
    """Normalize a name, so that `BinaryAccuracy` and `binary_accuracy` are equal.

    >>> folded("BinaryAccuracy") == folded("binary_accuracy")
    True
    """
    return name.replace("_", "").lower()


def to_transformed(column: str) -> str:
    """Name the transformed column, as TFX's own examples do.

    >>> to_transformed("age")
    'age_xf'
    """
    return f"{column}_xf"
