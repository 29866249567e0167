"""Steps compose: lists of outputs, any number of arguments, maps, calls outside of bodies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from zencache import pipeline, step
from zencache.errors import ConnectionTypeError, DefinitionError, ParameterError
from zencache.execution.function_call import call, event_loop
from zencache.model.output_places import filled
from zencache.model.step_context import running


@step
def score(i: int = 0) -> int:
    return 5 + i


@step
def best(scores: list[int]) -> int:
    return max(scores)


@step
def words() -> str:
    return "a"


@step
def merge(first: int, *others: int, scale: int = 1, **named: int) -> list:
    return [first, others, scale, named]


@step
def pair() -> tuple:
    return 1, 2


@step
def nothing() -> None: ...


def spec_of(body):
    return pipeline(name="p")(body)().spec


def bodies_of(body):
    return pipeline(name="p")(body)().parts.bodies


@pytest.mark.parametrize(
    "use",
    [
        lambda x: "good" if x == 5 else "bad",
        lambda x: x != 5,
        lambda x: x in (5, 6),
        lambda x: x in {5, 6},
        lambda x: {5: "a"}.get(x),
        lambda x: f"model-{x}",
        lambda x: f"model-{x:>3}",
        lambda x: "a" + x,
        lambda x: 1 + x,
        lambda x: x + 1,
        lambda x: x > 1,
        lambda x: max(x, 3),
        lambda x: -x,
        lambda x: abs(x),
        lambda x: int(x),
        lambda x: float(x),
        lambda x: range(x),
        lambda x: len(x),
        lambda x: x.mean(),
        lambda x: getattr(x, "mean", None),
        lambda x: x(),
        lambda x: x[0],
        lambda x: Path(x),
        lambda x: not x,
    ],
)
def test_an_output_is_never_taken_for_a_value(use):
    """Whatever Python does with a value raises in a pipeline's body, and says what to write."""
    with pytest.raises(DefinitionError, match="has no value yet.*do that in a step"):
        spec_of(lambda: use(score()))


def test_a_step_without_outputs_has_no_result_in_a_body():
    """It cannot be tested: nothing has run."""
    with pytest.raises(DefinitionError, match="without outputs"):
        spec_of(lambda: nothing() or None)


def test_outputs_inside_of_arguments_are_inputs():
    """A list of outputs and values feeds one argument, in order; an output counts once."""
    spec = spec_of(lambda: best([score(1), 7, (first := score(2)), first]))
    step_spec = spec.by_name["best"]
    assert {n: s.step for n, s in step_spec.input_sources.items()} == {
        "scores": "score",
        "scores[1]": "score_2",
    }
    assert step_spec.parameters == {"scores[]": '[{"$output":0},7,{"$output":1},{"$output":1}]'}


def test_a_list_without_outputs_is_a_parameter():
    """Its text is as it was: keys of pipelines that exist stay."""
    assert spec_of(lambda: best([1, 2])).by_name["best"].parameters == {"scores": "[1,2]"}


def test_the_order_of_outputs_is_in_the_structure():
    """`[a, b]` and `[b, a]` are two versions of a pipeline."""
    forth = spec_of(lambda: best([score(1), score(2)]))
    back = spec_of(lambda: best([score(1), score(2)][::-1]))
    assert forth.structure != back.structure


@pytest.mark.parametrize(
    ("body", "words_", "error"),
    [
        (
            lambda: best([score(), words()]),
            r"takes scores\[1\]: int, but output output of step words",
            ConnectionTypeError,
        ),
        (lambda: best({"a": score()}), "not a dict of outputs", ParameterError),
        (lambda: best([score(), "a"]), "a part of argument scores is declared int, got 'a'", ParameterError),
        (lambda: score([score()]), "not a list of outputs", ParameterError),
    ],
)
def test_parts_of_an_argument_are_checked(body, words_, error):
    """A wrong part is named when the body is read."""
    with pytest.raises(error, match=words_):
        spec_of(body)


def test_any_number_of_arguments():
    """`*args` and `**kwargs` take outputs and values."""
    body = bodies_of(lambda: merge(1, score(), 3, scale=2, a=score(4)))["merge"]
    arguments = filled(body.arguments, {"others": 10, "named": 20})
    assert call(merge.entrypoint, arguments) == [1, (10, 3), 2, {"a": 20}]
    assert call(merge.entrypoint, bodies_of(lambda: merge(1))["merge"].arguments) == [1, (), 1, {}]


def test_a_map_calls_a_step_for_each_item():
    """Lists are taken item by item, other values go to every call."""
    spec = spec_of(lambda: merge.map([1, 2], scale=3))
    assert [spec.by_name[n].parameters["first"] for n in ("merge", "merge_2")] == ["1", "2"]
    assert {spec.by_name[n].parameters["scale"] for n in ("merge", "merge_2")} == {"3"}


def test_a_map_feeds_a_step():
    """The outputs of a map are a list of outputs."""
    spec = spec_of(lambda: best(score.map(range(3))))
    assert [s.step for s in spec.by_name["best"].input_sources.values()] == ["score", "score_2", "score_3"]


@pytest.mark.parametrize("use", [lambda: score.map(1), lambda: merge.map([1, 2], scale=[1])])
def test_a_map_needs_lists_of_one_length(use):
    """Else it is not clear how often the step is called."""
    with pytest.raises(ParameterError, match="lists of one length"):
        spec_of(use)


def test_a_step_outside_of_a_body_is_its_function():
    """With values, or with results of other steps; a parameter by keyword is bound for a slot."""
    assert score(3) == 8
    assert best([score(1), score(2)]) == 7
    assert merge(first=score(i=1), scale=2) == [6, (), 2, {}]
    assert merge(score(), 1) == [5, (1,), 1, {}]
    assert score(i=3).values == {"i": 3}
    assert score.map([1, 2]) == [6, 7]


def test_a_step_inside_of_a_step_is_its_function():
    """Also with keywords alone."""
    with running():
        assert score(i=3) == 8
    assert call(lambda: score(i=1), {}) == 6


def run(function, **arguments):
    with event_loop(function) as loop:
        return call(function, arguments, loop)


def test_async_steps_are_awaited_and_generators_collected():
    """Also generators that are async."""

    async def fetch(x: int) -> int:
        return x

    def rows(x: int) -> Iterator[int]:
        yield x
        yield x + 1

    async def arows(x: int) -> list[int]:
        yield await fetch(x)

    assert (run(fetch, x=3), run(rows, x=3), run(arows, x=3)) == (3, [3, 4], [3])
    assert step(rows).signature.outputs == {"output": list[int]}
    assert step(arows).signature.outputs == {"output": list[int]}


def test_an_async_step_runs_where_a_loop_runs():
    """As in a notebook."""

    async def fetch() -> int:
        return 1

    async def notebook() -> int:
        return run(fetch)

    assert run(notebook) == 1


@pytest.mark.tfx
@pytest.mark.slow
def test_a_list_of_outputs_runs_and_is_reused(tmp_path, monkeypatch):
    """One item that changed computes that item and what takes the list."""
    monkeypatch.chdir(tmp_path)

    @pipeline
    def p(numbers: list):
        best([score(number) for number in numbers])

    assert p([1, 2, 3]).run().steps["best"].output.load() == 8
    last = p([1, 9, 2, 3]).run()
    assert last.steps["best"].output.load() == 14
    assert [s.status for s in last.steps.values()] == ["cached", "executed", "cached", "cached", "executed"]
