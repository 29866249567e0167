"""Stores numpy arrays and scalars as `.npy` files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Literal

from zencache.errors import MaterializerError
from zencache.materializers.base import Materializer
from zencache.util.hashing import BIG, DigestedFile

if TYPE_CHECKING:
    from pathlib import Path

_MAPPED = 2**20  # bytes from which on a file is mapped


class ArrayMaterializer(Materializer):
    """Arrays of any shape and any dtype except `object`, as `array.npy` (formats 1.0 to 3.0 of NEP 1)."""

    def save(self, value: Any, folder: Path) -> None:
        """Write `array.npy`."""
        import numpy as np  # noqa: PLC0415 - the core is imported without numpy

        if value.dtype.hasobject:
            raise MaterializerError(
                "an array of Python objects cannot be stored without pickle; "
                "give it a dtype (`array.astype(str)`, say) or return a list"
            )
        array = np.asarray(value)
        header = _header(array) if array.nbytes >= BIG and array.flags.c_contiguous else None
        if header is not None:  # what `write_array` writes, digested on the way
            with DigestedFile(folder / "array.npy") as file:
                file.write(header)
                file.write(array.reshape(-1).view(np.uint8).data)
        else:
            with (folder / "array.npy").open("xb") as file:
                np.lib.format.write_array(file, array, allow_pickle=False)  # type: ignore[no-untyped-call]
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


def _header(array: Any) -> bytes | None:
    """Give the start of an array's file, format 1.0; None for one that needs a later format."""
    import numpy as np  # noqa: PLC0415 - the core is imported without numpy

    start = io.BytesIO()
    form = np.lib.format.header_data_from_array_1_0(array)  # type: ignore[no-untyped-call]
    try:
        np.lib.format.write_array_header_1_0(start, form)  # type: ignore[no-untyped-call]
    except ValueError:  # many fields, or names that are not Latin
        return None
    return start.getvalue()
