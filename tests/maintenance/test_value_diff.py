"""The words for the first difference between two results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from zencache.maintenance.value_diff import first_difference, first_differing_file


@dataclass
class Point:
    x: float
    y: float


class Model(BaseModel):
    sizes: list[int]


NAN = float("nan")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (1, 2, "out: 1 → 2"),
        (1, 1.0, "out: int → float"),
        ([1, [2, 3]], [1, [2, 4]], "out[1][1]: 3 → 4"),
        ([1], [1, 2], "out: 1 elements → 2"),
        ({"a": 1}, {"b": 1}, "out['a'] is gone"),
        ({"a": 1}, {"a": 1, "b": 2}, "out['b'] is new"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "out: the order of its keys"),
        ({1, 2}, {1, 3}, "out: 2 is gone"),
        ("hello", "help", "out[3]: 'l' → 'p' (of 5 characters)"),
        ("ab", "abc", "out: 2 characters → 3"),
        (b"ab", b"aB", "out[1]: 98 → 66 (of 2 bytes)"),
        (Point(1.0, 2.0), Point(1.0, 3.0), "out.y: 2.0 → 3.0"),
        (Model(sizes=[1]), Model(sizes=[2]), "out.sizes[0]: 1 → 2"),
        (np.array([[1, 2], [3, 4]]), np.array([[1, 2], [5, 6]]), "out[1, 0]: 3 → 5 (2 of 4 elements differ)"),
        (np.zeros(2), np.zeros(3), "out: shape (2,) → (3,)"),
        (np.zeros(2), np.zeros(2, int), "out: dtype float64 → int64"),
        (np.array([NAN, 1.0]), np.array([NAN, 2.0]), "out[1]: 1.0 → 2.0 (1 of 2 elements differ)"),
        (np.array(1), np.array(2), "out: 1 → 2 (1 of 1 elements differ)"),
        ({"w": np.array([1])}, {"w": np.array([2])}, "out['w'][0]: 1 → 2 (1 of 1 elements differ)"),
    ],
)
def test_the_first_difference_is_found(old, new, words):
    """Its place, what it was and what it is."""
    assert first_difference(old, new, "out") == words


@pytest.mark.parametrize(
    "value", [1, NAN, [NAN], "a", {"a": (1, {2})}, np.array([NAN]), Point(1, 2), object(), Path("a")]
)
def test_equal_values_have_no_difference(value):
    """NaN is taken for NaN."""
    assert first_difference(value, value, "out") is None


def test_objects_that_show_only_their_address_are_left_to_their_files():
    """An address would say nothing."""
    assert first_difference(object(), object(), "out") is None


def test_frames_name_the_cell():
    """By the labels of its row and column; missing values are equal."""
    old = pd.DataFrame({"a": [1.0, NAN], "b": ["x", "y"]}, index=["r", "s"])
    new = old.copy()
    new.loc["s", "b"] = "z"
    assert first_difference(old, old.copy(), "out") is None
    assert first_difference(old, new, "out") == "out: row 's', column 'b': 'y' → 'z' (1 of 4 cells differ)"
    assert first_difference(old["b"], new["b"], "out").endswith("'y' → 'z' (1 of 2 cells differ)")
    assert first_difference(old, old[["a"]], "out") == "out: columns ['a', 'b'] → ['a']"
    assert first_difference(old, old[:1], "out") == "out: 2 rows → 1"
    assert (
        first_difference(old, old.astype({"a": "float32"}), "out")
        == "out: dtype of column 'a' float64 → float32"
    )


def test_files_name_the_byte(tmp_path):
    """The first file by name that differs, and where; missing and new files too."""
    old, new = tmp_path / "old", tmp_path / "new"
    for side in (old, new):
        (side / "deep").mkdir(parents=True)
        (side / "a").write_bytes(b"same")
        (side / "deep" / "b").write_bytes(b"x" * 3_000_000)
    assert first_differing_file(old, new, "out") is None
    (new / "deep" / "b").write_bytes(b"x" * 2_000_000 + b"y" * 1_000_000)
    assert first_differing_file(old, new, "out") == "out: file deep/b differs from byte 2,000,000 on"
    (new / "deep" / "b").write_bytes(b"x" * 7)
    assert first_differing_file(old, new, "out") == "out: file deep/b differs from byte 7 on"
    (new / "a").unlink()
    assert first_differing_file(old, new, "out") == "out: file a is gone"
    assert first_differing_file(new, old, "out") == "out: file a is new"
