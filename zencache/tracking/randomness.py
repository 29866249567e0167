"""Detects that a step drew from a global random generator that it did not seed.

A generator that was used without a seed is in a state that follows from its earlier state. If that cannot be
determined, nothing is reported.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zencache.tracking.audit_events import recorders

if TYPE_CHECKING:
    from zencache.tracking.patching import Wrapping

_WORDS = 624  # of the Mersenne Twister's state; both generators are this one
_FURTHEST = 3000  # states of 624 numbers each that are looked at
_SEEDERS = {"random": ("seed", "setstate"), "numpy.random": ("seed", "set_state", "set_bit_generator")}


@dataclass(frozen=True)
class State:
    """The states of the global generators, of those that are loaded."""

    python: Any
    numpy: Any

    @classmethod
    def now(cls) -> State:
        """Copy the states as they are."""
        states: list[Any] = [None, None]
        with suppress(Exception):  # not loaded, or not whole yet
            states[0] = sys.modules["random"].getstate()
        with suppress(Exception):
            states[1] = sys.modules["numpy.random"].get_state(legacy=False)
        return cls(*states)

    def of(self, module: str) -> Any:
        """Give the state of a module's generator; None if it was not loaded."""
        return self.python if module == "random" else self.numpy


def wrap_seeders(wrapping: Wrapping) -> None:
    """Have it noted when a global generator is seeded."""
    for module, names in _SEEDERS.items():
        for name in names:
            wrapping.around(sys.modules.get(module), name, lambda *_, module=module: _seeded(module))


def _seeded(module: str) -> None:
    for recorder in recorders():
        recorder.seeded.add(module)


def unseeded(before: State, after: State, seeded: set[str]) -> list[str]:
    """Give the modules whose generator was surely drawn from and not seeded."""
    modules = []
    if "random" not in seeded and python_led_to(before.python, after.python):
        modules.append("random")
    if "numpy.random" not in seeded and numpy_led_to(before.numpy, after.numpy):
        modules.append("numpy.random")
    return modules


def python_led_to(before: Any, after: Any) -> bool:
    """Say whether draws lead from a state of the generator of `random` to another."""
    if before is None or after is None or before == after:
        return False
    import random  # noqa: PLC0415 - it is loaded: there is a state

    copy = random.Random()  # noqa: S311 - a copy, to see where it leads
    copy.setstate(before)
    words, place = before[1][:_WORDS], before[1][_WORDS]
    target, wanted_place = after[1][:_WORDS], after[1][_WORDS]
    if words == target:
        return bool(wanted_place > place)
    for _ in range(_FURTHEST):
        copy.getrandbits(32 * _WORDS)
        if copy.getstate()[1][:_WORDS] == target:
            return True
    return False


def numpy_led_to(before: Any, after: Any) -> bool:
    """Say whether draws lead from a state of numpy's generator to another."""
    if before is None or after is None or not before["bit_generator"] == after["bit_generator"] == "MT19937":
        return False
    import numpy as np  # noqa: PLC0415 - it is loaded: there is a state

    words, target = before["state"]["key"], after["state"]["key"]
    if np.array_equal(words, target):
        return bool(after["state"]["pos"] > before["state"]["pos"])
    copy = np.random.MT19937()
    copy.state = {"bit_generator": "MT19937", "state": before["state"]}
    for _ in range(_FURTHEST):
        copy.random_raw(_WORDS, output=False)
        if np.array_equal(copy.state["state"]["key"], target):
            return True
    return False
