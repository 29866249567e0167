"""Replaces a step of a pipeline by a component."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from tfx.orchestration import pipeline as tfx_pipeline

from zencache.errors import ConnectionTypeError, DefinitionError
from zencache_tfx.node_specs import compiled, renamed_deployment, steps_of

if TYPE_CHECKING:
    from tfx.dsl.components.base import base_node

    from zencache.model.specs import PipelineSpec, StepSpec


def replacement(slot: str, component: base_node.BaseNode, spec: PipelineSpec) -> StepSpec:
    """Give the step that a component is when it replaces another of the pipeline, under its name.

    Its channels say what feeds it: they name components of the pipeline by their ids.
    """
    old = spec.step(slot)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what feeds it is not in the pipeline that is compiled here
        alone = tfx_pipeline.Pipeline(
            old.node.pipeline if old.node else spec.name, "", components=[component]
        )
        try:
            [new] = steps_of(compiled(alone))
        except KeyError as error:
            raise DefinitionError(
                f"the component for {slot} was made in a condition on {error}; "
                "make it outside of `with Cond(…)`, "
                "or adopt a pipeline that has it"
            ) from error
    new = _in_place(new, old, spec)
    _check(new, old, spec)
    return new


def _in_place(new: StepSpec, old: StepSpec, spec: PipelineSpec) -> StepSpec:
    """Give a component the name and the switches of the step that it replaces."""
    assert new.node is not None
    late = any(
        spec.by_name[name].node and spec.by_name[name].node.is_late
        for name in new.upstream & set(spec.by_name)
    )
    node = new.node.replaced(is_late=new.node.is_late or late, deployment=renamed_deployment(new, old.name))
    return new.replaced(
        name=old.name,
        slot=old.slot,
        node=node,
        after=old.after,
        enable_cache=old.enable_cache,
        policy=old.policy,
    )


def _check(new: StepSpec, old: StepSpec, spec: PipelineSpec) -> None:
    outputs = {step.name: {o.name: o.type for o in step.outputs} for step in spec.steps}
    for item in new.inputs:
        output_type = outputs.get(item.source.step, {}).get(item.source.output)
        if output_type is None:
            raise DefinitionError(
                f"component {new.name} takes {item.name} from {item.source.output} of {item.source.step}, "
                f"which pipeline {spec.name} has not; it has {', '.join(spec.by_name)}"
            )
    new_types = {output.name: output.type for output in new.outputs}
    for step in spec.steps:
        for item in step.inputs:
            if (
                item.source.step == old.name
                and new_types.get(item.source.output) != outputs[old.name][item.source.output]
            ):
                raise ConnectionTypeError(
                    f"{step.name} takes {item.source.output} of {old.name}, "
                    f"{outputs[old.name][item.source.output]}; the new component gives "
                    f"{', '.join(f'{n}: {t}' for n, t in new_types.items()) or 'nothing'}"
                )
