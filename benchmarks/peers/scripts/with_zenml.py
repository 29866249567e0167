"""Runs the work with ZenML: steps and pipelines on its default local stack."""

import os
import sys
from typing import Annotated

os.environ |= {
    "ZENML_CONFIG_PATH": f"{sys.argv[2]}/config",
    "ZENML_ANALYTICS_OPT_IN": "false",
    "AUTO_OPEN_DASHBOARD": "false",
}

import numpy as np
import work
from zenml import pipeline, step


@step
def load() -> tuple[
    Annotated[np.ndarray, "train_x"],
    Annotated[np.ndarray, "test_x"],
    Annotated[np.ndarray, "train_y"],
    Annotated[np.ndarray, "test_y"],
]:
    train_x, test_x, train_y, test_y = work.load()
    return train_x, test_x, train_y, test_y


@step
def train(
    train_x: np.ndarray, test_x: np.ndarray, train_y: np.ndarray, test_y: np.ndarray
) -> Annotated[float, "accuracy"]:
    return work.train(train_x, test_x, train_y, test_y)


@step
def start() -> Annotated[int, "value"]:
    return work.start()


@step
def add(x: int) -> Annotated[int, "value"]:
    return work.add(x)


@pipeline
def digits() -> None:
    train(*load())


@pipeline
def chain() -> None:
    value = start()
    for _ in range(9):
        value = add(value)


if __name__ == "__main__":
    work.answer(
        sys.argv[1],
        (digits, lambda run: run.steps["train"].output.load()),
        (chain, lambda run: run.steps["add_9"].output.load()),
    )
