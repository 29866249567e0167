"""Replaces a step of a pipeline by another and keeps its connections."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from zencache.errors import DefinitionError
from zencache.model.output_places import holds
from zencache.model.plugins import components
from zencache.model.specs import InputSpec, OutputRef, PipelineSpec, StepSpec, in_order
from zencache.model.values import OutputPlace
from zencache.planning.bodies import Body, FunctionBody
from zencache.planning.component_body import ComponentBody
from zencache.steps.trace import check_types, make_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.steps.step import BoundStep, Step

Live = tuple[dict[str, Body], dict[str, "Step"]]


def replaced(
    spec: PipelineSpec, bodies: Mapping[str, Body], steps: Mapping[str, Step], slot: str, bound: BoundStep
) -> tuple[PipelineSpec, Live]:
    """Give the parts of a pipeline in which `bound` replaces `slot`."""
    old = spec.step(slot)
    # A component knows what feeds it by name.
    name = old.name if any(step.node for step in spec.steps) else _name(spec, old, bound.step.name)
    sources, values = _sources(old, bodies[old.name], bound)
    new = make_body(bound.step, values, sources, name=name, slot=old.slot)
    new = dataclasses.replace(new, spec=new.spec.replaced(after=old.after))
    outputs = _renamed_outputs(spec, old, new.spec)
    new_bodies: dict[str, Body] = {}
    for body in bodies.values():
        changed = new if body.spec.name == old.name else _fed_by(body, old.name, name, outputs)
        new_bodies[changed.spec.name] = changed
    _check(new_bodies, name)
    new_steps = {n: bound.step if n == name else steps[n] for n in new_bodies if n == name or n in steps}
    order = [name if step.name == old.name else step.name for step in spec.steps]
    new_spec = spec.replaced(steps=tuple(new_bodies[each].spec for each in order))
    return new_spec, (new_bodies, new_steps)


def with_component(
    spec: PipelineSpec, bodies: Mapping[str, Body], steps: Mapping[str, Step], slot: str, component: Any
) -> tuple[PipelineSpec, Live]:
    """Give the parts of a pipeline in which a TFX component replaces `slot`, under the name of that step."""
    new = components().replacement(slot, component, spec)
    order = in_order([new if step.name == new.name else step for step in spec.steps])
    all_bodies = {**bodies, new.name: ComponentBody.of(new)}
    live = {step.name: all_bodies[step.name] for step in order}
    return spec.replaced(steps=order), (live, {n: step for n, step in steps.items() if n != new.name})


def _name(spec: PipelineSpec, old: StepSpec, wanted: str) -> str:
    taken = spec.by_name.keys() - {old.name}
    candidates = (wanted, *(f"{wanted}_{number}" for number in range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if candidate not in taken)


def _sources(
    old: StepSpec, body: Body, bound: BoundStep
) -> tuple[dict[str, tuple[OutputRef, ...]], dict[str, Any]]:
    """Feed the new step's arguments as the old one's: by name, or else by position. Gives its values too."""
    takes = [a.name for a in bound.step.signature.of_kind("value") if a.name not in bound.values]
    fed: dict[str, tuple[OutputRef, ...]] = {}
    for item in old.inputs:
        fed[item.name] = (*fed.get(item.name, ()), item.source)
    new_names = {name: name for name in fed}
    if not set(fed) <= set(takes):
        new_names = dict(zip(fed, takes, strict=False))
    if len(takes) < len(fed):
        raise DefinitionError(
            f"step {bound.step.name} cannot replace {old.name}: that is fed {', '.join(fed)}, "
            f"and {bound.step.name} takes {', '.join(takes) or 'no inputs'}"
        )
    composed = {n: v for n, v in body.arguments.items() if n in fed and holds(v, OutputPlace)}
    values = {**bound.values, **{new_names[name]: value for name, value in composed.items()}}
    return {new_names[name]: sources for name, sources in fed.items()}, values


def _renamed_outputs(spec: PipelineSpec, old: StepSpec, new: StepSpec) -> dict[str, str]:
    """Map each output of the old step that another step uses to an output of the new one."""
    used = {i.source.output for s in spec.steps for i in s.inputs if i.source.step == old.name}
    names = [output.name for output in new.outputs]
    if used <= set(names):
        return {name: name for name in used}
    if len(new.outputs) == len(old.outputs):
        return dict(zip((o.name for o in old.outputs), names, strict=True))
    raise DefinitionError(
        f"step {new.name} cannot replace {old.name}: other steps use its {', '.join(sorted(used))}, "
        f"and {new.name} gives {', '.join(names) or 'nothing'}"
    )


def _fed_by(body: Body, old: str, new: str, outputs: Mapping[str, str]) -> Body:
    inputs = tuple(
        InputSpec(name=i.name, type=i.type, source=OutputRef(step=new, output=outputs[i.source.output]))
        if i.source.step == old
        else i
        for i in body.spec.inputs
    )
    after = tuple(new if name == old else name for name in body.spec.after)
    return body.with_spec(body.spec.replaced(inputs=inputs, after=after))


def _check(bodies: Mapping[str, Body], name: str) -> None:
    """Check the types of all connections of a step with other steps."""
    for target in bodies.values():
        for input_name, source in target.spec.input_sources.items():
            ends = (target, bodies[source.step])
            if name in (target.spec.name, source.step) and all(isinstance(end, FunctionBody) for end in ends):
                output_type = bodies[source.step].output_types[source.output]
                argument_type = target.input_types[input_name]
                check_types(
                    source.step,
                    source.output,
                    output_type,
                    target.spec.name,
                    input_name,
                    argument_type,
                )
