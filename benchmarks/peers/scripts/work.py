"""Defines the work of all scripts as plain functions, and the arguments and answers of a script.

Run as a script, it does the imports of the work and computes nothing: the bare process that each library is
compared with. `work.py plain` computes the results that each library has to give.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 5
"""Timed runs of each pipeline in one process, after the run that fills the store."""

Split = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def load() -> Split:
    """Give `train_x, test_x, train_y, test_y` of scikit-learn's digits."""
    executed("load")
    digits = load_digits()
    images = digits.images.reshape((len(digits.images), -1))
    return tuple(train_test_split(images, digits.target, test_size=0.5, shuffle=False))


def train(
    train_x: np.ndarray, test_x: np.ndarray, train_y: np.ndarray, test_y: np.ndarray, gamma: float = 0.001
) -> float:
    """Train a support vector classifier; give its accuracy on the test half."""
    executed("train")
    return float(SVC(gamma=gamma).fit(train_x, train_y).score(test_x, test_y))


def start() -> int:
    """Start a chain of ten."""
    executed("start")
    return 0


def add(x: int) -> int:
    """Continue a chain of ten."""
    executed("add")
    return x + 1


def executed(step: str) -> None:
    """Record an execution in the working folder, to prove that a cached run had none."""
    with Path("executions.txt").open("a") as trace:
        trace.write(f"{step}\n")


def answer(
    mode: str,
    two: tuple[Callable[[], Any], Callable[[Any], float]],
    ten: tuple[Callable[[], Any], Callable[[Any], int]],
) -> None:
    """Run one mode with two pipelines, each given by a function that runs it and one that reads the result.

    `imports` does only the script's imports; `run` runs the two steps once; `warm` times repeated runs of
    both pipelines in this process.
    """
    answer = {}
    if mode == "run":
        run, result = two
        answer = {"two": result(run())}
    if mode == "warm":
        answer = {"two": timed(*two), "ten": timed(*ten)}
    print(json.dumps(answer), flush=True)


def timed(run: Callable[[], Any], result: Callable[[Any], Any]) -> dict[str, Any]:
    """Run once, then time further runs; give all results and the seconds of each timed run."""
    results, seconds = [result(run())], []
    for _ in range(RUNS):
        began = time.perf_counter()
        output = run()
        seconds.append(time.perf_counter() - began)
        results.append(result(output))
    return {"results": results, "seconds": seconds}


def plain() -> dict[str, Any]:
    """Compute both results without any library."""
    value = start()
    for _ in range(9):
        value = add(value)
    return {"two": train(*load()), "ten": value}


if __name__ == "__main__":
    print(json.dumps(plain() if sys.argv[1:] == ["plain"] else {}))
