"""Traces a pipeline's body: each step that it calls is noted, not run."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from zencache.errors import (
    ConnectionTypeError,
    DefinitionError,
    NotFoundError,
    ParameterError,
    StepDefinitionError,
)
from zencache.model.plugins import components
from zencache.model.specs import CodeRef, InputSpec, OutputRef, OutputSpec, StepSpec
from zencache.model.types import is_assignable, type_name
from zencache.planning.bodies import FunctionBody
from zencache.planning.component_body import ComponentBody
from zencache.steps.active_trace import ACTIVE
from zencache.steps.binding import check_known, check_parameter, complete, spread
from zencache.steps.parameters import BaseParameters
from zencache.steps.tfx_objects import is_channel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zencache.planning.bodies import Body
    from zencache.steps.signature import Signature
    from zencache.steps.step import Step


@dataclass(frozen=True, eq=False)
class OutputHandle:
    """Stands for an output in a pipeline's body, where it has no value yet and can only feed a step."""

    step: str
    name: str
    annotation: Any
    trace: Trace

    def __bool__(self) -> bool:  # noqa: PLE0304 - it always raises
        self._has_no_value("tested")

    def __iter__(self) -> NoReturn:
        raise DefinitionError(
            f"step {self.step} has one output, {self.name}, which cannot be unpacked in a pipeline's body; "
            "name several with `-> Output(a=…, b=…)`"
        )

    def __getitem__(self, item: object) -> NoReturn:
        self._has_no_value("indexed")

    def _has_no_value(self, done: str) -> NoReturn:
        raise DefinitionError(
            f"the output {self.name} of step {self.step} has no value yet: a pipeline's body is read before "
            f"anything runs, so it cannot be {done}; do that in a step"
        )


class OutputHandles(tuple[OutputHandle, ...]):
    """The outputs of a step with several (or none): unpack them, or take them by name."""

    __slots__ = ()

    def __getattr__(self, name: str) -> OutputHandle:
        for handle in self:
            if handle.name == name:
                return handle
        raise AttributeError(f"no output {name}; the step has {', '.join(h.name for h in self) or 'none'}")


Called = tuple[str | None, "Step"]
"""A call of a step in a body: its slot, if it has one, and the step."""


class Trace:
    """The steps that a pipeline's body has called so far."""

    def __init__(self, pipeline: str) -> None:
        self.pipeline = pipeline
        self.bodies: dict[str, Body] = {}
        self.steps: dict[str, Step] = {}
        self._orders: list[tuple[Called, Called]] = []
        """Pairs of steps, of which the later waits for the earlier without taking a result."""

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Note the steps that this thread calls in the `with` block."""
        outer = ACTIVE.get()
        if outer is not None:
            raise DefinitionError(
                f"pipeline {self.pipeline} is called in the body of pipeline {outer.pipeline}; "
                "call its steps there, or run the two one after the other"
            )
        token = ACTIVE.set(self)
        try:
            yield
        finally:
            ACTIVE.reset(token)

    def add(
        self,
        step: Step,
        bound: Mapping[str, Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        *,
        slot: str | None = None,
    ) -> OutputHandle | OutputHandles:
        """Note a call of a step, and give handles of its outputs."""
        values = {n: self._taken(step, n, v) for n, v in _by_name(step, bound, args, kwargs).items()}
        handles = {name: value for name, value in values.items() if isinstance(value, OutputHandle)}
        for name, handle in handles.items():
            self._check_connection(step, name, handle)
        parameters = {
            n: check_parameter(step.name, step.signature.arguments[n], v)
            for n, v in values.items()
            if n not in handles
        }
        sources = {name: OutputRef(step=handle.step, output=handle.name) for name, handle in handles.items()}
        body = make_body(step, {**bound, **parameters}, sources, name=self._free_name(step.name), slot=slot)
        self.bodies[body.spec.name] = body
        self.steps[body.spec.name] = step
        output_handles = OutputHandles(
            OutputHandle(body.spec.name, n, kind, self) for n, kind in step.signature.outputs.items()
        )
        return output_handles[0] if len(output_handles) == 1 else output_handles

    def _taken(self, step: Step, name: str, value: Any) -> Any:
        """Give a handle for a TFX channel; any other value is returned unchanged."""
        if not is_channel(value):
            return value
        wanted = step.signature.arguments[name].annotation
        source = components().output_of(value, wanted, f"step {step.name}: argument {name}")
        return OutputHandle(source.step, source.output, Any, self)

    def add_component(self, spec: StepSpec) -> None:
        """Note a component that the body created; raises DefinitionError where a step has its name."""
        if spec.name in self.bodies:
            raise DefinitionError(
                f"pipeline {self.pipeline} has a step and a component named {spec.name}; "
                "name the component otherwise: .with_id(…)"
            )
        self.bodies[spec.name] = ComponentBody.of(spec)

    def order(self, earlier: Called, later: Called) -> None:
        """Note that a step waits for another that does not feed it."""
        self._orders.append((earlier, later))

    def settle(self) -> None:
        """Write the noted orders into the specs; raises DefinitionError for a step that is never called."""
        for earlier, later in self._orders:
            for name in self._names_of(later):
                body = self.bodies[name]
                after = tuple(dict.fromkeys((*body.spec.after, *self._names_of(earlier))))
                self.bodies[name] = body.with_spec(body.spec.replaced(after=after))

    def _names_of(self, called: Called) -> list[str]:
        slot, step = called
        names = [
            n for n, b in self.bodies.items() if (b.spec.slot == slot if slot else self.steps.get(n) is step)
        ]
        if not names:
            raise DefinitionError(
                f"pipeline {self.pipeline} orders step {step.name}, but its body never calls it"
            )
        return names

    def _check_connection(self, step: Step, name: str, handle: OutputHandle) -> None:
        if handle.trace is not self:
            raise DefinitionError(
                f"step {step.name}: argument {name} is an output of another pipeline's step {handle.step}"
            )
        argument = step.signature.arguments[name]
        if argument.kind == "model":
            raise ParameterError(
                f"step {step.name}: {name} takes a {argument.annotation.__name__}, not another step's output"
            )
        check_types(handle.step, handle.name, handle.annotation, step.name, name, argument.annotation)

    def _free_name(self, name: str) -> str:
        """Give the name, or `name_2`, `name_3` where the pipeline has it already."""
        candidates = (name, *(f"{name}_{number}" for number in range(2, len(self.bodies) + 3)))
        return next(candidate for candidate in candidates if candidate not in self.bodies)


def check_types(
    source: str, output: str, output_type: Any, target: str, argument: str, argument_type: Any
) -> None:
    """Raise ConnectionTypeError unless an output's type may feed an argument of another."""
    if not is_assignable(output_type, argument_type):
        raise ConnectionTypeError(
            f"step {target} takes {argument}: {type_name(argument_type)}, "
            f"but output {output} of step {source} is {type_name(output_type)}"
        )


