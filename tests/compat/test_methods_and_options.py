"""Methods that steps and pipelines had, and options that are passed over."""

from __future__ import annotations

import pytest

from zencache import BaseParameters, pipeline, step
from zencache.compat import options
from zencache.errors import (
    DefinitionError,
    NoSuchAttributeError,
    ParameterError,
    StepDefinitionError,
)
from zencache.materializers.pickle import PickleMaterializer

PICKLE = "zencache.materializers.pickle:PickleMaterializer"


class Params(BaseParameters):
    gamma: float = 0.1


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch):
    monkeypatch.setattr(options, "_told", set())


@pytest.fixture
def train():
    @step
    def train(params: Params, x: int = 1) -> float:
        return params.gamma * x

    return train


@pytest.fixture
def training(train):
    @pipeline
    def training(trainer):
        trainer()

    return training


# -- steps ----------------------------------------------------------------------------------------


def test_configure_changes_a_step_and_gives_it_back(train):
    """Of one with its parameters the function's step stays as it was."""
    made = train(Params(gamma=0.5))
    assert made.configure(enable_cache=False, name="svc") is made
    assert (made.name, made.enable_cache, made.values["params"].gamma) == ("svc", False, 0.5)
    assert (train.name, train.enable_cache) == ("train", None)
    assert train.configure(enable_cache=True) is train
    assert train.enable_cache is True


def test_configure_sets_parameters(train):
    """Of a step that has some; of a function's it says where they go."""
    assert train().configure(parameters={"x": 5}).values == {"x": 5}
    with pytest.raises(ParameterError, match="step train takes no argument y"):
        train().configure(parameters={"y": 5})
    with pytest.raises(DefinitionError, match=r"takes parameters where it is called: train\(x=…\)"):
        train.configure(parameters={"x": 5})


def test_with_options_gives_another_step(train):
    """The one that it is called on stays as it is."""
    made = train(Params(gamma=0.5))
    other = made.with_options(enable_cache=False)
    assert (other.enable_cache, other.values, made.enable_cache) == (False, made.values, None)
    assert train.with_options(name="other").name == "other"


@pytest.mark.parametrize(
    "chosen",
    [
        PickleMaterializer,
        {"output": PickleMaterializer},
        {"output": [PickleMaterializer]},
        PICKLE,
        PICKLE.replace(":", "."),
    ],
    ids=["for all", "for one", "in a list", "by path", "by dotted path"],
)
def test_a_step_chooses_what_stores_its_outputs(train, training, chosen):
    """By decorator and by method; the spec, and so the key, has it."""
    decorated = step(output_materializers=chosen)(train)
    for made in (decorated, decorated(), train().with_return_materializers(chosen)):
        [output] = training(made).spec.by_name["train"].outputs
        assert output.materializer == PICKLE


def test_a_choice_for_an_unknown_output_names_the_nearest(train, training):
    """And what is no materializer is refused at once."""
    with pytest.raises(StepDefinitionError, match="no output named 'outptu'; did you mean 'output'"):
        training(train().with_return_materializers({"outptu": PickleMaterializer}))
    with pytest.raises(
        StepDefinitionError, match="3 cannot store the outputs of a step; name a Materializer class"
    ):
        train().with_return_materializers(3)


def test_after_says_what_orders_steps(train):
    """It raises: the order would be lost otherwise."""
    for made in (train, train()):
        with pytest.raises(
            DefinitionError,
            match=r"step train: after\(\) has no meaning here: a step waits for what feeds it",
        ):
            made.after(train())


# -- pipelines ------------------------------------------------------------------------------------


def test_a_pipeline_is_configured(train, training):
    """Before it is called, and after."""
    made = training(train())
    assert made.enable_cache is True
    assert made.configure(enable_cache=False) is made
    assert made.spec.enable_cache is False
    assert training.configure(enable_cache=False)(train()).enable_cache is False


# -- options --------------------------------------------------------------------------------------


def test_options_of_older_releases_are_passed_over_in_one_line(capsys):
    """It says which, and why, once for the same words."""
    for _ in range(2):

        @step(settings={"docker": 1}, step_operator="vertex", extra=None)
        def load() -> int:
            return 1

    assert capsys.readouterr().err == (
        "Note: @step: settings, step_operator are ignored: steps run on this machine, with what is installed here.\n"
    )


def test_options_of_pipelines_are_passed_over(capsys):
    """Those of the decorator."""

    @pipeline(required_integrations=["sklearn"], dockerignore_file="x")
    def p():
        pass

    assert "@pipeline: required_integrations, dockerignore_file are ignored" in capsys.readouterr().err


def test_options_without_which_the_result_would_differ_raise():
    """The error says what to do instead."""
    with pytest.raises(
        DefinitionError, match=r"secrets=… is not supported: set what the steps need as environment"
    ):
        pipeline(secrets=["key"])


def test_options_that_nobody_had_name_the_nearest():
    """A misspelt one is no old one."""
    with pytest.raises(ParameterError, match="@step takes no option enable_cach; did you mean enable_cache"):
        step(enable_cach=True)
    with pytest.raises(
        ParameterError, match="@pipeline takes no option xyz; it takes name, enable_cache, cache"
    ):
        pipeline(xyz=True)


# -- what is not here -----------------------------------------------------------------------------


def test_an_unknown_attribute_names_the_nearest(train, training):
    """Of old words it says what stands for them."""
    with pytest.raises(NoSuchAttributeError, match="a Step has no with_option; did you mean with_options"):
        train.with_option()
    with pytest.raises(
        AttributeError, match="a Pipeline has no register; a pipeline is recorded when it runs first"
    ):
        training(train()).register()
    assert not hasattr(train, "nothing_like_it")


def test_an_attribute_that_raises_says_what_it_raised():
    """The old names do not hide an error in a property."""
    from zencache.older import Older

    class Mine(Older):
        @property
        def broken(self):
            return [].first

    with pytest.raises(AttributeError, match="'list' object has no attribute 'first'"):
        Mine().broken
