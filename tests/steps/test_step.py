"""What `@step` accepts, and what it says of the rest."""

from __future__ import annotations

import pickle
from typing import Annotated

import cloudpickle
import numpy as np
import pytest

from zencache import BaseParameters, BaseStepConfig, CachePolicy, Output, StepContext, step
from zencache.code.digest import CodeReader
from zencache.errors import ParameterError, StepDefinitionError


class Params(BaseParameters):
    gamma: float = 0.001
    layers: list = []


class Required(BaseStepConfig):
    path: str


@step
def train(params: Params, x: np.ndarray, scale: float = 1.0) -> float:
    return float(x.sum() * params.gamma * scale)


@step
def needs(config: Required) -> str:
    return config.path


@step
def split() -> tuple[Annotated[int, "low"], Annotated[str, "high"]]:
    return 1, "a"


def test_outputs_are_named_by_the_annotation():
    """One annotation is `output`; Output and Annotated name several; None is none."""

    @step
    def several() -> Output(a=int, b=str):
        return 1, "b"

    @step
    def none() -> None: ...

    assert train.signature.outputs == {"output": float}
    assert split.signature.outputs == {"low": int, "high": str}
    assert several.signature.outputs == {"a": int, "b": str}
    assert none.signature.outputs == {}


def test_decorating_again_refines():
    """The outer decorator's options win, the inner's stay where the outer is silent."""
    policy = CachePolicy(version="2")
    twice = step(enable_cache=True)(step(name="loader", enable_cache=False, cache=policy)(split))
    assert (twice.name, twice.enable_cache, twice.policy) == ("loader", True, policy)


def test_parameters_are_bound_by_position_or_name():
    """A parameters model goes by position or by its name; plain ones by keyword."""
    assert train(Params(gamma=1)).values == train(params=Params(gamma=1)).values
    assert train(Params(), scale=2).values["scale"] == 2


def test_a_bound_parameter_is_a_copy():
    """Changing an object after it was given changes nothing."""
    layers = [1]
    bound = train(Params(layers=layers))
    layers.append(2)
    assert bound.values["params"].layers == [1]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: train(gama=1), "takes no argument gama"),
        (lambda: train(scal=1), "did you mean scale"),
        (lambda: train(gamma=1), r"it is a field of params: give Params\(gamma=…\)"),
        (lambda: train(scale="big"), "parameter scale is declared float, got 'big'"),
        (lambda: train(params=3), "declared Params"),
        (lambda: train(params={"gamma": "much"}), "gamma"),
        (lambda: train(x=np.zeros(3)), "not a plain value; pass it from step to step"),
    ],
)
def test_a_wrong_parameter_is_named(call, words):
    """The error names step and parameter, and says what to give."""
    with pytest.raises(ParameterError, match=words):
        call()


def test_a_step_with_everything_bound_says_how_to_call_its_function():
    """A bound step is not the function."""
    with pytest.raises(ParameterError, match="train.entrypoint"):
        train(Params())(np.zeros(1))


def unannotated(x):
    return x


class Scaler:
    def scale(self, x: int) -> int:
        return x


def pairs(x: int) -> dict:
    yield x


def two_contexts(a: StepContext, b: StepContext) -> None: ...


def shadowed(params: Params, gamma: float) -> None: ...


def unknown(x: Nowhere) -> None: ...  # noqa: F821


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (unannotated, "does not say what it returns; annotate it"),
        (Scaler.scale, "is a method"),
        (pairs, "is a generator function, whose items are collected in a list"),
        (two_contexts, "more than one StepContext"),
        (shadowed, "gamma is an argument and a field"),
        (unknown, "annotations cannot be read"),
    ],
)
def test_a_signature_that_cannot_be_wired_is_refused(function, words):
    """The error says what to write instead."""
    with pytest.raises(StepDefinitionError, match=words):
        _ = step(function).signature


@pytest.mark.parametrize("name", ["../up", "a/b", "", "x" * 101, "nul\0", "-dash", "a\nb"])
def test_a_name_that_could_be_a_path_is_refused(name):
    """Names go into records and folders."""
    with pytest.raises(StepDefinitionError, match="cannot be the name of a step"):
        step(name=name or " ")(split)


def test_a_pickled_step_keeps_its_digest():
    """A snapshot is the code that was: its digest does not depend on a file that may be gone."""
    inside = 3

    @step
    def closure(x: int) -> int:
        return x + inside

    loaded = pickle.loads(cloudpickle.dumps(closure))
    assert CodeReader().of(loaded.entrypoint).digest == CodeReader().of(closure.entrypoint).digest
    assert loaded.entrypoint(1) == 4


def test_a_function_that_returns_nothing_needs_no_annotation(folder):
    """Its bytecode tells; one that may return something has to say what."""

    def shows(x: int):
        if x:
            return
        print(x)

    assert step(shows).signature.outputs == {}
    for function in (lambda x: x or None, lambda x: [x]):
        function.__name__ = "gives"
        with pytest.raises(StepDefinitionError, match="does not say what it returns"):
            step(function).signature
