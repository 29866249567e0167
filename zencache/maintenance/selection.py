"""Which results are meant: by step, pipeline, key or age. Nothing here imports ml_metadata."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from zencache.errors import ParameterError

_SHORTEST = 8  # digits of a key that still name one result and not many by chance
_KEY = 64
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Selection:
    """Which results; every part that is given must hold.

    A result belongs to a step or a pipeline that computed it, and to those that reused it.
    """

    step: str | None = None
    """A step's name in a pipeline, or its qualified function name."""
    pipeline: str | None = None
    key: str | None = None
    """A key, or at least its first eight digits."""
    older_than: timedelta | None = None

    def check(self) -> None:
        """Raise ParameterError if this selects nothing, or might select by mistake."""
        if self == Selection():
            raise ParameterError(
                "say which results to drop: give at least one of step, pipeline, key and older_than"
            )
        if self.key is not None and not (_SHORTEST <= len(self.key) <= _KEY and set(self.key) <= _DIGITS):
            raise ParameterError(
                f"{self.key!r} is no key: give at least its first {_SHORTEST} hexadecimal digits "
                "(`zencache explain RUN STEP` shows them)"
            )
        if self.older_than is not None and self.older_than < timedelta(0):
            raise ParameterError(f"older_than is negative: {self.older_than}; give a span such as 7d")
