"""Objects with a class come back with their class and all that they hold, and no constructor runs again."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any, Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, RootModel, field_validator

from tests.strategies import plain_values
from zencache.errors import MaterializerError
from zencache.model.secrets import unsealed
from zencache.model.values import canonical_text, from_text, to_text


class Mood(str, enum.Enum):
    GOOD = "good"


class Word(str):  # noqa: SLOT000 - it has attributes
    pass


class Tagged(dict):
    """A mapping with an attribute."""


class Slotted(list):
    __slots__ = ("unit",)


class Pair(NamedTuple):
    left: Any
    right: Any


@dataclasses.dataclass
class Circle:
    radius: float

    def __post_init__(self):
        self.area = 3 * self.radius**2


@dataclasses.dataclass
class Table(dict):
    name: str = "t"


@dataclasses.dataclass
class Late:
    """A field that was never set."""

    ready: int = dataclasses.field(init=False, repr=False)


class Doubling(BaseModel):
    x: int

    @field_validator("x")
    @classmethod
    def double(cls, value):
        return value * 2


class Renamed(BaseModel):
    user: str = Field(alias="userName")


class Patch(BaseModel):
    a: int = 1
    b: int = 2


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


class Guarded(BaseModel):
    _lock: Any = PrivateAttr(default_factory=threading.Lock)
    _count: int = PrivateAttr(default=0)


T = TypeVar("T")


class Box(BaseModel, Generic[T]):
    item: T


class Rows(RootModel[list]):
    pass


def with_attributes(value, **attributes):
    for name, each in attributes.items():
        setattr(value, name, each)
    return value


def state(value):
    """Give what a step can see of an object."""
    if isinstance(value, BaseModel):
        return vars(value), value.model_fields_set, value.model_extra, value.__pydantic_private__
    slots = {name: getattr(value, name) for name in getattr(type(value), "__slots__", ())}
    return repr(value), getattr(value, "__dict__", {}), slots


OBJECTS = [
    *(Mood.GOOD, Word("a"), with_attributes(Word("a"), origin="b"), Tagged(a=1), Pair(1, (2.0,))),
    *(with_attributes(Tagged(a=1), unit="kg"), with_attributes(Slotted([1, {2}]), unit="kg")),
    *(OrderedDict(b=1, a=2), Counter("aab"), defaultdict(int, a=1), defaultdict(Word), deque([1, 2], 3)),
    *(bytearray(b"a"), range(1, 9, 2), Fraction(1, 3), PurePosixPath("a/b")),
    *(
        ZoneInfo("Europe/Berlin"),
        datetime.timezone(datetime.timedelta(hours=1), "CET"),
        datetime.timezone.utc,
    ),
    *(Circle(2.0), with_attributes(Table("x"), extra=1), Late()),
    *(Doubling(x=1), Renamed(userName="u"), Patch(a=1), Patch(a=1, b=2), Patch.model_construct(a=1)),
    *(
        Open(a=1, b=[2]),
        Open(a=1, **{"$c": 1}),
        Box[int](item=1),
        Box[Box[Mood]](item=Box[Mood](item="good")),
    ),
    *(Rows([1]), with_attributes(Guarded(), _count=3)),
    *(np.datetime64(1, "ns"), np.datetime64("2021", "Y"), np.datetime64("NaT"), np.timedelta64(3, "M")),
    *(np.datetime64("2021-01-01T03", "h"), np.timedelta64(90, "m"), np.longdouble(1) / 3, np.str_("a")),
]


@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: type(value).__name__)
def test_an_object_comes_back_with_its_class_and_its_state(value):
    """What is read is of the same class, and has the same attributes."""
    back = from_text(to_text(value))
    assert type(back) is type(value)
    one, other = state(value), state(back)
    if isinstance(value, Guarded):
        one[3].pop("_lock"), other[3].pop("_lock")
    assert one == other
    assert to_text(back) == to_text(value)


@given(plain_values)
def test_a_subclass_of_a_container_keeps_what_it_holds(value):
    """Whatever the values are."""
    for each in (Pair(value, value), Tagged(a=value), OrderedDict([("b", value), ("a", 1)])):
        back = from_text(to_text(each))
        assert type(back) is type(each)
        assert to_text(back) == to_text(each)


@given(st.lists(st.sampled_from(OBJECTS[:20]), min_size=2, max_size=2))
def test_objects_that_differ_have_different_texts(pair):
    """Two values have one key only if a step cannot tell them apart."""
    one, other = pair
    is_same = type(one) is type(other) and state(one) == state(other)
    assert (to_text(one) == to_text(other)) == is_same


class Shifted(datetime.tzinfo):
    def __init__(self, hours):
        self.hours = hours

    def __repr__(self):
        return f"Shifted({self.hours})"

    def utcoffset(self, when):
        return datetime.timedelta(hours=1)

    def dst(self, when):
        return None


NOON = datetime.datetime(2024, 3, 30, 12)


def in_a_key(value):
    return canonical_text(to_text(value, unsealed), keep_order=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Patch(a=1), Patch(a=1, b=2)),
        (Tagged(a=1), Tagged(a=2)),
        (Tagged(a=1), {"a": 1}),
        (Tagged(a=1), with_attributes(Tagged(a=1), unit=1)),
        (with_attributes(Table(), x=1), Table()),
        (NOON.replace(tzinfo=Shifted(1)), NOON.replace(tzinfo=Shifted(2))),
        (with_attributes(Circle(1.0), w=np.zeros(2)), with_attributes(Circle(1.0), w=np.ones(2))),
        (PurePosixPath("a"), "a"),
        (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1)),
        (Box[int](item=1), Box[float](item=1)),
    ],
    ids=repr,
)
def test_parameters_that_differ_have_different_keys(one, other):
    """Also where `==` and the declared fields do not see the difference."""
    assert in_a_key(one) != in_a_key(other)


@pytest.mark.parametrize("value", [Patch(a=1, b=2), Doubling(x=1), Open(a=1), Guarded()], ids=repr)
def test_a_model_whose_fields_were_all_set_has_the_text_of_earlier_releases(value):
    """So that its keys stay."""
    assert "__pydantic" not in to_text(value)


def test_a_lock_of_a_parameter_is_no_part_of_its_key():
    """It has no content; equal objects have equal keys."""
    one, other = (with_attributes(Circle(1.0), lock=threading.Lock()) for _ in range(2))
    assert in_a_key(one) == in_a_key(other)


@pytest.mark.parametrize(
    "value",
    [
        with_attributes(Circle(1.0), lock=threading.Lock()),
        defaultdict(lambda: 0),
        NOON.replace(tzinfo=Shifted(1)),
        Pair(1, object()),
    ],
    ids=["a lock", "a function", "a zone", "an object"],
)
def test_what_a_text_cannot_hold_is_refused(value):
    """Rather than left out."""
    with pytest.raises(MaterializerError):
        to_text(value)


def test_a_list_that_contains_itself_is_refused():
    """It has no text."""
    items: list = []
    items.append(items)
    with pytest.raises(MaterializerError, match="contains itself"):
        to_text(items)


def test_a_field_that_a_model_has_gained_gets_its_default():
    """A stored result is read by the class of today."""
    text = to_text(Patch(a=3, b=4)).replace('"b":4', '"gone":4')
    assert vars(from_text(text)) == {"a": 3, "b": 2}
