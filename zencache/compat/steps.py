"""Class-based steps (0.5 to 0.39): subclass `BaseStep` and write `entrypoint`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from zencache.compat.options import check_options, is_known
from zencache.errors import StepDefinitionError
from zencache.steps.binding import bind_parameters
from zencache.steps.step import BoundStep, Step

if TYPE_CHECKING:
    from zencache.policy import CachePolicy

_GIVEN = "_zencache_given"
_DECLARED = ("name", "enable_cache", "cache", "output_materializers")
# By keyword only: as class attributes they may well be a step's own state, its client's timeout, say.
_OPTIONS = (*_DECLARED, "retries", "retry_delay", "timeout")


class StepType(type):
    """Metaclass of `BaseStep`: calling a class-based step gives a step with its parameters."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an instance, whose `entrypoint` is the step's function, and bind the parameters."""
        if not inspect.isfunction(getattr(cls, "entrypoint", None)):
            raise StepDefinitionError(
                f"class {cls.__name__} has no entrypoint; write what the step does as "
                "`def entrypoint(self, …)` with annotated arguments and result"
            )
        instance = super().__call__(*args, **kwargs)
        parameters, options = vars(instance).pop(
            _GIVEN, (((), {}), {})
        )  # what stays there is the step's own state
        step = Step(instance.entrypoint, **_declared(cls) | options)
        return BoundStep(step, bind_parameters(step.name, step.signature, *parameters))

    def __instancecheck__(cls, instance: Any) -> bool:
        """Say whether something is a step of this class; a decorated function is a `BaseStep` as well."""
        step = instance.step if isinstance(instance, BoundStep) else instance
        owner = step.owner if isinstance(step, Step) else instance
        return isinstance(step, Step) if cls is BaseStep else issubclass(type(owner), cls)


def _declared(cls: type) -> dict[str, Any]:
    """Give the options that a class declares as attributes; its name is the step's."""
    declared = {name: getattr(cls, name, None) for name in _DECLARED}
    name = declared["name"]  # a class may have something else of that name
    return {**declared, "name": name if isinstance(name, str) else cls.__name__}


class BaseStep(metaclass=StepType):
    """A step as a class (0.5 to 0.39); other methods of it, and what `__init__` sets, count as its code.

    An instance takes parameters as a decorated step does, and the options of `@step` by keyword; options
    can be class attributes as well.

    >>> class Doubler(BaseStep):
    ...     def entrypoint(self, x: int) -> int:
    ...         return self.times(x)
    ...     def times(self, x):
    ...         return 2 * x
    >>> Doubler(name="twice").step
    <step twice>
    """

    name: ClassVar[str | None] = None
    enable_cache: ClassVar[bool | None] = None
    cache: ClassVar[CachePolicy | None] = None
    output_materializers: ClassVar[Any] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        names = inspect.signature(self.entrypoint).parameters  # type: ignore[attr-defined]
        options = {n: v for n, v in kwargs.items() if n in _OPTIONS and n not in names}
        parameters, older = _parted(
            {n: v for n, v in kwargs.items() if n not in options}, names, type(self).__name__
        )
        check_options(f"step {type(self).__name__}", older)
        vars(self)[_GIVEN] = ((args, parameters), options)


def _parted(keywords: dict[str, Any], names: Any, step: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split keywords into parameters and options of older releases; unknown names count as parameters."""
    older = {n: v for n, v in keywords.items() if n not in names and is_known(f"step {step}", n)}
    return {n: v for n, v in keywords.items() if n not in older}, older


def clone_step(step: Step, step_name: str) -> Step:
    """Give a step under another name (0.12 to 0.39): there a step could be used once in a pipeline.

    >>> from zencache import step
    >>> @step
    ... def load() -> int:
    ...     return 1
    >>> clone_step(load, "load_again")
    <step load_again>
    """
    if isinstance(step, StepType):
        return StepType(step_name, (step,), {"__module__": step.__module__})  # type: ignore[return-value]
    return step.with_options(name=step_name)
