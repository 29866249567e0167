"""Reading a pipeline's body: both styles, and what is wrong before anything runs."""

from __future__ import annotations

import pytest

from zencache import Output, pipeline, step
from zencache.errors import (
    ConnectionTypeError,
    DefinitionError,
    ImmutablePipelineError,
    NotFoundError,
    ParameterError,
)


@step
def load(rows: int = 3) -> list:
    return list(range(rows))


@step
def total(numbers: list, factor: float = 1.0) -> float:
    return sum(numbers) * factor


@step
def words() -> str:
    return "a b"


@step
def pair() -> Output(a=list, b=list):
    return [1], [2]


@pipeline
def slots(first, second):
    second(first())


@pipeline
def direct(rows: int = 3):
    total(load(rows=rows), factor=2.0)


def test_both_styles_give_one_graph():
    """Slots and direct calls are two ways to write the same pipeline."""
    by_slots = slots(first=load(rows=3), second=total(factor=2.0)).spec
    by_calls = direct(3).spec
    assert by_slots.structure == by_calls.structure
    assert [s.parameters for s in by_slots.steps] == [s.parameters for s in by_calls.steps]


def test_a_step_called_twice_is_numbered():
    """The second `load` is `load_2`."""

    @pipeline
    def twice():
        load()
        load()
        load()

    assert list(twice().spec.by_name) == ["load", "load_2", "load_3"]


def test_outputs_are_taken_by_position_or_name():
    """Several outputs unpack, and have names."""

    @pipeline
    def both():
        made = pair()
        total(made.b)
        a, _ = made
        total(a)

    sources = [s.inputs[0].source.output for s in both().spec.steps if s.inputs]
    assert sources == ["b", "a"]


def test_a_wrong_connection_names_both_steps_and_types():
    """Types are checked when the body is read."""
    with pytest.raises(
        ConnectionTypeError, match="step total takes numbers: list, but output output of step words is str"
    ):
        slots(first=words(), second=total())


@pytest.mark.parametrize(
    ("make", "words_"),
    [
        (
            lambda: slots(first=load()),
            r"second is empty; give a step \(or a value\): slots\(first=…, second=…\)",
        ),
        (lambda: slots(first=load(), secnd=total()), "did you mean second"),
        (lambda: slots(first=load(), second=words()), "takes 0 more arguments"),
        (lambda: pipeline(name="p")(lambda: total())(), "argument numbers .* is missing"),
        (lambda: pipeline(name="p")(lambda: None)(), "has no steps"),
        (lambda: pipeline(name="p")(lambda: load() and None)(), "has no value yet"),
        (lambda: pipeline(name="p")(lambda: [*load()])(), "has one output"),
        (lambda: pipeline(name="p")(lambda: direct())(), "is called in the body of pipeline"),
        (lambda: pipeline(name="p")(lambda: total(load(), factr=1))(), "did you mean factor"),
    ],
)
def test_a_mistake_in_a_body_is_explained(make, words_):
    """One clear error says what to write."""
    with pytest.raises((DefinitionError, ParameterError), match=words_):
        make()


def test_a_copy_can_be_changed_and_the_original_stays():
    """replace_step rewires by name or position; the original is untouched."""

    @step
    def mean(values: list) -> float:
        return sum(values) / len(values)

    original = slots(first=load(), second=total())
    copied = original.copy("other", second=mean())
    assert list(copied.spec.by_name) == ["load", "mean"]
    assert list(original.spec.by_name) == ["load", "total"]
    assert copied.spec.step("second").inputs[0].source.step == "load"
    copied.replace_step("first", load(rows=9))
    assert copied.spec.step("first").parameters == {"rows": "9"}


def test_a_replacement_that_does_not_fit_is_refused():
    """Types, inputs and slots are checked when a step is replaced."""
    copied = slots(first=load(), second=total()).copy("other")
    with pytest.raises(ConnectionTypeError):
        copied.replace_step("first", words())
    with pytest.raises(DefinitionError, match="cannot replace"):
        copied.replace_step("second", words())
    with pytest.raises(NotFoundError, match="did you mean 'second'"):
        copied.replace_step("secnd", total())


def test_what_comes_from_elsewhere_cannot_be_fed():
    """A handle belongs to the body that made it."""
    kept = []

    @pipeline
    def leaks():
        kept.append(load())

    leaks()
    with pytest.raises(DefinitionError, match="another pipeline's step"):
        pipeline(name="p")(lambda: total(kept[0]))()


def test_immutable_says_to_copy():
    """A pipeline that has run is changed by copying it."""
    made = slots(first=load(), second=total())
    made._immutable = True
    with pytest.raises(ImmutablePipelineError, match="copy it and change the copy"):
        made.replace_step("second", total())
