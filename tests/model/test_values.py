"""Plain values keep their types on the way to text and back, and no two share a digest."""

from __future__ import annotations

import enum
import math
from datetime import datetime, time, timedelta, timezone
from pathlib import Path, PureWindowsPath
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretBytes, SecretStr

from tests.strategies import plain_values
from zencache.errors import MaterializerError, ParameterError
from zencache.model.secrets import seal_of_process
from zencache.model.values import canonical_text, digest_of, from_text, to_text


class Colour(enum.Enum):
    RED = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Point(BaseModel):
    x: int
    y: float = 0.0


def same(left, right):
    """Equal, and of equal types all the way down."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return all(same(a, b) for a, b in zip(left.items(), right.items(), strict=True))
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


@given(plain_values)
def test_a_value_comes_back_of_the_same_types(value):
    """from_text(to_text(v)) is v, types and order included."""
    assert same(from_text(to_text(value)), value)


@given(plain_values, plain_values)
def test_unequal_values_have_unequal_digests(left, right):
    """Two values share a digest only if they have the same text but for the order of mappings."""
    if digest_of(left) == digest_of(right):
        assert canonical_text(to_text(left)) == canonical_text(to_text(right))
        assert left == right


@given(plain_values)
def test_the_order_of_a_mapping_is_free(value):
    """A mapping in another order has the same digest."""
    pairs = [("b", value), ("a", 1), (3, value), ((1, 2), 0)]
    assert digest_of(dict(pairs)) == digest_of(dict(reversed(pairs)))


@pytest.mark.parametrize(
    "different",
    [
        ({"a": "1b2", "b": "3"}, {"a": "1", "b": "2b3"}),
        (1, "1"),
        (1, 1.0),
        (1, True),
        (0, False),
        (None, "None"),
        ("", None),
        ([1, 2], (1, 2)),
        ([], {}),
        ({}, set()),
        (set(), frozenset()),
        ([[1], 2], [1, [2]]),
        ([[1, 2]], [1, 2]),
        (0.0, -0.0),
        (b"a", "a"),
        ({"1": 0}, {1: 0}),
        ({"$tuple": [1]}, (1,)),
        ("é", "e\u0301"),
        (float("nan"), "nan"),
        (math.inf, -math.inf),
        (Path("a"), "a"),
        (Colour.RED, 1),
        (Point(x=1), {"x": 1, "y": 0.0}),
        (np.float32(1), np.float64(1)),
        (np.int64(1), 1),
    ],
    ids=repr,
)
def test_values_that_others_confuse_have_different_digests(different):
    """The collision corpus: pairs that share a key in other libraries, and more of the kind."""
    left, right = different
    assert digest_of(left) != digest_of(right)


@pytest.mark.parametrize("value", [Access.READ, Access.READ | Access.WRITE, Access(0)], ids=repr)
def test_flags_come_back(value):
    """Several flags together, or none, have no name that a class could be asked for."""
    assert same(from_text(to_text(value)), value)


@pytest.mark.parametrize("value", [Colour.RED, Point(x=1), Path("a/b"), np.float32(1.5), math.inf], ids=repr)
def test_objects_come_back(value):
    """Enum members, models, paths, numpy scalars and infinities come back as they were."""
    assert same(from_text(to_text(value)), value)


def test_a_value_of_another_type_is_refused_with_advice():
    """An object that is not plain is named by its type, with what to do."""
    with pytest.raises(MaterializerError, match="object is not a plain value; pass it from step to step"):
        to_text([object()])


def test_known_digests_stay():
    """The text that is digested is a format: a change of it must change the key's format too."""
    assert digest_of(["step-key/1", {"lr": 0.001}, (1, None), True]) == PINNED


PINNED = "dc18338d232c54ae3cdac734cffd41484fec5ad25cc2922ee784875ef7bf2a63"


@given(plain_values)
def test_a_digest_is_that_of_the_canonical_text(value):
    """Digests are the same whether a value was written before or not."""
    text = canonical_text(to_text(value))
    assert digest_of(value) == blake3(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        '{"$model":["os:system",{"command":"x"}]}',
        '{"$dataclass":["subprocess:Popen",{"pid":1}]}',
        '{"$enum":["os:environ","PATH"]}',
        '{"$model":["builtins:object",{}]}',
    ],
)
def test_a_text_names_only_classes_of_its_kind(text):
    """What a stored text names is used as a model, a dataclass or an enum, or not at all."""
    with pytest.raises(MaterializerError, match="is not loaded|no such class is defined there"):
        from_text(text)


@pytest.mark.parametrize("value", [SecretStr("a"), [SecretStr("a")], {"a": (SecretBytes(b"a"),)}])
def test_a_secret_has_no_text_without_a_seal(value):
    """Values are stored and secrets are not."""
    with pytest.raises(MaterializerError, match="is a secret, which is never stored"):
        to_text(value)


@given(st.text(), st.text())
def test_sealed_secrets_are_equal_where_their_values_are(one, other):
    """The digest stands for the value; the text has nothing else of it."""
    texts = [to_text([SecretStr(value)], seal_of_process) for value in (one, other)]
    assert (texts[0] == texts[1]) == (one == other)
    [absent] = from_text(texts[0])
    assert to_text([absent], seal_of_process) == texts[0]


def test_a_recorded_secret_does_not_give_its_value():
    """It says how to give it, and looks like any other secret."""
    [absent] = from_text(to_text([SecretStr("a")], seal_of_process))
    assert isinstance(absent, SecretStr)
    assert str(absent) == "**********"
    with pytest.raises(ParameterError, match="with_secrets"):
        absent.get_secret_value()


def in_a_key(value):
    """Give the text of a parameter in a key."""
    return canonical_text(to_text(value), keep_order=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"b": 1, "a": 2}, {"a": 2, "b": 1}),
        ([{"b": 1, "a": 2}], [{"a": 2, "b": 1}]),
        ({2: 1, 1: 2}, {1: 2, 2: 1}),
        ({"b": 1, "a": 2}, {"$unsorted": [["b", 1], ["a", 2]]}),
    ],
)
def test_a_parameter_keeps_the_order_of_its_mappings(one, other):
    """Code that is given a mapping may iterate over it."""
    assert in_a_key(one) != in_a_key(other)


@pytest.mark.parametrize("value", [{"a": 2, "b": 1}, {1: 2, 2: {"a": 1}}, [1, {"x": (1, {2, 3})}]])
def test_a_sorted_mapping_has_the_same_text_as_before(value):
    """Only an unsorted mapping is marked, so that other keys stay."""
    assert in_a_key(value) == canonical_text(to_text(value))


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1), "CET")),
        time(1, tzinfo=ZoneInfo("Europe/Berlin")),
        PureWindowsPath("a\\b"),
    ],
)
def test_a_zone_and_the_kind_of_a_path_are_read_back(value):
    """What was written is read back with its zone and its class."""
    back = from_text(to_text(value))
    assert (back, str(getattr(back, "tzinfo", ""))) == (value, str(getattr(value, "tzinfo", "")))
    assert type(back) is type(value)
