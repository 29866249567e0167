"""Refuses values of subclasses, for materializers that would load a plain value of the base class."""

from __future__ import annotations

from zencache.errors import MaterializerError
from zencache.model.types import type_name


def require_exact(value: object, *kinds: type, advice: str) -> None:
    """Raise MaterializerError unless the type of `value` is one of `kinds`; `advice` says what to return.

    >>> require_exact(1, int, advice="Return int(value)")
    >>> require_exact(True, int, advice="Return int(value)")
    Traceback (most recent call last):
    zencache.errors.MaterializerError: bool is not stored: it would come back as int. Return int(value)
    """
    if type(value) not in kinds:
        base = next((kind for kind in kinds if isinstance(value, kind)), kinds[0])
        raise MaterializerError(
            f"{type_name(type(value))} is not stored: it would come back as {base.__name__}. {advice}"
        )
