"""Pickle, for those who opt in: `allow_pickle = true` in a project's settings, or `register(MyType)(PickleMaterializer)`.

Loading a pickle runs code, and equal values need not have equal pickles; so it is off by default.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from zencache.materializers.base import Materializer

if TYPE_CHECKING:
    from pathlib import Path


class PickleMaterializer(Materializer):
    """Any picklable value as `value.pkl`, protocol 5."""

    def save(self, value: Any, folder: Path) -> None:
        """Write `value.pkl`."""
        with (folder / "value.pkl").open("wb") as file:
            pickle.dump(value, file, protocol=5)

    def load(self, folder: Path) -> Any:
        """Read `value.pkl`."""
        with (folder / "value.pkl").open("rb") as file:
            return pickle.load(file)  # noqa: S301 - opted in, see the module's docstring
