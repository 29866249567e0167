"""A spec is a graph, is data, and knows its structure."""

from __future__ import annotations

import pytest

from zencache.errors import CycleError, DefinitionError
from zencache.model.specs import CodeRef, InputSpec, OutputRef, OutputSpec, PipelineSpec, StepSpec


def make_step(name, *upstream, function=None, **options):
    inputs = tuple(
        InputSpec(name=f"x{n}", type="int", source=OutputRef(step=u, output="output"))
        for n, u in enumerate(upstream)
    )
    code = CodeRef(module="m", qualname=function or name)
    return StepSpec(
        name=name, code=code, inputs=inputs, outputs=(OutputSpec(name="output", type="int"),), **options
    )


def make_pipeline(*steps, name="p"):
    return PipelineSpec(name=name, steps=steps)


def test_steps_that_wait_for_each_other_are_a_cycle():
    """A cycle is named, and is no spec."""
    with pytest.raises(CycleError, match="step a of pipeline p waits for b, which waits for it"):
        make_pipeline(make_step("a", "b"), make_step("b", "a"))


def test_an_input_from_nowhere_is_refused():
    """Each input comes from a step of the pipeline."""
    with pytest.raises(DefinitionError, match="takes an input from ghost"):
        make_pipeline(make_step("a", "ghost"))


def test_two_steps_of_one_name_are_refused():
    """A step is known by its name."""
    with pytest.raises(DefinitionError, match="two steps named a"):
        make_pipeline(make_step("a"), make_step("a"))


def test_a_pipeline_without_steps_is_refused():
    """An empty body is a mistake."""
    with pytest.raises(DefinitionError, match="has no steps"):
        make_pipeline()


def test_a_spec_survives_json():
    """What is recorded is what was run."""
    spec = make_pipeline(make_step("a", parameters={"n": "1"}), make_step("b", "a"))
    assert PipelineSpec.model_validate_json(spec.model_dump_json()) == spec


def test_parameters_and_names_do_not_make_a_structure():
    """Another parameter, pipeline name or cache setting is the same version."""
    plain = make_pipeline(make_step("a"))
    other = make_pipeline(make_step("a", parameters={"n": "2"}, enable_cache=False), name="q")
    assert plain.structure == other.structure


@pytest.mark.parametrize(
    "other",
    [
        make_pipeline(make_step("a"), make_step("b", "a"), make_step("c", "a")),
        make_pipeline(make_step("a"), make_step("b", "a"), make_step("c", "b", function="another")),
        make_pipeline(make_step("a"), make_step("b", "a")),
    ],
    ids=["rewired", "replaced", "removed"],
)
def test_another_step_or_wire_is_another_structure(other):
    """Replacing, rewiring or removing a step makes a version."""
    assert (
        make_pipeline(make_step("a"), make_step("b", "a"), make_step("c", "b")).structure != other.structure
    )


def _named(name, *, after=(), feeds=()):
    from zencache.model.specs import CodeRef, InputSpec, OutputRef, StepSpec

    inputs = tuple(
        InputSpec(name=f"i{n}", type="int", source=OutputRef(step=s, output="o")) for n, s in enumerate(feeds)
    )
    return StepSpec(name=name, code=CodeRef(module="m", qualname=name), inputs=inputs, after=after)


def test_steps_are_put_after_what_they_wait_for():
    """Law: each step comes after those that it waits for, and the order is as it was otherwise."""
    from zencache.model.specs import in_order

    steps = [_named("c", feeds=("a",)), _named("b", after=("c",)), _named("a"), _named("d")]
    assert [step.name for step in in_order(steps)] == ["a", "c", "b", "d"]
    assert [step.name for step in in_order(steps[2:])] == ["a", "d"]


def test_an_order_without_a_connection_is_a_dependency_and_part_of_the_structure():
    from zencache.model.specs import PipelineSpec

    ordered = PipelineSpec(name="p", steps=(_named("a"), _named("b", after=("a",))))
    free = PipelineSpec(name="p", steps=(_named("a"), _named("b")))
    assert ordered.by_name["b"].upstream == {"a"}
    assert ordered.structure != free.structure


def test_several_artifacts_feed_one_input_in_order():
    """Law: an input of a component that several artifacts feed has them all, numbered."""
    from zencache.model.specs import InputSpec, NodeRef, OutputRef

    made = _named("c").replaced(
        node=NodeRef(ir="x", pipeline="p"),
        inputs=tuple(
            InputSpec(name="all", type="Examples", source=OutputRef(step=s, output="examples"))
            for s in ("a", "b")
        ),
    )
    outputs = {"a": {"examples": 1, "examples[1]": 2, "other": 0}, "b": {"examples": 3}}
    assert made.fed(outputs) == {"all": 1, "all[1]": 2, "all[2]": 3}
