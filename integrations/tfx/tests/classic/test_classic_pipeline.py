"""A training pipeline: how it changes, what it refuses, how it is recorded."""

import json

import pytest
from zencache_tfx.classic import (
    BaseTrainerStep,
    CategoricalDomainSplit,
    CSVDatasource,
    FeedForwardTrainer,
    HashSplit,
    LocalDeployer,
    NoSplit,
    RandomSplit,
    StandardPreprocesser,
    TFMAEvaluator,
    TrainingPipeline,
    from_config,
    to_config,
)

from zencache.errors import (
    AlreadyExistsError,
    CodeUnavailableError,
    DefinitionError,
    ImmutablePipelineError,
    NotFoundError,
    ParameterError,
    StoreFormatError,
)

AS_IT_IS = {"transform": [{"method": "no_transform", "parameters": {}}]}


class Own(BaseTrainerStep):
    """A user's trainer."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units


def test_a_pipeline_that_fits_its_data_passes_all_checks(pipeline):
    """Nothing is refused that could run."""
    pipeline.add_evaluator(TFMAEvaluator(metrics=["accuracy", "auc"], slices=[["job"]]))
    pipeline.check()


def test_missing_steps_are_named_in_one_error():
    """All of them, with what adds them."""
    with pytest.raises(DefinitionError, match="without datasource, split, preprocesser, trainer; add"):
        TrainingPipeline("A").run()


def test_a_pipeline_without_a_name_is_named_by_the_time():
    """As the classic API has it."""
    assert TrainingPipeline().name.isdigit()


def test_a_step_in_the_wrong_place_is_told(pipeline):
    """A class instead of its value, too."""
    with pytest.raises(DefinitionError, match="the trainer is a BaseTrainerStep, not RandomSplit"):
        pipeline.add_trainer(RandomSplit({"train": 1, "eval": 1}))
    with pytest.raises(DefinitionError, match=r"create one: NoSplit\(…\)"):
        pipeline.add_split(NoSplit)


# -- copies -----------------------------------------------------------------------------------------


def test_a_copy_is_changed_and_its_original_is_not(pipeline):
    """The dict of steps is copied."""
    copy, before = pipeline.copy("B"), pipeline.steps["trainer"]
    copy.add_trainer(FeedForwardTrainer(epochs=2))
    assert pipeline.steps["trainer"] is before
    assert copy.steps["trainer"] is not before


def test_a_copy_needs_a_new_name(pipeline):
    """Two pipelines of one name are one."""
    with pytest.raises(AlreadyExistsError, match="choose another name"):
        pipeline.copy("A")


def test_a_recorded_pipeline_is_changed_only_by_copying(pipeline):
    """And the error says so."""
    found = from_config(to_config(pipeline))
    for add in (found.add_datasource, found.add_split, found.add_preprocesser, found.add_trainer):
        with pytest.raises(ImmutablePipelineError, match=r"pipeline\.copy\('new name'\)"):
            add(pipeline.steps["trainer"])
    found.copy("B").add_trainer(FeedForwardTrainer())


def test_the_steps_cannot_be_changed_past_the_methods(pipeline):
    """`steps` shows them."""
    with pytest.raises(TypeError):
        pipeline.steps["trainer"] = None


# -- records ----------------------------------------------------------------------------------------


def test_a_pipeline_is_made_again_from_its_record(pipeline):
    """Through JSON, to the last argument."""
    pipeline.add_evaluator(TFMAEvaluator({"ill": ["AUC"]}))
    pipeline.add_deployment(LocalDeployer("served"))
    recorded = json.loads(json.dumps(to_config(pipeline)))
    assert to_config(from_config(recorded)) == recorded


def test_a_users_trainer_is_found_again_by_its_import_path(pipeline):
    """With what it was given."""
    pipeline.add_trainer(FeedForwardTrainer(epochs=3))
    config = to_config(pipeline)
    config["steps"]["trainer"] |= {"source": "zencache_tfx.classic.trainers:FeedForwardTrainer"}
    assert from_config(config).stages().trainer.epochs == 3


def test_a_trainer_that_is_gone_does_not_stop_a_copy_with_another(pipeline):
    """Its class is imported when it is used."""
    config = to_config(pipeline)
    config["steps"]["trainer"] = {"source": "gone_module:Gone", "args": {}}
    found = from_config(config)
    with pytest.raises(CodeUnavailableError, match="gone_module:Gone cannot be imported"):
        found.check()
    copy = found.copy("B")
    copy.add_trainer(FeedForwardTrainer(loss="binary_crossentropy"))
    copy.check()


def test_a_trainer_that_no_other_process_could_find_is_refused(pipeline):
    """A class inside a function."""

    class Local(BaseTrainerStep):
        pass

    pipeline.add_trainer(Local())
    with pytest.raises(DefinitionError, match="put the class at the top level"):
        to_config(pipeline)


def test_a_record_of_another_format_is_refused():
    """It says to upgrade."""
    with pytest.raises(StoreFormatError, match="upgrade"):
        from_config({"format": 99, "name": "A"})


def test_hyperparameters_are_what_the_trainer_was_told(pipeline):
    """And its class."""
    told = pipeline.get_hyperparameters()
    assert (told["trainer"], told["loss"], told["lr"]) == ("FeedForwardTrainer", "binary_crossentropy", 0.001)


def test_a_default_that_is_given_is_the_same_as_one_that_is_not(pipeline):
    """So the trainer is not run again."""
    again = pipeline.copy("B")
    again.add_trainer(FeedForwardTrainer(loss="binary_crossentropy", epochs=1))
    assert to_config(again)["steps"] == to_config(pipeline)["steps"]


def test_looking_back_before_the_first_run_is_told(pipeline):
    """With what makes one."""
    with pytest.raises(NotFoundError, match=r"has no run; pipeline\.run\(\) makes one"):
        pipeline.get_model_uri()


# -- bad input --------------------------------------------------------------------------------------


def _with(pipeline, **steps):
    for role, step in steps.items():
        getattr(pipeline, f"add_{role}")(step)
    return pipeline


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ({"split": HashSplit("jobs", {"train": 1, "eval": 1})}, "no column named 'jobs'; did you mean 'job'"),
        ({"split": CategoricalDomainSplit("jobb", {"train": ["a"], "eval": ["b"]})}, "did you mean 'job'"),
        (
            {"preprocesser": StandardPreprocesser(["agee"], ["ill"])},
            "'agee'; did you mean 'age'.; it is wanted as a feature",
        ),
        ({"preprocesser": StandardPreprocesser(["age"], ["il"])}, "'il'; did you mean 'ill'"),
        ({"preprocesser": StandardPreprocesser(["age"], ["ill"], {"agee": {}})}, "'agee'"),
        ({"evaluator": TFMAEvaluator({"il": ["AUC"]})}, "no label named 'il'"),
        ({"evaluator": TFMAEvaluator(["AUC"], slices=[["jobs"]])}, "did you mean 'job'"),
    ],
)
def test_a_column_that_is_not_in_the_data_names_the_nearest(pipeline, steps, told):
    """Whatever it was wanted for."""
    with pytest.raises(NotFoundError, match=told):
        _with(pipeline, **steps).check()


def _text_label(**told):
    return {
        "preprocesser": StandardPreprocesser(["age"], ["healthy"]),
        "trainer": FeedForwardTrainer(**told),
    }


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (_text_label(loss="mse"), "'healthy' is text, and the loss mean_squared_error compares quantities"),
        ({"preprocesser": StandardPreprocesser(["age"], ["ill"])}, "'ill' is scaled .* keep it as it is"),
        (_text_label(loss="categorical_crossentropy", output_units=2), "needs a vector; add one_hot_encode"),
        (_text_label(loss="sparse_categorical_crossentropy"), "output for each class"),
        ({"preprocesser": StandardPreprocesser(["age"])}, "needs a label"),
        ({"preprocesser": StandardPreprocesser(["age", "ill"], ["ill"])}, "a feature and a label"),
        (
            {"preprocesser": StandardPreprocesser(["job"], ["ill"], {"ill": AS_IT_IS, "job": AS_IT_IS})},
            "still text",
        ),
        (
            {
                "preprocesser": StandardPreprocesser(
                    ["job"], ["ill"], {"job": {"transform": [{"method": "scale_to_0_1"}]}}
                )
            },
            "scale_to_0_1 takes number or ids or vector, and the column is text",
        ),
        (
            {
                "preprocesser": StandardPreprocesser(
                    ["job"], ["ill"], {"job": {"filling": [{"method": "mean"}]}}
                )
            },
            "mean takes number",
        ),
        ({"split": RandomSplit({"a": 1, "b": 1})}, "no split is named 'train'"),
        ({"trainer": FeedForwardTrainer(split_mapping={"train": ["trian"]})}, "names split 'trian'"),
        ({"evaluator": TFMAEvaluator(["AUC"], split_mapping={"eval": ["evl"]})}, "names split 'evl'"),
    ],
)
def test_steps_that_do_not_fit_each_other_are_told(pipeline, steps, told):
    """Types, labels, splits."""
    with pytest.raises(ParameterError, match=told):
        _with(pipeline, **steps).check()


def test_a_missing_file_is_told_when_the_pipeline_runs(pipeline, folder):
    """Before TFX is imported."""
    pipeline.add_datasource(CSVDatasource("people", folder / "gone.csv"))
    with pytest.raises(NotFoundError, match=r"gone\.csv"):
        pipeline.run()


def test_a_text_label_of_classes_is_fine(pipeline):
    """A vocabulary numbers it."""
    _with(pipeline, **_text_label(loss="binary_crossentropy")).check()


def test_several_labels_of_an_own_trainer_need_an_output_each(pipeline):
    """Nothing else says which is which."""
    both = StandardPreprocesser(["age"], ["ill", "income"])
    evaluator = TFMAEvaluator({"ill": ["AUC"], "income": ["mse"]})
    with pytest.raises(ParameterError, match="give the model's output for each"):
        _with(pipeline, preprocesser=both, trainer=Own(), evaluator=evaluator).check()
