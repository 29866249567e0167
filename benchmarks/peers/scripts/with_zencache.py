"""Runs the work with zencache: steps and pipelines, with the project in the working folder."""

import sys

import numpy as np
import work

from zencache import Output, pipeline, step


@step
def load() -> Output(train_x=np.ndarray, test_x=np.ndarray, train_y=np.ndarray, test_y=np.ndarray):
    return work.load()


@step
def train(train_x: np.ndarray, test_x: np.ndarray, train_y: np.ndarray, test_y: np.ndarray) -> float:
    return work.train(train_x, test_x, train_y, test_y)


@step
def start() -> int:
    return work.start()


@step
def add(x: int) -> int:
    return work.add(x)


@pipeline
def digits():
    train(*load())


@pipeline
def chain():
    value = start()
    for _ in range(9):
        value = add(value)


def main(mode: str, _store: str) -> None:
    work.answer(
        mode,
        (lambda: digits().run(), lambda run: run.steps["train"].output.load()),
        (lambda: chain().run(), lambda run: run.steps["add_9"].output.load()),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
