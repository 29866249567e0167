"""What type variables and new names of types were declared with, where code asks for it."""

from __future__ import annotations

from functools import partial

from tests.cache_truth.harness import here

BOUND = "import typing\nT = typing.TypeVar('T', bound=int)\n"
TO_TEXT = ("bound=int", "bound=str")
CLEAN = "def clean(x):\n    return float({})\n"

declared = partial(here, category="code", kind="type variables")


def asked(name, verdict, above, expression, *edit):
    """A module declares something, and the step's helper asks for a part of it."""
    return declared(name, verdict, above + CLEAN.format(expression), *edit)


PROBES = [
    asked("a bound", "rerun", BOUND, "T.__bound__('3') == 3", TO_TEXT),
    asked("a bound by getattr", "rerun", BOUND, "getattr(T, '__bound__')('3') == 3", TO_TEXT),
    asked(
        "a bound that a helper asks for",
        "rerun",
        f"{BOUND}def bound_of(each):\n    return each.__bound__\n",
        "bound_of(T)('3') == 3",
        TO_TEXT,
    ),
    asked(
        "a class that is a bound",
        "rerun",
        "from typing import TypeVar\nclass A:\n    n = 1\nT = TypeVar('T', bound=A)\n",
        "T.__bound__.n",
        ("n = 1", "n = 2"),
    ),
    asked(
        "constraints",
        "rerun",
        "from typing import TypeVar\nT = TypeVar('T', int, str)\n",
        "len(T.__constraints__)",
        ("int, str", "int, str, bytes"),
    ),
    asked(
        "a variance",
        "rerun",
        "from typing import TypeVar\nT = TypeVar('T', covariant=True)\n",
        "T.__covariant__",
        ("covariant=True", "covariant=False"),
    ),
    asked(
        "a bound of a parameter of a class",
        "rerun",
        f"{BOUND}class Box(typing.Generic[T]):\n    pass\n",
        "len(Box.__parameters__[0].__bound__.__name__)",
        ("bound=int", "bound=bytes"),
    ),
    asked(
        "a bound in an annotation",
        "rerun",
        f"{BOUND}def f(x: T): ...\n",
        "len(f.__annotations__['x'].__bound__.__name__)",
        ("bound=int", "bound=bytes"),
    ),
    asked(
        "a new name of a type",
        "rerun",
        "import typing\nN = typing.NewType('N', int)\n",
        "len(N.__supertype__.__name__)",
        (", int)", ", bytes)"),
    ),
    declared(
        "a bound that nobody asks for",
        "hit",
        f"{BOUND}def f(x: T) -> T:\n    return typing.cast(T, x)\ndef clean(x: T) -> float:\n    return float(f(x))\n",
        TO_TEXT,
    ),
]
