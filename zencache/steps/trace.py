"""Traces a pipeline's body: each step that it calls is noted, not run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zencache.errors import (
    ConnectionTypeError,
    DefinitionError,
    NotFoundError,
    ParameterError,
    StepDefinitionError,
)
from zencache.model.output_places import holds
from zencache.model.plugins import components
from zencache.model.specs import CodeRef, InputSpec, OutputRef, OutputSpec, StepSpec, indexed, key_and_index
from zencache.model.types import is_assignable, type_name
from zencache.model.values import OutputPlace
from zencache.planning.bodies import FunctionBody
from zencache.planning.component_body import ComponentBody
from zencache.steps.active_trace import ACTIVE, OutputHandle, OutputHandles
from zencache.steps.binding import by_keyword, check_known, check_parameter, complete, spread
from zencache.steps.composition import checked, composed, holds_outputs, input_types
from zencache.steps.parameters import BaseParameters
from zencache.steps.tfx_objects import is_channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zencache.planning.bodies import Body
    from zencache.steps.signature import Signature
    from zencache.steps.step import Step


Called = tuple[str | None, "Step"]
"""A call of a step in a body: its slot, if it has one, and the step."""


class Trace:
    """The steps that a pipeline's body has called so far."""

    def __init__(self, pipeline: str) -> None:
        self.pipeline = pipeline
        self.bodies: dict[str, Body] = {}
        self.steps: dict[str, Step] = {}
        self._numbers: dict[str, int] = {}
        """Name of a step to the highest number that a call of it has."""
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
        sources: dict[str, tuple[OutputRef, ...]] = {}
        parameters: dict[str, Any] = {}
        for name, value in values.items():
            argument = step.signature.arguments[name]
            if isinstance(value, OutputHandle):
                sources[name] = self._sources(step, name, [value], {name: argument.annotation})
            elif argument.kind == "value" and holds_outputs(value):
                places, handles = composed(value)
                parameters[name] = checked(step.name, name, places, argument.annotation)
                kinds = input_types(step.name, name, places, argument.annotation)
                sources[name] = self._sources(step, name, handles, kinds)
            else:
                parameters[name] = check_parameter(step.name, argument, value)
        body = make_body(step, {**bound, **parameters}, sources, name=self._free_name(step.name), slot=slot)
        self.bodies[body.spec.name] = body
        self.steps[body.spec.name] = step
        output_handles = OutputHandles(
            OutputHandle(body.spec.name, n, kind, self) for n, kind in step.signature.outputs.items()
        )
        return output_handles[0] if len(output_handles) == 1 else output_handles

    def _taken(self, step: Step, name: str, value: Any) -> Any:
        """Give a handle for a TFX channel, also inside of a list or dict; other values are unchanged."""
        if isinstance(value, list | tuple) and any(map(is_channel, value)):
            return [self._taken(step, name, item) for item in value]
        if type(value) is dict and any(map(is_channel, value.values())):
            return {key: self._taken(step, name, item) for key, item in value.items()}
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

    def _sources(
        self, step: Step, name: str, handles: Sequence[OutputHandle], types: Mapping[str, Any]
    ) -> tuple[OutputRef, ...]:
        """Check the outputs that feed an argument, and name them."""
        for number, handle in enumerate(handles):
            self._check_connection(step, indexed(name, number), handle, types[indexed(name, number)])
        return tuple(OutputRef(step=handle.step, output=handle.name) for handle in handles)

    def _check_connection(self, step: Step, name: str, handle: OutputHandle, wanted: Any) -> None:
        if handle.trace is not self:
            raise DefinitionError(
                f"step {step.name}: argument {name} is an output of another pipeline's step {handle.step}"
            )
        argument = step.signature.arguments[key_and_index(name)[0]]
        if argument.kind == "model":
            raise ParameterError(
                f"step {step.name}: {name} takes a {argument.annotation.__name__}, not another step's output"
            )
        check_types(handle.step, handle.name, handle.annotation, step.name, name, wanted)

    def _free_name(self, name: str) -> str:
        """Give the name, or `name_2`, `name_3` where the pipeline has it already."""
        free = name
        while free in self.bodies:  # the count starts where the last call of that name ended
            self._numbers[name] = self._numbers.get(name, 1) + 1
            free = f"{name}_{self._numbers[name]}"
        return free


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
    named = by_keyword(step.signature, kwargs)
    check_known(step.name, step.signature, named)
    with_model = any(isinstance(value, BaseParameters) for value in args)
    takers = step.signature.of_kind("value", "model") if with_model else step.signature.of_kind("value")
    takers = [a for a in takers if not a.variadic]
    open_names = [a.name for a in takers if a.name not in bound and a.name not in named]
    rest = step.signature.variadic("*")
    if rest is not None and len(args) > len(open_names):
        return dict(zip(open_names, args, strict=False)) | {rest: args[len(open_names) :]} | named
    if len(args) > len(open_names):
        raise ParameterError(
            f"step {step.name} takes {len(open_names)} more arguments ({', '.join(open_names) or 'none'}), "
            f"got {len(args)}"
        )
    return dict(zip(open_names, args, strict=False)) | named


Sources = Mapping[str, Sequence[OutputRef]]
"""Argument to the outputs that feed it."""
_ONE = OutputPlace(0)


def make_body(
    step: Step, values: Mapping[str, Any], sources: Sources, *, name: str, slot: str | None
) -> FunctionBody:
    """Make the spec and the body of a step whose parameters and inputs are known."""
    signature: Signature = step.signature
    chosen = _chosen(step)
    parameters = complete(
        step.name,
        signature,
        {n: v for n, v in values.items() if n not in sources or holds(v, OutputPlace)},
        sources,
    )
    fed = [argument for argument in signature.arguments.values() if argument.name in sources]
    types = {
        n: kind
        for a in fed
        for n, kind in input_types(step.name, a.name, parameters.get(a.name, _ONE), a.annotation).items()
    }
    spec = StepSpec(
        name=name,
        slot=slot,
        code=CodeRef(module=step.module, qualname=step.qualname),
        inputs=tuple(
            InputSpec(name=key, type=type_name(kind), source=sources[key][number])
            for (key, number), kind in ((key_and_index(n), kind) for n, kind in types.items())
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
        input_types=types,
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
