"""The work of all scripts here, as plain functions, and how a script is asked and answers.

Run by itself it imports what the work needs and computes nothing: the bare process that each library is
measured against. `work.py plain` computes the results that each library has to give.
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
"""How often each pipeline is timed in one process, beside the run that fills the store."""

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
    """Begin a chain of ten."""
    executed("start")
    return 0


def add(x: int) -> int:
    """Go on with a chain of ten."""
    executed("add")
    return x + 1


def executed(step: str) -> None:
    """Leave a trace of an execution in the working folder, for the proof that a cached run had none."""
    with Path("executions.txt").open("a") as trace:
        trace.write(f"{step}\n")


def answer(
    mode: str,
    two: tuple[Callable[[], Any], Callable[[Any], float]],
    ten: tuple[Callable[[], Any], Callable[[Any], int]],
) -> None:
    """Do what is asked with two pipelines, given as what runs them and what reads the result of a run.

    `imports` does nothing more than the script's imports; `run` runs the two steps once; `warm` times both
    pipelines again and again in this process.
    """
    said = {}
    if mode == "run":
        run, result = two
        said = {"two": result(run())}
    if mode == "warm":
        said = {"two": timed(*two), "ten": timed(*ten)}
    print(json.dumps(said), flush=True)


def timed(run: Callable[[], Any], result: Callable[[Any], Any]) -> dict[str, Any]:
    """Run once, then time some runs more; give all results and the seconds of each timed run."""
    results, seconds = [result(run())], []
    for _ in range(RUNS):
        began = time.perf_counter()
        made = run()
        seconds.append(time.perf_counter() - began)
        results.append(result(made))
    return {"results": results, "seconds": seconds}


def plain() -> dict[str, Any]:
    """Compute both results without any library."""
    value = start()
    for _ in range(9):
        value = add(value)
    return {"two": train(*load()), "ten": value}


if __name__ == "__main__":
    print(json.dumps(plain() if sys.argv[1:] == ["plain"] else {}))
