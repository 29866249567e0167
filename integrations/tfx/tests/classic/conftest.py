"""A small data set, and a pipeline that fits it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from zencache_tfx.classic import (
    CSVDatasource,
    FeedForwardTrainer,
    RandomSplit,
    StandardPreprocesser,
    TrainingPipeline,
)

AS_IT_IS = {"transform": [{"method": "no_transform", "parameters": {}}]}


@pytest.fixture
def people(folder: Path) -> Path:
    """A CSV file: age (with gaps), job, a text label, a class."""
    draw = random.Random(0)
    lines = ["age,income,job,healthy,ill"]
    for number in range(20):
        age = draw.randint(18, 90)
        shown = "" if number % 7 == 0 else age
        lines.append(
            f"{shown},{draw.random():.3f},{draw.choice(['baker', 'cook'])},{'yn'[age > 50]},{int(age > 50)}"
        )
    file = folder / "people.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture
def pipeline(people: Path) -> TrainingPipeline:
    """A pipeline that has not run."""
    made = TrainingPipeline("A")
    made.add_datasource(CSVDatasource("people", people))
    made.add_split(RandomSplit({"train": 0.7, "eval": 0.3}))
    made.add_preprocesser(
        StandardPreprocesser(["age", "job"], ["ill"], overwrite={"ill": AS_IT_IS}),
    )
    made.add_trainer(FeedForwardTrainer(loss="binary_crossentropy"))
    return made
