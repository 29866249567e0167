"""`@pipeline`: a function whose body says how steps are connected."""

from __future__ import annotations

import difflib
import functools
import inspect
import traceback
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Generic, overload

from typing_extensions import ParamSpec

from zencache.errors import DefinitionError, ParameterError
from zencache.model.legacy_api import LegacyAttributes, check_options
from zencache.model.names import check_name
from zencache.model.plugins import components, is_installed
from zencache.model.specs import PipelineSpec, in_order
from zencache.pipelines.instance import Pipeline
from zencache.policy import check_policy
from zencache.steps.step import BoundStep, Step
from zencache.steps.tfx_objects import can_create_components, component_count
from zencache.steps.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from zencache.policy import CachePolicy


P = ParamSpec("P", default=...)


class PipelineDefinition(LegacyAttributes, Generic[P]):
    """A function as a pipeline: calling it, with steps for slots or with parameters, gives a `Pipeline`."""

    def __init__(
        self,
        function: Callable[P, Any],
        *,
        name: str | None = None,
        enable_cache: bool | None = None,
        cache: CachePolicy | None = None,
    ) -> None:
        self.entrypoint = function
        self.name = check_name("pipeline", name or function.__name__)
        self.enable_cache = enable_cache
        check_policy(f"pipeline {self.name}", cache)
        self.policy = cache
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Pipeline:
        """Trace the body once: the steps that it calls are noted and checked, and none is run."""
        arguments = self._bind(args, kwargs)
        body: Callable[..., Any] = self.entrypoint
        trace = Trace(self.name)
        with _collecting(trace), trace.reading(), self._explaining(arguments):
            body(**{name: _slotted(name, value) for name, value in arguments.items()})
        trace.settle()
        steps = [body.spec for body in trace.bodies.values()]
        spec = PipelineSpec(
            name=self.name,
            steps=in_order(steps) if any(step.node or step.after for step in steps) else tuple(steps),
            enable_cache=self.enable_cache,
            policy=self.policy,
        )
        given = inspect.signature(self.entrypoint).bind_partial(*args, **kwargs).arguments
        return Pipeline(spec, (trace.bodies, trace.steps), call=(self, given))

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        signature = inspect.signature(self.entrypoint)
        names = list(signature.parameters)
        for name in kwargs:
            if name not in signature.parameters:
                near = difflib.get_close_matches(name, names, n=1)
                advice = f"did you mean {near[0]}?" if near else f"it takes {', '.join(names) or 'nothing'}"
                raise ParameterError(f"pipeline {self.name} takes no {name}; {advice}")
        try:
            bound = signature.bind_partial(*args, **kwargs)
        except TypeError as error:
            raise ParameterError(f"pipeline {self.name}: {error}") from error
        bound.apply_defaults()
        missing = [name for name in names if name not in bound.arguments]
        if missing:
            calls = ", ".join(f"{name}=…" for name in names)
            raise DefinitionError(
                f"pipeline {self.name}: {', '.join(missing)} is empty; give a step (or a value): "
                f"{self.name}({calls})"
            )
        return dict(bound.arguments)

    @contextmanager
    def _explaining(self, arguments: Mapping[str, Any]) -> Iterator[None]:
        """Raise ParameterError where the body calls an argument that got a plain value."""
        try:
            yield
        except TypeError as error:
            *_, (frame, _) = traceback.walk_tb(error.__traceback__)
            if frame.f_code is not inspect.unwrap(self.entrypoint).__code__:
                raise
            for name, value in arguments.items():
                if str(error) == f"{type(value).__name__!r} object is not callable":
                    raise ParameterError(
                        f"pipeline {self.name}: its body calls {name}, which is {value!r}; "
                        f"give a step: {self.entrypoint.__name__}({name}=a_step())"
                    ) from error
            raise

    def __repr__(self) -> str:
        return f"<pipeline {self.name}>"


def _collecting(trace: Trace) -> AbstractContextManager[None]:
    """Note the components that a pipeline's body creates meanwhile."""
    if not can_create_components():
        return nullcontext()
    if not is_installed("components"):
        return _refusing_components()
    return components().collecting(trace.pipeline, trace.add_component)


@contextmanager
def _refusing_components() -> Iterator[None]:
    """Raise DefinitionError, which says what to install, if the body creates a component."""
    before = component_count()  # a component would be left out without a word
    yield
    if component_count() > before:
        components()


def _slotted(name: str, value: Any) -> Any:
    if isinstance(value, Step):
        return BoundStep(value, slot=name)
    if isinstance(value, BoundStep):
        return BoundStep(value.step, value.values, slot=name)
    return value


@overload
def pipeline(function: Callable[P, Any], /) -> PipelineDefinition[P]: ...
@overload
def pipeline(
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    cache: CachePolicy | None = None,
    **older: Any,
) -> Callable[[Callable[P, Any]], PipelineDefinition[P]]: ...
def pipeline(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    cache: CachePolicy | None = None,
    **older: Any,
) -> Any:
    """Make a pipeline of a function: `@pipeline`, or `@pipeline(name=…, enable_cache=…, cache=…)`.

    Its arguments are slots for steps or plain parameters; its body calls steps. Options of older
    releases (`settings`, …) are ignored with a note.

    >>> from zencache import step
    >>> @step
    ... def load() -> int:
    ...     return 20
    >>> @step
    ... def double(x: int) -> int:
    ...     return 2 * x
    >>> @pipeline
    ... def slots(loader, worker):
    ...     worker(loader())
    >>> slots(loader=load(), worker=double())
    <pipeline slots: load, double>
    >>> @pipeline
    ... def direct(x: int = 1):
    ...     double(double(x=x))
    >>> direct(x=3)
    <pipeline direct: double, double_2>
    """

    def decorate(target: Callable[..., Any]) -> PipelineDefinition:
        if not inspect.isfunction(target):
            raise DefinitionError(f"@pipeline goes on a function, not on {target!r}")
        return PipelineDefinition(target, name=name, enable_cache=enable_cache, cache=cache)

    check_options("@pipeline", older)
    return decorate if function is None else decorate(function)
