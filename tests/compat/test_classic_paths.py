"""Import paths of the classic API, with and without `core`; they bring no TFX."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from zencache.errors import NotFoundError

PATHS = {
    "CSVDatasource": ("datasources", "core.datasources", "core.datasources.csv_datasource"),
    "RandomSplit": ("steps.split", "core.steps.split", "core.steps.split.random_split"),
    "CategoricalDomainSplit": ("steps.split", "core.steps.split"),
    "StandardPreprocesser": (
        "steps.preprocesser",
        "core.steps.preprocesser",
        "core.steps.preprocesser.standard_preprocesser.standard_preprocesser",
    ),
    "TFFeedForwardTrainer": ("steps.trainer", "core.steps.trainer"),
    "FeedForwardTrainer": ("core.steps.trainer.tensorflow_trainers.tf_ff_trainer",),
    "TFMAEvaluator": ("steps.evaluator", "core.steps.evaluator", "core.steps.evaluator.tfma_evaluator"),
    "TrainingPipeline": ("pipelines", "core.pipelines", "core.pipelines.training_pipeline"),
    "AlreadyExistsException": ("exceptions",),
}


@pytest.mark.parametrize(("name", "path"), [(n, p) for n, paths in PATHS.items() for p in paths])
def test_a_class_is_found_where_it_was(name, path):
    found = getattr(importlib.import_module(f"zencache.{path}"), name)
    classic = importlib.import_module("zencache_tfx.classic")
    assert found is getattr(classic, name, found)
    assert isinstance(found, type)


def test_the_classic_api_brings_no_tfx():
    """Law: describing a training pipeline costs no import of TFX, Beam or TensorFlow."""
    code = (
        "import sys\n"
        "from zencache.pipelines import TrainingPipeline\n"
        "from zencache.datasources import CSVDatasource\n"
        "from zencache.steps.trainer import TFFeedForwardTrainer\n"
        "TrainingPipeline('A').add_trainer(TFFeedForwardTrainer())\n"
        "print([name for name in ('tfx', 'apache_beam', 'tensorflow') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_class_that_is_not_there_is_named_with_the_nearest():
    module = importlib.import_module("zencache.steps.split")
    with pytest.raises(AttributeError, match="RandomSplt"):
        module.RandomSplt


def test_a_repository_without_training_pipelines_says_so(folder):
    from zencache import Repository
    from zencache.config import create_project

    create_project(folder)
    repository = Repository()
    assert repository.get_datasources() == []
    assert repository.get_pipelines_by_datasource("people") == []
    with pytest.raises(NotFoundError, match="no datasource named 'people'"):
        repository.get_datasource_by_name("people")