def _by_name(
    step: Step, bound: Mapping[str, Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Bind positional values to the arguments without a value; a call's values replace bound ones."""
    check_known(step.name, step.signature, kwargs)
    with_model = any(isinstance(value, BaseParameters) for value in args)
    takers = step.signature.of_kind("value", "model") if with_model else step.signature.of_kind("value")
    open_names = [a.name for a in takers if a.name not in bound and a.name not in kwargs]
    if len(args) > len(open_names):
        raise ParameterError(
            f"step {step.name} takes {len(open_names)} more arguments ({', '.join(open_names) or 'none'}), "
            f"got {len(args)}"
        )
    return dict(zip(open_names, args, strict=False)) | dict(kwargs)


def make_body(
    step: Step, values: Mapping[str, Any], sources: Mapping[str, OutputRef], *, name: str, slot: str | None
) -> FunctionBody:
    """Make the spec and the body of a step whose parameters and inputs are known."""
    signature: Signature = step.signature
    chosen = _chosen(step)
    parameters = complete(
        step.name, signature, {n: v for n, v in values.items() if n not in sources}, sources
    )
    input_types = {n: signature.arguments[n].annotation for n in signature.arguments if n in sources}
    spec = StepSpec(
        name=name,
        slot=slot,
        code=CodeRef(module=step.module, qualname=step.qualname),
        inputs=tuple(
            InputSpec(name=n, type=type_name(kind), source=sources[n]) for n, kind in input_types.items()
        ),
        outputs=tuple(
            OutputSpec(name=n, type=type_name(kind), materializer=chosen.get(n))
            for n, kind in signature.outputs.items()
        ),
        parameters=spread(signature, parameters),
        enable_cache=step.enable_cache,
        policy=step.policy,
        attempts=step.attempts,
        takes_context=bool(signature.of_kind("context")),
    )
    return FunctionBody(
        spec=spec,
        function=step.entrypoint,
        arguments=parameters,
        input_types=input_types,
        output_types=dict(signature.outputs),
        injected={a.name: a.kind for a in signature.of_kind("context", "beam")},
        policy=step.policy,
        snapshot=step.snapshot,
    )


def _chosen(step: Step) -> dict[str, str]:
    """Give output to chosen materializer; raises StepDefinitionError for an unknown output."""
    outputs, chosen = step.signature.outputs, step.options.materializers
    if unknown := [name for name in chosen if name and name not in outputs]:
        near = NotFoundError.named("output", unknown[0], outputs)
        raise StepDefinitionError(f"step {step.name}, output_materializers: {near}")
    for_all = chosen.get("")
    path_by_output = {name: chosen.get(name, for_all) for name in outputs}
    return {name: path for name, path in path_by_output.items() if path is not None}
