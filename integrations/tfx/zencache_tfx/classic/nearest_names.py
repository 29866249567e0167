"""Names of columns and options, and the nearest ones for an error."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the end of a sentence about a name that is not known: the nearest ones, or all.

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
    """Fold the spellings of a name into one: `BinaryAccuracy` and `binary_accuracy` are the same.

    >>> folded("BinaryAccuracy") == folded("binary_accuracy")
    True
    """
    return name.replace("_", "").lower()


def to_transformed(column: str) -> str:
    """Name what Transform makes of a column, as TFX's own examples do.

    >>> to_transformed("age")
    'age_xf'
    """
    return f"{column}_xf"
