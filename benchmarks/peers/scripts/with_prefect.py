"""Runs the work with Prefect 3: tasks whose results are kept by source and inputs, called by flows."""

import os
import sys

os.environ |= {
    "PREFECT_HOME": sys.argv[2],
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}

import work
from prefect import flow, task
from prefect.cache_policies import INPUTS, TASK_SOURCE

kept = {"cache_policy": TASK_SOURCE + INPUTS, "persist_result": True}


@task(**kept)
def load() -> work.Split:
    return work.load()


@task(**kept)
def train(split: work.Split) -> float:
    return work.train(*split)


@task(**kept)
def start() -> int:
    return work.start()


@task(**kept)
def add(x: int) -> int:
    return work.add(x)


@flow
def digits() -> float:
    return train(load())


@flow
def chain() -> int:
    value = start()
    for _ in range(9):
        value = add(value)
    return value


if __name__ == "__main__":
    work.answer(sys.argv[1], (digits, float), (chain, int))
