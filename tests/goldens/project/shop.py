"""Pipelines of the golden project: plain values, parameters, policies, failures, retries, classes, secrets,
files."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import prep
from pydantic import SecretStr

from zencache import BaseParameters, CachePolicy, Output, StepContext, pipeline, step
from zencache.steps import BaseStep

attempts = []


class Settings(BaseParameters):
    rate: float = 0.5
    sizes: list[int] = [1, 2]


@dataclass(frozen=True)
class Point:
    x: int
    name: str


@step
def load(rows: int = 4) -> np.ndarray:
    return np.arange(float(rows))


@step
def scale(values: np.ndarray, factor: float = 2.0) -> np.ndarray:
    return prep.scaled(values, factor)


@step
def shift(values: np.ndarray, by: float = 1.0) -> np.ndarray:
    return values + by


@step
def total(values: np.ndarray) -> float:
    return float(values.sum())


@step
def fails(value: float) -> int:
    raise ConnectionError(f"no answer to {value}")


@step(retries=3, retry_delay=0, cache=CachePolicy(code="function"))
def flaky(value: float) -> float:
    count_attempt()
    return value


def count_attempt():
    attempts.append(1)
    if len(attempts) % 3:
        raise ConnectionError("no route")


@step
def killed(value: float) -> int:
    os.kill(os.getpid(), signal.SIGKILL)


@step
def split(params: Settings, rows: int = 6) -> Output(train=list, test=list, point=Point):
    return list(range(rows)), [params.rate, *params.sizes], Point(rows, "p")


@step(cache=CachePolicy(version="2", env=("GOLDEN_REGION",), expires_after=timedelta(days=36500)))
def regional(train: list) -> dict:
    return {"region": os.environ.get("GOLDEN_REGION"), "rows": len(train)}


@step(cache=CachePolicy(files=("data.json",), packages=("numpy",), code="function"))
def declared(point: Point) -> set:
    return {*json.loads(Path("data.json").read_text()), point.x}


@step
def undeclared(point: Point) -> tuple:
    return (Path("data.json").read_text(), point.name)


@step(cache=CachePolicy(key=lambda rows: len(rows)))
def by_length(rows: list) -> int:
    return len(rows)


@step
def read(file: Path) -> str:
    return file.read_text()


@step
def fetch(token: SecretStr, rows: int = 2) -> list:
    return list(range(rows))


@step(enable_cache=False)
def always(rows: list) -> int:
    return len(rows)


@step(enable_cache=True)
def note(context: StepContext) -> str:
    Path(context.get_output_artifact_uri(), "note.txt").write_text("hello")
    return f"{context.pipeline_name} {context.step_name}"


class Shifted(BaseStep):
    def __init__(self, shift, **options):
        super().__init__(**options)
        self.shift = shift

    def entrypoint(self, value: float) -> float:
        return self.moved(value)

    def moved(self, value):
        return value + self.shift


def in_order(*steps):
    """Have steps wait for each other: which of independent steps is first depends on how long they took
    before."""
    for earlier, later in pairwise(steps):
        later.after(earlier)


@pipeline
def prices(factor: float = 2.0, unit: str = "EUR"):
    total(scale(load(), factor=factor))


@pipeline
def failing():
    fails(total(load()))


@pipeline
def retried():
    flaky(total(load()))


@pipeline
def broken():
    killed(total(load()))


@pipeline
def kinds(token, rate: float = 0.5):
    train, test, point = split(Settings(rate=rate))
    regional(train)
    declared(point)
    undeclared(point)
    by_length(test)
    read(Path("data.json"))
    always(fetch(token=token))
    note()
    in_order(regional, declared, undeclared, by_length, read, fetch, always, note)


@pipeline
def classes(source, measure, last):
    last(measure(source()))


def kinds_pipeline(rate=0.5):
    return kinds(token=SecretStr("golden-s3cret"), rate=rate)


def classes_pipeline(shift=2):
    return classes(source=load(), measure=total(), last=Shifted(shift))
