"""The trace of the pipeline body that this thread is reading, and what stands for outputs of steps there."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from zencache.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class ActiveTrace(Protocol):
    """Notes the steps that a body calls; implemented by `trace.Trace`."""

    pipeline: str

    def add(
        self,
        step: Any,
        bound: Mapping[str, Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        *,
        slot: str | None = None,
    ) -> Any:
        """Note a call of a step, and give handles of its outputs."""

    def order(self, earlier: tuple[str | None, Any], later: tuple[str | None, Any]) -> None:
        """Note that a step waits for another that does not feed it; each with its slot, if it has one."""


ACTIVE: ContextVar[ActiveTrace | None] = ContextVar("zencache_trace", default=None)


def active_trace() -> ActiveTrace | None:
    """Give the trace of the body that is being read, if one is."""
    return ACTIVE.get()


def _refused(done: str) -> Callable[..., NoReturn]:
    def refuse(self: OutputHandle, *_: object, **__: object) -> NoReturn:
        self.refuse(done)

    return refuse


class OutputHandle:
    """Stands for an output in a pipeline's body, where it has no value yet and can only feed a step.

    Whatever would take it for a value raises DefinitionError: operators, comparisons, `in`, texts, numbers,
    attributes. What Python does not ask an object for, such as `is None`, cannot be noticed.
    """

    __slots__ = ("annotation", "name", "step", "trace")

    def __init__(self, step: str, name: str, annotation: Any, trace: ActiveTrace) -> None:
        self.step = step
        self.name = name
        self.annotation = annotation
        self.trace = trace

    def refuse(self, done: str) -> NoReturn:
        """Raise DefinitionError that says what cannot be done with it here."""
        raise DefinitionError(
            f"the output {self.name} of step {self.step} has no value yet: a pipeline's body is read before "
            f"anything runs, so it cannot be {done}; do that in a step, which takes the output as an argument"
        )

    def __repr__(self) -> str:
        return f"<output {self.name} of step {self.step}, without a value yet>"

    def __iter__(self) -> NoReturn:
        raise DefinitionError(
            f"step {self.step} has one output, {self.name}, which cannot be unpacked in a pipeline's body; "
            "name several with `-> Output(a=…, b=…)`"
        )

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):  # tools ask every object for such names
            raise AttributeError(name)
        self.refuse(f"asked for its attribute {name}")

    __bool__ = _refused("tested")
    __getitem__ = __setitem__ = __delitem__ = _refused("indexed")
    __contains__ = _refused("searched")
    __len__ = __reversed__ = _refused("counted")
    __call__ = _refused("called")
    __str__ = __format__ = __fspath__ = __bytes__ = _refused("put into a text")
    __int__ = __float__ = __complex__ = __index__ = __array__ = _refused("taken for a number")
    __copy__ = __deepcopy__ = __reduce_ex__ = _refused("copied")
    __hash__ = _refused("looked up, or put into a set")
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refused("compared")
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refused("computed with")
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _refused("computed with")
    __divmod__ = __rdivmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _refused("computed with")
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _refused("computed with")
    __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = _refused("computed with")
    __neg__ = __pos__ = __abs__ = __invert__ = __round__ = _refused("computed with")
    __trunc__ = __floor__ = __ceil__ = _refused("computed with")


class OutputHandles(tuple[OutputHandle, ...]):
    """The outputs of a step with several (or none): unpack them, or take them by name."""

    __slots__ = ()

    def __getattr__(self, name: str) -> OutputHandle:
        for handle in self:
            if handle.name == name:
                return handle
        raise AttributeError(f"no output {name}; the step has {', '.join(h.name for h in self) or 'none'}")

    def _refuse(self, *_: object) -> NoReturn:
        for handle in self:
            handle.refuse("taken for a value")
        raise DefinitionError(
            "a step without outputs has no result in a pipeline's body, which is read before anything runs; "
            "to run a step after it, write `later.after(earlier)`"
        )

    __bool__ = __str__ = __format__ = _refuse
    __contains__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __add__ = __mul__ = __rmul__ = _refuse
    __hash__ = _refuse
