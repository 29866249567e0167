"""Stores numpy arrays and scalars as `.npy` files."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, Literal

from zencache.errors import MaterializerError
from zencache.materializers.base import Materializer
from zencache.materializers.builtin import check_text
from zencache.model.values import from_text, is_faithful_by_construction, to_text
from zencache.util.hashing import BIG, DigestedFile

if TYPE_CHECKING:
    from pathlib import Path

_MAPPED = 2**20  # bytes from which on a file is mapped


class ArrayMaterializer(Materializer):
    """Arrays of any shape and dtype, as `array.npy` (formats 1.0 to 3.0 of NEP 1).

    An array of Python objects has `objects.json` instead: their text, if they are plain values.
    """

    def save(self, value: Any, folder: Path) -> None:
        """Write `array.npy`; raises MaterializerError for a dtype that would come back as another."""
        import numpy as np  # noqa: PLC0415 - the core is imported without numpy

        if value.dtype == np.dtype(object) and not isinstance(value, np.generic):
            _save_objects(value, folder / _OBJECTS)
            return
        _check_dtype(value.dtype)
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

    def check(self, value: Any, folder: Path) -> None:
        """Compare the type of a scalar; an array's dtype was compared before it was written."""
        import numpy as np  # noqa: PLC0415 - the core is imported without numpy

        if isinstance(value, np.generic) and type(back := self.load(folder)) is not type(value):
            raise MaterializerError(
                f"this {type(value).__name__} would come back as {type(back).__name__}; return an array"
            )

    def load(self, folder: Path) -> Any:
        """Read `array.npy`; a large one is mapped, so that only what is used is read.

        What is written into a mapped array stays in memory: the file does not change.
        """
        import numpy as np  # noqa: PLC0415 - the core is imported without numpy

        if (folder / _OBJECTS).exists():
            return _load_objects(folder / _OBJECTS)
        file = folder / "array.npy"
        mode: Literal["c"] | None = "c" if file.stat().st_size >= _MAPPED else None
        array = np.asarray(np.load(file, mmap_mode=mode, allow_pickle=False))
        return array[()] if (folder / "scalar").exists() else array


class ArraySubclassMaterializer(ArrayMaterializer):
    """Masked arrays, matrices, record arrays and mapped arrays: an array, and its class in `class.json`.

    A masked array has its mask in `mask.npy`, and its fill value in `fill.npy` if it was set.
    """

    def save(self, value: Any, folder: Path) -> None:
        """Write the array and its class."""
        import numpy as np  # noqa: PLC0415 - the core is imported without numpy

        notes: dict[str, Any] = {"class": type(value).__name__}
        if getattr(value, "__dict__", {}).keys() - _OWN_OF_MASKED - _OWN_OF_OTHERS:
            raise MaterializerError(
                f"attributes that were added to this {type(value).__name__} are not stored; return them as "
                "an output of their own"
            )
        if isinstance(value, np.ma.MaskedArray):
            data, mask, fill = value.data, value.mask, vars(value)["_fill_value"]  # None: not set
            notes |= {"hard": bool(value.hardmask), "no mask": mask is np.ma.nomask}
            if type(data) is not np.ndarray or data.dtype.hasobject:
                raise MaterializerError("a masked array of another array than a plain one is not stored")
            for name, part in (("mask.npy", mask), ("fill.npy", fill)):
                if part is not None and part is not np.ma.nomask:
                    np.save(folder / name, np.asarray(part), allow_pickle=False)
            super().save(data, folder)
        else:
            super().save(np.asarray(value).view(_plain_dtype(value)), folder)
        (folder / _CLASS).write_text(json.dumps(notes), encoding="ascii")

    def check(self, value: Any, folder: Path) -> None:
        """Compare class and dtype; the data is what numpy wrote."""
        back = self.load(folder)
        if type(back) is not type(value) or back.dtype != value.dtype or back.shape != value.shape:
            raise MaterializerError(
                f"this {type(value).__name__} of {value.dtype} would come back as a {type(back).__name__} "
                f"of {back.dtype}; return np.asarray(value)"
            )

    def load(self, folder: Path) -> Any:
        """Read the array as its class."""
        import numpy as np  # noqa: PLC0415 - the core is imported without numpy

        notes = json.loads((folder / _CLASS).read_text(encoding="ascii"))
        if notes["class"] == "memmap":
            return np.load(folder / "array.npy", mmap_mode="c", allow_pickle=False)
        array = super().load(folder)
        if notes["class"] == "matrix":
            return array.view(np.matrix)
        if notes["class"] == "recarray":
            return array.view(np.recarray)
        mask = np.ma.nomask if notes["no mask"] else np.load(folder / "mask.npy", allow_pickle=False)
        masked: Any = np.ma.MaskedArray(array, mask=mask, hard_mask=notes["hard"])  # type: ignore[no-untyped-call]
        if (folder / "fill.npy").exists():
            masked._fill_value = np.load(folder / "fill.npy", allow_pickle=False)  # noqa: SLF001 - as it was
        return masked


_OBJECTS = "objects.json"
_CLASS = "class.json"
_OWN_OF_MASKED = {
    *("_mask", "_sharedmask", "_hardmask", "_fill_value"),
    *("_basedict", "_optinfo", "_isfield", "_baseclass"),
}
_OWN_OF_OTHERS = {"_getitem", "_mmap", "offset", "mode", "filename"}


def _plain_dtype(value: Any) -> Any:
    """Give the dtype of a record array as that of a plain array."""
    import numpy as np  # noqa: PLC0415 - the core is imported without numpy

    return np.dtype((np.void, value.dtype)) if value.dtype.type is np.record else value.dtype


def _save_objects(value: Any, path: Path) -> None:
    flat = value.ravel(order="C").tolist()
    try:
        text = to_text([list(value.shape), flat])
        if not is_faithful_by_construction(text):
            check_text([list(value.shape), flat], text)
    except Exception as error:
        raise MaterializerError(
            f"an array of these Python objects cannot be stored without pickle ({error}); "
            "give it a dtype (`array.astype(str)`, say) or return a list"
        ) from error
    path.write_text(text, encoding="ascii")


def _load_objects(path: Path) -> Any:
    import numpy as np  # noqa: PLC0415 - the core is imported without numpy

    shape, items = from_text(path.read_text(encoding="ascii"))
    array = np.empty(len(items), dtype=object)
    for number, item in enumerate(items):  # one by one: numpy would turn lists of equal length into a table
        array[number] = item
    return array.reshape(shape)


def _check_dtype(dtype: Any) -> None:
    """Raise MaterializerError for a dtype that numpy's format writes as another."""
    import numpy as np  # noqa: PLC0415 - the core is imported without numpy

    if dtype.hasobject:
        raise MaterializerError(
            "an array with Python objects in a field cannot be stored without pickle; "
            "give each field a dtype, or return the fields as outputs of their own"
        )
    try:
        back = np.lib.format.descr_to_dtype(np.lib.format.dtype_to_descr(dtype))  # type: ignore[no-untyped-call]
    except Exception as error:
        raise MaterializerError(f"numpy's format has no dtype {dtype!r}: {error}") from error
    if back != dtype or bool(dtype.metadata):
        what = "the metadata of its dtype" if back == dtype else f"{dtype!r} as {back!r}"
        raise MaterializerError(f"numpy's format would not keep {what}; convert the array with `astype`")


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
