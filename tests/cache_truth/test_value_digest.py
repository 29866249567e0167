"""Values are told apart by types and content, and by nothing else."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from tests.cache_truth.value_digest import digest


@dataclass
class Node:
    name: str
    inner: list = field(default_factory=list)


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


def looped() -> Node:
    node = Node("a")
    node.inner.append(node)
    return node


VALUES = {
    "an integer": lambda: 1,
    "a float": lambda: 1.0,
    "a truth value": lambda: True,
    "numpy's float": lambda: np.float64(1),
    "a list": lambda: [1, 2],
    "a tuple": lambda: (1, 2),
    "a set": lambda: {"a", "b", "c"},
    "a dict": lambda: {"a": 1, "b": 2},
    "a dict in another order": lambda: {"b": 2, "a": 1},
    "an array": lambda: np.arange(3),
    "an array of floats": lambda: np.arange(3.0),
    "an array of objects": lambda: np.array(["a", None], dtype=object),
    "a frame": lambda: pd.DataFrame({"x": [1, 2]}),
    "a frame with another index": lambda: pd.DataFrame({"x": [1, 2]}, index=[1, 2]),
    "a series": lambda: pd.Series([1, 2], name="x"),
    "an object": lambda: Node("a"),
    "an object that holds itself": looped,
    "an object with slots": lambda: Slotted(1),
    "another with slots": lambda: Slotted(2),
    "a generator": lambda: random.Random(3),
    "a function": lambda: looped,
    "a class": lambda: Node,
}


@pytest.mark.parametrize("name", VALUES)
def test_two_of_one_content_have_one_digest(name):
    """Where an object lies in memory says nothing."""
    assert digest(VALUES[name]()) == digest(VALUES[name]())


def test_all_of_another_type_or_content_differ():
    """Also where Python says that they are equal."""
    assert len({digest(make()) for make in VALUES.values()}) == len(VALUES)
