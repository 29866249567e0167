"""Gives a step's thread the state that libraries keep by thread, as it is where the run was started.

Decimal contexts, numpy's error state and scikit-learn's configuration belong to a thread. So a step would see
what its module sets at import only in the main thread.
"""

from __future__ import annotations

import contextvars
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_READERS: dict[str, Callable[[Any], Callable[[], Any]]] = {
    "numpy": lambda numpy: partial(numpy.seterr, **numpy.geterr()),
    "sklearn": lambda sklearn: partial(sklearn.set_config, **sklearn.get_config()),
    "torch": lambda torch: partial(torch.set_grad_enabled, torch.is_grad_enabled()),
    "decimal": lambda decimal: lambda: decimal.setcontext(decimal.getcontext().copy()),
}
"""Library to a function that reads the state of a thread, and gives one that sets it in another."""


@dataclass(frozen=True)
class ThreadState:
    """The state of the thread that starts a run."""

    thread: int
    variables: contextvars.Context
    setters: tuple[Callable[[], Any], ...]

    @classmethod
    def of_this_thread(cls) -> ThreadState:
        """Read the state of the libraries that are loaded."""
        setters = []
        for name, read in _READERS.items():
            with suppress(Exception):  # a library that is not loaded, or only in part
                setters.append(read(sys.modules[name]))
        return cls(threading.get_ident(), contextvars.copy_context(), tuple(setters))

    def take_over(self) -> None:
        """Set it in this thread, if this is another one."""
        if threading.get_ident() == self.thread:
            return
        for variable, value in self.variables.items():
            variable.set(value)
        for setter in self.setters:
            with suppress(Exception):
                setter()
