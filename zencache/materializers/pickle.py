"""Stores values by pickle, for projects that opt in.

Opt in with `allow_pickle = true` in a project's settings, or with `register(MyType)(PickleMaterializer)`.

Loading a pickle runs code, and equal values need not have equal pickles, so it is off by default.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, ClassVar

from zencache.errors import MaterializerError
from zencache.materializers.base import Materializer
from zencache.model.secrets import is_secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FILE = "value.pkl"


def check_no_secret(value: Any) -> None:
    """Raise MaterializerError for a secret among what is pickled."""
    if is_secret(value):
        raise MaterializerError(
            f"it holds a {type(value).__name__}, a secret, which is never stored; "
            "give it as a parameter to each step that needs it, and return what is made with it"
        )


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        check_no_secret(obj)
        return NotImplemented


class PickleMaterializer(Materializer):
    """Any picklable value as `value.pkl`, protocol 5; the order of sets does not depend on the process."""

    runs_code: ClassVar[bool] = True

    def save(self, value: Any, folder: Path) -> None:
        """Write `value.pkl`."""
        from zencache.materializers import canonical_pickle  # noqa: PLC0415 - only what is stored needs it

        with (folder / _FILE).open("w+b") as file:
            try:
                _Pickler(file, protocol=5).dump(value)
            except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
                raise MaterializerError(f"this {type(value).__name__} cannot be pickled: {error}") from error
            file.seek(0)
            if not canonical_pickle.has_sets(file):
                return
            data = canonical_pickle.dumps(value, check_no_secret)
        if data is not None:
            (folder / _FILE).write_bytes(data)

    def check(self, value: Any, folder: Path) -> None:
        """Load the pickle again; a class may pickle what it cannot load, or load another value."""
        if type(self).load is not PickleMaterializer.load:
            return
        from zencache.materializers.comparison import difference  # noqa: PLC0415 - only what is stored needs it

        try:
            back = self.load(folder)
        except Exception as error:
            raise MaterializerError(f"its pickle cannot be loaded: {error}") from error
        if (found := difference(value, back)) is not None:
            raise MaterializerError(f"its pickle would be loaded as another value: {found}")

    def load(self, folder: Path) -> Any:
        """Read `value.pkl`."""
        with (folder / _FILE).open("rb") as file:
            return pickle.load(file)  # noqa: S301 - opted in, see the module's docstring

    def load_checked(self, files: Mapping[str, bytes]) -> Any:
        """Read `value.pkl` from memory; a subclass that loads in its own way does so."""
        if type(self).load is not PickleMaterializer.load:
            return super().load_checked(files)
        return pickle.loads(files[_FILE])  # noqa: S301 - likewise
