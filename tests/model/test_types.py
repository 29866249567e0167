"""Which outputs may feed which inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, NewType, Optional, TypeVar, Union

import numpy as np
import pytest

from zencache.model.types import is_assignable, matches, type_name

Number = TypeVar("Number", bound=int)
UserId = NewType("UserId", int)


class Base: ...


class Child(Base): ...


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (Child, Base),
        (int, float),
        (bool, int),
        (int, Any),
        (Any, int),
        (object, int),
        (int, Optional[int]),
        (int, Union[int, str]),
        (list[int], list[int]),
        (list[int], list),
        (list, Sequence),
        (dict[str, int], dict[str, float]),
        (Annotated[int, "x"], int),
        (UserId, int),
        (Number, int),
        (Literal["a"], str),
        (np.ndarray, np.ndarray),
        (None, None),
        (None, Optional[int]),
    ],
)
def test_assignable(source, target):
    """A subtype, a promoted number, a union's member or an unknown may be fed."""
    assert is_assignable(source, target)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (Base, Child),
        (str, int),
        (float, int),
        (Optional[int], int),
        (list[int], list[str]),
        (np.ndarray, list),
        (None, int),
        (Literal["a"], int),
    ],
)
def test_not_assignable(source, target):
    """Anything else may not."""
    assert not is_assignable(source, target)


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (1, int, True),
        (True, int, True),
        (1, float, True),
        (1.5, int, False),
        ("a", Literal["a"], True),
        (1, Literal[True], False),
        (None, Optional[int], True),
        (Child(), Base, True),
        (int, type[int], True),
        (len, Callable[..., int], True),
    ],
)
def test_matches(value, annotation, expected):
    """A value is held against its annotation without looking into containers."""
    assert matches(value, annotation) is expected


def test_names_are_the_same_in_every_process():
    """A type's name says where it is defined, without addresses."""
    assert type_name(dict[str, list[Child]]) == f"dict[str, list[{__name__}.Child]]"
    assert type_name(np.ndarray) == "numpy.ndarray"
