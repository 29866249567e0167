"""The steps' configurations: values that are checked when they are made."""

import json
import subprocess
import sys

import pytest
from zencache_tfx.classic import (
    BaseTrainerStep,
    CategoricalDomainSplit,
    CategoricalRatioSplit,
    CSVDatasource,
    FeedForwardTrainer,
    HashSplit,
    NoSplit,
    RandomSplit,
    StandardPreprocesser,
    TFFeedForwardTrainer,
    TFMAEvaluator,
)

from zencache.errors import NotFoundError, ParameterError


def test_importing_the_classic_api_brings_no_engine():
    """Scripts that only look at records pay for no TensorFlow."""
    heavy = "{'tensorflow', 'tfx', 'apache_beam', 'pandas', 'numpy', 'ml_metadata'}"
    code = f"import sys, zencache_tfx.classic; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_env()
    )
    assert done.stdout.strip() == "[]"


def _env():
    return {"PYTHONPATH": ":".join(sys.path)}


def test_a_value_cannot_be_edited():
    """What was checked stays as it was checked."""
    with pytest.raises(ValueError, match="frozen"):
        NoSplit().split_map = {}
    with pytest.raises(ValueError, match="frozen"):
        TFMAEvaluator().slices = []


@pytest.mark.parametrize(
    "made",
    [
        RandomSplit({"train": 7, "eval": 3}),
        HashSplit("job", {"train": 2, "eval": 1}),
        CategoricalDomainSplit("job", {"train": ["baker"], "eval": ["cook"]}, "eval"),
        CategoricalRatioSplit("job", ["a", "b"], {"train": 0.5, "eval": 0.5}),
        StandardPreprocesser(["age"], ["ill"]),
        TFMAEvaluator({"ill": ["AUC"]}, [["job"]]),
    ],
    ids=lambda made: type(made).__name__,
)
def test_a_value_is_made_again_from_json(made):
    """A record holds all that a step was told."""
    assert type(made)(**json.loads(made.model_dump_json())) == made


def test_an_unknown_argument_names_the_nearest():
    """A typing error is told with its correction."""
    with pytest.raises(ParameterError, match="takes no 'slice'; did you mean 'slices'"):
        TFMAEvaluator(slice=[])


# -- splits -------------------------------------------------------------------------------------


def test_fractions_that_do_not_add_up_are_told():
    """0.7 and 0.2 leave a tenth of the rows nowhere."""
    with pytest.raises(ParameterError, match=r"add up to 0\.9, not 1"):
        RandomSplit({"train": 0.7, "eval": 0.2})


@pytest.mark.parametrize(
    "weights", [{"train": 1, "eval": 1}, {"train": 70, "eval": 30}, {"train": 2.5, "eval": 1}]
)
def test_parts_of_any_sum_are_weights(weights):
    """The classic API normalises them."""
    assert len(RandomSplit(weights).rule()["buckets"]) == 2


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ({"train": "a", "eval": 1}, "give a number"),
        ({"train": -1, "eval": 2}, "above 0"),
        ({"train": 0, "eval": 1}, "above 0"),
        ({"train": float("nan"), "eval": 1}, "give a number"),
        ({"train": True, "eval": 1}, "give a number"),
        ({"train": 1}, "two or more"),
        ([0.5, 0.5], "give a dict"),
        ({"train": 0.5, "a/b": 0.5}, "cannot be named 'a/b'"),
    ],
)
@pytest.mark.parametrize("split", [RandomSplit, lambda w: HashSplit("job", w)])
def test_weights_that_cannot_be_meant_are_told(split, weights, told):
    """Not a number, below zero, too few."""
    with pytest.raises(ParameterError, match=told):
        split(weights)


def test_a_category_is_in_one_split():
    """Rows cannot be in two."""
    with pytest.raises(ParameterError, match="'baker' is in two splits"):
        CategoricalDomainSplit("job", {"train": ["baker"], "eval": ["baker"]})


def test_the_policy_for_unknown_categories_names_a_split():
    """`skip`, or one that is there."""
    with pytest.raises(ParameterError, match="did you mean 'train'"):
        CategoricalDomainSplit("job", {"train": ["a"], "eval": ["b"]}, "trian")


def test_too_few_categories_for_a_ratio_are_told():
    """A split without a category would be empty."""
    with pytest.raises(ParameterError, match="none is left for eval"):
        CategoricalRatioSplit("job", ["a", "b"], {"train": 0.9, "eval": 0.1})


# -- preprocesser, trainer, evaluator ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("overwrite", "told"),
    [
        ({"age": {"transform": [{"method": "scale_to_zscore"}]}}, "did you mean 'scale_to_z_score'"),
        ({"age": {"filling": [{"method": "means"}]}}, "did you mean 'mean'"),
        ({"age": {"transforms": []}}, "did you mean 'transform'"),
        ({"age": {"transform": [{"method": "load_binary_image"}]}}, "is not offered"),
        ({"age": {"transform": [{"method": "bucketize", "parameters": {"buckets": 3}}]}}, "'num_buckets'"),
    ],
)
def test_an_unknown_transform_names_the_nearest(overwrite, told):
    """Methods, stages and parameters alike."""
    with pytest.raises(NotFoundError, match=told):
        StandardPreprocesser(overwrite=overwrite)


def test_a_parameter_that_a_transform_needs_is_named():
    """Before TF Transform would tell it in its own way."""
    with pytest.raises(ParameterError, match="bucketize .* needs the parameter 'num_buckets'"):
        StandardPreprocesser(overwrite={"age": {"transform": [{"method": "bucketize"}]}})


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ({"loss": "msse"}, "no loss named 'msse'"),
        ({"hidden_activation": "relo"}, "did you mean 'relu'"),
        ({"metrics": ["acuracy"]}, "no metric named 'acuracy'"),
    ],
)
def test_names_that_keras_does_not_know_are_told(told, answer):
    """With the nearest that it does."""
    with pytest.raises(NotFoundError, match=answer):
        FeedForwardTrainer(**told)


@pytest.mark.parametrize(
    "told", [{"batch_size": 0}, {"lr": -1}, {"dropout_chance": 1}, {"hidden_layers": [0]}, {"epoch": 3}]
)
def test_numbers_that_cannot_be_meant_are_told(told):
    """One error that names the argument."""
    with pytest.raises(ParameterError, match=next(iter(told))):
        TFFeedForwardTrainer(**told)


def test_a_metric_that_does_not_exist_names_the_nearest():
    """Checked against Keras and TensorFlow Model Analysis."""
    with pytest.raises(NotFoundError, match="did you mean 'BinaryAccuracy'"):
        TFMAEvaluator(metrics={"ill": ["BinaryAcuracy"]})


def test_a_path_that_is_not_local_is_told():
    """CSV files elsewhere are for an adopted pipeline."""
    with pytest.raises(ParameterError, match="reads local files"):
        CSVDatasource("people", "gs://bucket/people.csv")


class Wide(BaseTrainerStep):
    """A user's trainer."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units


def test_a_users_trainer_is_recorded_by_what_it_was_given():
    """By name, however it was given."""
    assert Wide(5, split_mapping={"train": ["a"]}).args() == {"units": 5, "split_mapping": {"train": ["a"]}}


def test_defaults_are_recorded_too():
    """An edited default is another configuration."""
    assert Wide().args() == {"units": 3}


def test_a_trainers_arguments_are_json():
    """Another process makes it again."""
    with pytest.raises(ParameterError, match="give numbers, texts, lists and dicts"):
        Wide(units=object())
