"""Pickles of equal sets have equal bytes, whatever the hash seed, and load to equal values."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import pytest

from zencache.materializers import canonical_pickle
from zencache.materializers.canonical_pickle import dumps
from zencache.materializers.pickle import PickleMaterializer

VALUE = (
    "{'words': {'a', 'b', 'c', 'd'}, 'nested': [frozenset({('x', 1), ('y', 2), frozenset('pq')})], 'z': 1}"
)


class Holder:
    """An object with a set."""

    def __init__(self, items):
        self.items = items


def saved(value, folder) -> bytes:
    PickleMaterializer().save(value, folder)
    return (folder / "value.pkl").read_bytes()


def pickled_with_seed(seed: str) -> bytes:
    code = f"import sys; from zencache.materializers.canonical_pickle import dumps; sys.stdout.buffer.write(dumps({VALUE}, id))"
    environ = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run([sys.executable, "-c", code], env=environ, check=True, capture_output=True).stdout


class Fresh:
    """An object that makes a new set whenever it is pickled."""

    def __init__(self, depth, calls):
        self.depth, self.calls = depth, calls

    def __reduce__(self):
        self.calls.append(1)
        return frozenset, ({Fresh(self.depth - 1, self.calls)} if self.depth else set(),)


def test_nested_sets_are_pickled_in_few_steps():
    """An item's own pickle is computed once, however deep it lies."""
    value: frozenset = frozenset({1})
    for number in range(60):
        value = frozenset({value, (number, value)})
    checked: list = []
    written = dumps(value, lambda _: checked.append(1))
    assert dumps(pickle.loads(written or b""), id) == written
    assert len(checked) < 200 * 60


def test_sets_that_are_made_anew_are_given_up(monkeypatch):
    """The order of the items then is the pickler's own."""
    monkeypatch.setattr(canonical_pickle, "_LARGEST", 10_000)
    calls: list = []
    assert dumps(Fresh(40, calls), id) is None
    assert len(calls) < 10_000


def test_another_hash_seed_gives_the_same_bytes():
    """Two processes pickle equal sets alike, nested ones too."""
    assert pickled_with_seed("1") == pickled_with_seed("2")


@pytest.mark.parametrize(
    "value", [{1, "a", None}, [frozenset({1, 2}), {3}], {"k": {("a", 1), ("b", 2)}}, {frozenset({1}): {2.5}}]
)
def test_a_set_loads_as_it_was(value, tmp_path):
    """The stored bytes are a pickle of an equal value."""
    assert pickle.loads(saved(value, tmp_path)) == value
    assert PickleMaterializer().load(tmp_path) == value


def test_shared_objects_stay_shared(tmp_path):
    """An object that a set and a list hold is one object after loading."""
    item = ("a", "b")
    one, (other,) = pickle.loads(saved([item, {item}], tmp_path))
    assert one is other


def test_an_object_in_its_own_set_is_stored(tmp_path):
    """A cycle through a set is left to pickle itself."""
    one = Holder(set())
    one.items.add(one)
    back = pickle.loads(saved(one, tmp_path))
    assert back.items == {back}


@pytest.mark.parametrize("value", [[1, 2.5, "a"], {"b": 1, "a": 2}, Holder([1]), set(), b"\x90\x91"])
def test_a_value_without_items_in_sets_keeps_the_pickle_of_earlier_releases(value, tmp_path):
    """Content digests of other artifacts do not change."""
    assert saved(value, tmp_path) == pickle.dumps(value, 5)


def test_the_order_of_a_mapping_stays():
    """A mapping is not sorted, because code may iterate over it."""
    assert dumps({"b": {1, 2}, "a": 1}, id) != dumps({"a": 1, "b": {1, 2}}, id)
