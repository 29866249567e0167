"""Determines how the global random generators were seeded, before a step draws from them.

A step that draws depends on the seed that the project's code set at import, not on how far the generator has
moved since. A generator that nobody seeded begins anywhere: such a result stands for one draw.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.tracking import random_at_import

if TYPE_CHECKING:
    from collections.abc import Mapping

MODULES = ("random", "numpy.random")
UNSEEDED = "not seeded"

_origins: dict[str, str | None] = {}
"""Module to the digest of its generator's state when it was last seeded; None: a step seeded it."""
_last: dict[str, Any] = dict(zip(("random",), random_at_import, strict=False))


def origin(module: str) -> str | None:
    """Give what a generator's draws follow from: a digest, `UNSEEDED`, or None if a step seeded it."""
    check(module)
    return _origins.get(module, UNSEEDED)


def check(module: str) -> None:
    """Notice whether a generator was seeded since the last check."""
    state = state_of(module)
    if state is None or (module in _last and _same(_last[module], state)):
        return
    before = _last.get(module)
    _last[module] = state
    if before is None:
        _origins[module] = _digest(state) if module in sys.modules and _is_seeded(module, state) else UNSEEDED
    elif not _led_to(module, before, state):
        _origins[module] = _digest(state)


def check_all() -> None:
    """Notice how the generators were seeded until a plan is made: what runs a step draws from them too."""
    for module in MODULES:
        with suppress(Exception):  # a generator of another kind
            check(module)


def forked() -> None:
    """Take over the state of `random` in a forked process: Python seeds it there, and no code did.

    A seed that the project's code set before is gone there, too.
    """
    _origins.pop("random", None)
    _last["random"] = state_of("random")


def ended(module: str, *, seeded: bool) -> None:
    """Take over the state that a step left."""
    state = state_of(module)
    if state is not None:
        if seeded:
            _origins[module] = None
        elif module not in _last:
            check(module)
        _last[module] = state


def state_of(module: str) -> Any:
    """Copy a generator's state; None where it is not loaded."""
    library: Any = sys.modules.get(module)
    with suppress(Exception):  # not whole yet
        return library.getstate() if module == "random" else library.get_state(legacy=False)
    return None


def has_moved(before: Any, after: Any) -> bool:
    """Say whether a generator has another state than before, or was loaded, and maybe used, meanwhile."""
    return after is not None and (before is None or not _same(before, after))


def sentence(module: str, before: str, now: str) -> str:
    """Explain another seed."""
    if now == UNSEEDED:
        return f"the global generator of {module} is no longer seeded"
    change = "is seeded now" if before == UNSEEDED else "has another seed"
    return f"the global generator of {module} {change}"


def seeded_states() -> dict[str, tuple[str, Any]]:
    """Give the generators that were seeded, with their origins and present states: for another process."""
    check_all()
    return {
        module: (value, state_of(module))
        for module in MODULES
        if (value := _origins.get(module)) not in (None, UNSEEDED) and isinstance(value, str)
    }


def adopt(states: Mapping[str, tuple[str, Any]]) -> None:
    """Put this process's generators into the states of another process's."""
    for module, (value, state) in states.items():
        __import__(module)
        library: Any = sys.modules[module]
        library.setstate(state) if module == "random" else library.set_state(state)
        _origins[module] = value
        _last[module] = state_of(module)


def _same(one: Any, other: Any) -> bool:
    return one == other if isinstance(one, tuple) else _digest(one) == _digest(other)


def _digest(state: Any) -> str:
    if isinstance(state, tuple):
        return blake3(repr(state).encode()).hexdigest()[:16]
    inner = {**state["state"]}
    key = inner.pop("key", None)
    rest = [state["bit_generator"], inner, state.get("has_gauss"), state.get("gauss")]
    return blake3(repr(rest).encode() + (b"" if key is None else key.tobytes())).hexdigest()[:16]


def _is_seeded(module: str, state: Any) -> bool:
    """Say whether a generator that is seen for the first time was seeded, as far as can be told."""
    if module == "random":
        return False
    generator = sys.modules["numpy.random"].mtrand._rand._bit_generator  # noqa: SLF001 - no public name
    sequence = getattr(generator, "_seed_seq", None)
    if sequence is None:  # as the function `seed` leaves it
        return True
    fresh = type(generator)(sequence).state
    return not (
        _digest({**fresh, "has_gauss": 0, "gauss": 0.0}) == _digest(state) or _led_to(module, fresh, state)
    )


def _led_to(module: str, before: Any, after: Any) -> bool:
    """Say whether draws lead from a state to another."""
    from zencache.tracking import randomness  # noqa: PLC0415 - only where a generator moved

    if module == "random":  # where only the second number of a pair was used, the words are the same
        return before[1] == after[1] or randomness.python_led_to(before, after)
    pairs = [{**state, "has_gauss": 0, "gauss": 0.0} for state in (before, after)]
    return _digest(pairs[0]) == _digest(pairs[1]) or randomness.numpy_led_to(before, after)
