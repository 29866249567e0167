"""numpy arrays and scalars as `.npy` files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from zencache.errors import MaterializerError
from zencache.materializers.base import Materializer

if TYPE_CHECKING:
    from pathlib import Path

_MAPPED = 2**20  # bytes from which on a file is mapped


class ArrayMaterializer(Materializer):
    """Arrays of any shape and of any dtype but `object` as `array.npy`, format 1.0 to 3.0 of numpy's NEP 1."""

    def save(self, value: Any, folder: Path) -> None:
        """Write `array.npy`."""
        import numpy as np  # noqa: PLC0415 - the core is imported without numpy

        if value.dtype.hasobject:
            raise MaterializerError(
                "an array of Python objects cannot be stored without pickle; "
                "give it a dtype (`array.astype(str)`, say) or return a list"
            )
        with (folder / "array.npy").open("wb") as file:
            np.lib.format.write_array(file, np.asarray(value), allow_pickle=False)  # type: ignore[no-untyped-call]
        if isinstance(value, np.generic):
            (folder / "scalar").touch()

    def load(self, folder: Path) -> Any:
        """Read `array.npy`; a large one is mapped, so that only what is used is read.

        What is written into a mapped array stays in memory: the file does not change.
        """
        import numpy as np  # noqa: PLC0415 - the core is imported without numpy

        file = folder / "array.npy"
        mode: Literal["c"] | None = "c" if file.stat().st_size >= _MAPPED else None
        array = np.asarray(np.load(file, mmap_mode=mode, allow_pickle=False))
        return array[()] if (folder / "scalar").exists() else array
