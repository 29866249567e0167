"""Defines the measured pipelines, whose steps do so little that zencache's own time remains."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from zencache import pipeline, step

if TYPE_CHECKING:
    from zencache.pipelines import Pipeline


@step
def start(number: int = 0) -> int:
    return number


@step
def add(x: int) -> int:
    return x + 1


@step
def both(x: int, y: int, number: int) -> int:
    return x + y + number


@step
def nap(number: int, seconds: float) -> int:
    time.sleep(seconds)
    return number


@step
def numbers(items: int) -> np.ndarray:
    return np.arange(items)


@step
def length(values: np.ndarray) -> int:
    return len(values)


def chain(steps: int, begin: int = 0) -> Pipeline:
    """A chain of steps; another `begin` changes the first step's parameter."""

    @pipeline(name=f"chain_{steps}")
    def made() -> None:
        value = start(number=begin)
        for _ in range(steps - 1):
            value = add(value)

    return made()


def grid(layers: int, width: int = 32) -> Pipeline:
    """Layers of steps; each step takes two outputs of the layer before, and a unique number.

    Without the number, two steps could have one key, and one of them would be a hit in the first run.
    """

    @pipeline(name=f"grid_{layers}")
    def made() -> None:
        layer = [start(number=n) for n in range(width)]
        for row in range(1, layers):
            layer = [both(layer[n], layer[(n + 1) % width], number=row * width + n) for n in range(width)]

    return made()


def naps(begin: int, count: int, seconds: float) -> Pipeline:
    """Independent steps that only sleep."""

    @pipeline(name="naps")
    def made() -> None:
        for number in range(begin, begin + count):
            nap(number=number, seconds=seconds)

    return made()


def unneeded(items: int, number: int = 0) -> Pipeline:
    """An array, a step that takes its length, and an independent step."""

    @pipeline(name="unneeded")
    def made() -> None:
        length(numbers(items=items))
        start(number=number)

    return made()


SHAPES = {"chain": chain, "grid": grid, "naps": naps, "unneeded": unneeded}
