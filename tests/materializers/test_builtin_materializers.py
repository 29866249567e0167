"""Python's own types and numpy's come back whole; the registry finds who stores what."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel

from zencache import Materializer, register
from zencache.artifacts.manifest import content_digest
from zencache.artifacts.staging import write_artifact
from zencache.errors import MaterializerError
from zencache.materializers import find, load_materializer
from zencache.materializers.builtin import (
    BytesMaterializer,
    PathMaterializer,
    PlainMaterializer,
    TextMaterializer,
)
from zencache.materializers.numpy import ArrayMaterializer
from zencache.materializers.pickle import PickleMaterializer
from zencache.materializers.registry import PICKLE, advice, find_for_value
from zencache.testing import MaterializerContract


class Colour(enum.Enum):
    RED = "red"


class Model(BaseModel):
    rate: float


@dataclasses.dataclass(frozen=True)
class Point:
    x: int


class TestPlain(MaterializerContract):
    """Numbers, containers, dates, enums, models and dataclasses."""

    materializer = PlainMaterializer()
    types = [int, float, bool, type(None), list, dict, tuple, set, datetime.datetime, Colour, Model, Point]
    values = [
        *(1, 1.0, True, None, 1j, [1, [2.5]], (1, "a"), {"b": 1, "a": 2}, {"a": 2, "b": 1}, {1: "x"}, {1, 2}),
        *(datetime.datetime(2024, 1, 2, 3), datetime.date(2024, 1, 2), Colour.RED, Model(rate=0.1), Point(3)),
    ]


class TestText(MaterializerContract):
    """Line ends, lone surrogates and other alphabets stay."""

    materializer = TextMaterializer()
    types = [str]
    values = ["", "a\r\nb\n", "é漢🎉", "\ud800"]


class TestBytes(MaterializerContract):
    """Bytes stay."""

    materializer = BytesMaterializer()
    types = [bytes]
    values = [b"", b"\x00\xff"]


class TestArrays(MaterializerContract):
    """Arrays and scalars keep dtype, shape and order."""

    materializer = ArrayMaterializer()
    types = [np.ndarray, np.float64]
    values = [
        np.zeros((2, 0)),
        np.arange(6).reshape(2, 3),
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array(["a", "bc"]),
        np.array([1, 2], dtype=[("a", "i4"), ("b", "f8")][0][1]),
        np.array("2024-01-01", dtype="datetime64[D]"),
        np.float32(1.5),
    ]

    def equal(self, left, right):
        return left.dtype == right.dtype and np.array_equal(left, right)


def test_a_large_array_is_mapped_and_its_file_stays(tmp_path):
    """Nothing is read before it is used, and what is written into the array changes the array alone."""
    array = np.arange(2**18, dtype=np.float64)
    made = ArrayMaterializer()
    made.save(array, tmp_path)
    digest = content_digest(tmp_path)
    loaded = made.load(tmp_path)
    assert type(loaded) is np.ndarray
    assert isinstance(loaded.base, np.memmap)
    loaded += 1
    assert (loaded == array + 1).all()
    assert content_digest(tmp_path) == digest
    assert (made.load(tmp_path) == array).all()


LARGE = 16 * 2**20 // 8
TABLE = np.dtype([("a", "<i4"), ("b", "S4")])


@pytest.mark.parametrize(
    "array",
    [
        np.arange(LARGE, dtype=np.float64),
        np.arange(LARGE, dtype=">i8").reshape(2, -1),
        np.asfortranarray(np.arange(LARGE, dtype=np.float64).reshape(4, -1)),
        np.arange(2 * LARGE)[::2],
        np.arange(LARGE).astype("M8[s]"),
        np.zeros(LARGE, dtype=TABLE),
        np.zeros(LARGE, dtype=[("größe", "<i4"), ("β", "<i4")]),
    ],
    ids=["plain", "big-endian", "by columns", "every other", "times", "a table", "names in Greek"],
)
def test_a_large_array_is_stored_as_numpy_stores_it(tmp_path, array):
    """Byte by byte, so that its digest does not depend on how it was written."""
    (tmp_path / "ours").mkdir()
    manifest = write_artifact(tmp_path / "ours", lambda folder: ArrayMaterializer().save(array, folder))
    np.save(tmp_path / "array.npy", array)
    assert (tmp_path / "ours" / "array.npy").read_bytes() == (tmp_path / "array.npy").read_bytes()
    assert manifest.digest == content_digest(tmp_path / "ours")
    loaded = ArrayMaterializer().load(tmp_path / "ours")
    assert loaded.dtype == array.dtype
    assert (loaded == array).all()


def test_an_array_of_objects_needs_a_type(tmp_path):
    """Objects would need pickle."""
    with pytest.raises(MaterializerError, match="give it a dtype"):
        ArrayMaterializer().save(np.array([object()]), tmp_path)


def test_a_file_and_a_folder_are_copied(tmp_path):
    """What a path names is stored under its own name."""
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "a.txt").write_text("a")
    for number, source in enumerate((tmp_path / "data", tmp_path / "data" / "deep" / "a.txt")):
        stored = tmp_path / str(number)
        stored.mkdir()
        PathMaterializer().save(source, stored)
        assert PathMaterializer().load(stored).name == source.name
    with pytest.raises(MaterializerError, match="there is no such file"):
        PathMaterializer().save(tmp_path / "gone", tmp_path)


def test_a_registered_class_wins_and_holds_for_subclasses():
    """The nearest class along the MRO decides."""

    class Celsius(float): ...

    class Body(Celsius): ...

    @register(Celsius)
    class CelsiusMaterializer(Materializer):
        def save(self, value, folder): ...

        def load(self, folder): ...

    path = find(Body).path
    assert path.endswith("CelsiusMaterializer")
    assert isinstance(load_materializer(path), CelsiusMaterializer)


def test_what_nothing_stores_is_explained():
    """The error names the output, the type and the ways out; pickle is one only when allowed."""
    with pytest.raises(
        MaterializerError, match=r"output x is of type object\. No materializer stores it.*allow_pickle"
    ):
        find_for_value(object(), where="output x")
    assert find(object) is None
    assert find(threading_lock_type(), allow_pickle=True).path == PICKLE


def threading_lock_type():
    import threading

    return type(threading.Lock())


def test_a_type_of_an_integration_that_is_missing_names_it(monkeypatch):
    """The error is the command to type."""
    monkeypatch.setattr("zencache.materializers.registry.materializers", dict)

    class DataFrame: ...

    DataFrame.__module__ = "pandas.core.frame"
    assert advice(DataFrame) == "The pandas integration stores it: pip install 'zencache-pipelines[pandas]'."


def test_a_pickle_is_loaded_only_where_that_is_allowed(tmp_path):
    """Loading runs code, so the project must have said so."""
    with pytest.raises(MaterializerError, match="runs code when it is loaded"):
        load_materializer(PICKLE)
    materializer = load_materializer(PICKLE, allow_pickle=True)
    assert isinstance(materializer, PickleMaterializer)
    materializer.save(Path("a"), tmp_path)
    assert materializer.load(tmp_path) == Path("a")
