"""Methods that steps and pipelines had, and options that are passed over."""

from __future__ import annotations

import time

import pytest

from zencache import BaseParameters, CachePolicy, Repository, pipeline, step
from zencache.compat import options
from zencache.errors import (
    CycleError,
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


def test_options_of_a_step_can_be_assigned(train):
    """Scripts of older releases do, and in the first release of zencache it worked; `with_options` keeps them."""
    train.enable_cache, train.name = False, "svc"
    train.materializers = {"": PICKLE}
    other = train.with_options(retries=2)
    assert (other.name, other.enable_cache, other.materializers) == ("svc", False, {"": PICKLE})
    train.attempts, train.policy = other.attempts, CachePolicy(code="function")
    assert (train.options.attempts.retries, train.options.policy.code) == (2, "function")
    with pytest.raises(StepDefinitionError):
        train.name = "../svc"


def test_an_option_of_a_step_with_its_parameters_is_not_assigned(train):
    """It would have no effect, and nobody would notice."""
    with pytest.raises(AttributeError, match=r"write train\.with_options\(enable_cache=…\)"):
        train().enable_cache = False


def test_a_step_that_cannot_be_configured_stays_as_it_was(train):
    """None of several options is changed."""
    made = train()
    with pytest.raises(ParameterError):
        made.configure(enable_cache=False, parameters={"y": 5})
    assert made.enable_cache is None


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


@step
def write(seconds: float = 0.0) -> int:
    time.sleep(seconds)
    return time.monotonic_ns()


@step
def look() -> int:
    return time.monotonic_ns()


@pipeline
def ordered(later, earlier):
    later()
    earlier()
    later.after(earlier)


def test_a_step_waits_for_another_in_a_body():
    """By slot, and by a step that is called directly; whichever is called first."""
    assert [(s.name, s.after) for s in ordered(look(), write()).spec.steps] == [
        ("write", ()),
        ("look", ("write",)),
    ]

    @pipeline
    def direct():
        write()
        look()
        look.after(write)

    assert direct().spec.by_name["look"].after == ("write",)


def test_an_order_is_kept_where_a_step_is_replaced(train):
    """Of the one that waits, and of the one that is waited for."""
    made = ordered(look(), write())
    made.replace_step("earlier", train())
    assert made.spec.by_name["look"].after == ("train",)
    made.replace_step("later", write())
    assert made.spec.by_name["write"].after == ("train",)


def test_an_order_that_cannot_be_is_said(train):
    """Outside a body; of a step that is never called; in a circle."""
    with pytest.raises(DefinitionError, match=r"step train: call after\(\) in the body of the pipeline"):
        train().after(look())

    @pipeline
    def missing():
        look()
        look.after(write)

    with pytest.raises(
        DefinitionError, match="pipeline missing orders step write, but its body never calls it"
    ):
        missing()

    @pipeline
    def circle(one, other):
        one()
        other()
        one.after(other)
        other.after(one)

    with pytest.raises(CycleError):
        circle(look(), write())


@pytest.mark.tfx
@pytest.mark.parametrize("worker_kind", ["threads", "processes"])
def test_the_order_holds_when_steps_run_at_once(worker_kind):
    """The later one begins when the earlier one has ended, also in a copy; the records keep it."""
    run = ordered(look(), write(seconds=0.3)).run(workers=2, worker_kind=worker_kind)
    assert run.steps["look"].output.load() > run.steps["write"].output.load()
    copied = Repository().get_pipeline_by_name("ordered").copy("copied", earlier=write(seconds=0.2))
    assert copied.spec.by_name["look"].after == ("write",)
    assert copied.run().steps["look"].is_cached


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
        "Note: @step: settings, step_operator are ignored: steps run on this machine, with what is "
        "installed here.\n"
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
    from zencache.model.legacy_api import LegacyAttributes

    class Mine(LegacyAttributes):
        @property
        def broken(self):
            return [].first

    with pytest.raises(AttributeError, match="'list' object has no attribute 'first'"):
        Mine().broken
