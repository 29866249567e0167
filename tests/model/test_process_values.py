"""Parameters with attributes that differ between processes: they do not count, all others do."""

from __future__ import annotations

import dataclasses
import os
import random
import time
import uuid
from datetime import datetime

import pytest
from pydantic import BaseModel, PrivateAttr

from zencache.model import process_values
from zencache.model.process_values import attributes_of_process
from zencache.model.values import canonical_text, from_text, to_text


def stamp():
    return now()


def now():
    return time.time()


class Settings(BaseModel):
    a: int = 1
    _run: str = PrivateAttr(default_factory=lambda: uuid.uuid4().hex)
    _at: float = PrivateAttr(default_factory=time.time)
    _scale: int = 1
    _names: list = PrivateAttr(default_factory=list)
    _pair: list = PrivateAttr(default_factory=lambda: [1, 2])


class Started(BaseModel):
    a: int = 1
    _t0: float = 0.0
    _double: int = 0

    def model_post_init(self, context):
        self._t0 = time.time()
        self._double = 2 * self.a


@dataclasses.dataclass
class Timed:
    a: int = 1

    def __post_init__(self):
        self._t0 = time.time()
        self._double = 2 * self.a
        self._mode = os.environ.get("MODE", "fast")


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: int = 1

    def __post_init__(self):
        object.__setattr__(self, "_t0", time.perf_counter())
        object.__setattr__(self, "_double", 2 * self.a)


def key(value):
    return canonical_text(to_text(value), keep_order=True)


@pytest.mark.parametrize("kind", [Settings, Started, Timed, Frozen])
def test_two_equal_objects_have_one_key(kind):
    """The time and the random number of each are its own."""
    one, other = kind(), kind()
    assert to_text(one) != to_text(other)
    assert key(one) == key(other)
    assert key(kind(a=2)) != key(one)


@pytest.mark.parametrize("kind", [Settings, Started, Timed, Frozen])
def test_a_step_gets_the_object_with_all_its_attributes(kind):
    """What does not count is stored nevertheless."""
    one = kind()
    back = from_text(to_text(one))
    assert vars(back) == vars(one)
    assert getattr(back, "__pydantic_private__", None) == getattr(one, "__pydantic_private__", None)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (Settings, "_scale", 2),
        (Settings, "_names", ["a"]),
        (Settings, "_pair", [2, 1]),
        (Started, "_double", 3),
        (Timed, "_double", 3),
        (Timed, "_mode", "slow"),
        (Timed, "other", 1),
    ],
)
def test_an_attribute_that_the_user_set_counts(kind, name, value):
    """Only what the constructor takes from the process is left out."""
    one, other = kind(), kind()
    setattr(other, name, value)
    assert key(one) != key(other)


def test_a_factory_is_not_called():
    """Its attribute counts by its value."""
    calls: list = []

    class Lazy(BaseModel):
        _rows: list = PrivateAttr(default_factory=lambda: [calls.append(1)])

    one = Lazy()
    assert len(calls) == 1
    assert to_text(one).endswith('{},{"_rows":[null]}]}')
    assert len(calls) == 1


class Cases:
    """Attributes whose names say whether the process gives them."""

    def __init__(self, value, rate=2.0):
        import time as clock
        from uuid import uuid4

        began = time.time()
        fixed = 3
        self.drawn_helper = stamp()
        self.drawn_method = self.identity()
        self.drawn_variable = began
        self.drawn_sum = began + fixed
        self.drawn_clock = clock.monotonic()
        self.drawn_uuid = str(uuid4())
        self.drawn_random = random.randint(1, 3)
        self.drawn_now = datetime.now().isoformat()
        self.drawn_pid = f"run-{os.getpid()}"
        self.drawn_id = id(self)
        self.drawn_maybe = began if value else None
        self.value = value
        self.rate = float(rate) * 2
        self.fixed = fixed
        self.mode = os.environ.get("MODE")
        self.names = sorted({"b", "a"})
        self.text = ",".join(["a", str(value)])
        self.day = datetime(2020, 1, 1).isoformat()

    def identity(self):
        return os.getpid()


def test_an_attribute_of_the_process_is_told_from_the_others():
    """Through variables, helpers, methods and imports."""
    names = vars(Cases(1))
    assert attributes_of_process(Cases) == {name for name in names if name.startswith("drawn")}
    assert process_values.is_of_process(random.random)
