"""The flow of the oldest guides, each part in a process of its own."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

FIRST = """
from zencache.core.datasources.csv_datasource import CSVDatasource
from zencache.core.pipelines.training_pipeline import TrainingPipeline
from zencache.core.steps.preprocesser.standard_preprocesser.standard_preprocesser import StandardPreprocesser
from zencache.core.steps.split.random_split import RandomSplit
from zencache.core.steps.trainer.tensorflow_trainers.tf_ff_trainer import FeedForwardTrainer
from zencache.core.steps.evaluator.tfma_evaluator import TFMAEvaluator

plain = {"transform": [{"method": "no_transform", "parameters": {}}]}
training_pipeline = TrainingPipeline(name="Pipeline A")
training_pipeline.add_datasource(CSVDatasource(name="people", path="people.csv"))
training_pipeline.add_split(RandomSplit(split_map={"train": 0.7, "eval": 0.3}))
training_pipeline.add_preprocesser(StandardPreprocesser(labels=["ill"], overwrite={"ill": plain}))
training_pipeline.add_trainer(FeedForwardTrainer(loss="binary_crossentropy", epochs=1))
training_pipeline.add_evaluator(TFMAEvaluator(slices=[["job"]], metrics={"ill": ["accuracy"]}))
training_pipeline.run()
"""
SECOND = """
import json
from zencache.core.repo.repo import Repository
from zencache.errors import AlreadyExistsError, ImmutablePipelineError, NotFoundError
from zencache.steps.trainer import TFFeedForwardTrainer

repo = Repository()
pipeline_a = repo.get_pipeline_by_name("Pipeline A")
told = {}
for name, attempt in {
    "changed": lambda: pipeline_a.add_trainer(TFFeedForwardTrainer()),
    "twice": lambda: pipeline_a.copy("Pipeline A"),
    "unknown": lambda: repo.get_pipeline_by_name("Pipline A"),
}.items():
    try:
        attempt()
    except (AlreadyExistsError, ImmutablePipelineError, NotFoundError) as error:
        told[name] = str(error)
pipeline_b = pipeline_a.copy("Pipeline B")
pipeline_b.add_trainer(TFFeedForwardTrainer(loss="binary_crossentropy", epochs=1, hidden_layers=[4]))
run = pipeline_b.run()
told["steps"] = {name: step.status for name, step in run.steps.items()}
compared = repo.compare_training_runs()
told["compared"] = [list(compared.table["pipeline"]), "hidden_layers" in compared.table.columns]
told["plot"] = compared.plot("runs.html").stat().st_size > 500
told["by"] = [each.name for each in repo.get_pipelines_by_datasource("people")]
told["evaluated"] = list(pipeline_a.evaluate()["slice"])
told["versions"] = [version.number for version in pipeline_a.versions]
print("\\nTOLD " + json.dumps(told))
"""


def test_a_pipeline_is_copied_and_its_front_reused_in_another_process(folder):
    draw = random.Random(0)
    with (folder / "people.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["age", "job", "ill"])
        for _ in range(300):
            age = draw.gauss(45, 10)
            rows.writerow([round(age, 1), draw.choice(["cook", "smith"]), int(age > 45)])
    _run(FIRST)
    output = _run(SECOND)
    [told] = [
        json.loads(line.removeprefix("TOLD ")) for line in output.splitlines() if line.startswith("TOLD ")
    ]
    assert "has run and cannot be changed; copy it" in told["changed"]
    assert "there is a pipeline named 'Pipeline A' already" in told["twice"]
    assert "did you mean 'Pipeline A'" in told["unknown"]
    front = ["CsvExampleGen", "StatisticsGen", "SchemaGen", "Transform"]
    assert told["steps"] == {**dict.fromkeys(front, "cached"), "Trainer": "executed", "Evaluator": "executed"}
    assert told["compared"] == [["Pipeline A", "Pipeline B"], True]
    assert told["plot"]
    assert told["by"] == ["Pipeline A", "Pipeline B"]
    assert told["evaluated"] == ["all", "job=cook", "job=smith"]
    assert told["versions"] == [1]


def _run(source):
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
