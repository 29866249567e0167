"""Measures whole processes: the time that a user waits from Enter to the prompt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.goals.figures import Figure, difference
from benchmarks.goals.timing import in_turns

if TYPE_CHECKING:
    from benchmarks.goals.bench import Bench

IMPORTS = """
import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC
"""
DIGITS = (
    IMPORTS
    + """
from zencache import Output, pipeline, step


@step
def importer() -> Output(X_train=np.ndarray, X_test=np.ndarray, y_train=np.ndarray, y_test=np.ndarray):
    digits = load_digits()
    return tuple(train_test_split(digits.data, digits.target, test_size=0.5, shuffle=False))


@step
def trainer(X_train: np.ndarray, y_train: np.ndarray, gamma: float = 0.001) -> ClassifierMixin:
    return SVC(gamma=gamma).fit(X_train, y_train)


@pipeline
def digits_pipeline():
    X_train, _, y_train, _ = importer()
    trainer(X_train, y_train)


run = digits_pipeline().run()
print({step.status for step in run.steps.values()})
"""
)
CHAIN = """
import json, sys
from zencache import pipeline, step


@step
def start() -> int:
    return 0


@step
def add(x: int) -> int:
    return x + 1


@pipeline
def chain():
    value = start()
    for _ in range(9):
        value = add(value)


chain().run()
print(json.dumps([name for name in ("tensorflow", "tfx.components") if name in sys.modules]))
"""
HALF_A_SECOND, SECOND_AND_A_HALF = 0.5, 1.5


def fresh(bench: Bench) -> list[Figure]:
    """Measure a fully cached run of the digits example's two steps, beside its imports alone."""
    folder = bench.folder("fresh")
    digits, bare = script(folder, "digits.py", DIGITS), script(folder, "bare.py", IMPORTS)
    bench.run([digits], folder)
    printed = bench.run([digits], folder).splitlines()[-1]
    assert printed == "{'cached'}", f"not a cached run: {printed}"
    took = in_turns(
        bench.sizes.often,
        {name: lambda name=name: bench.timed([name], folder)[1] for name in (digits, bare)},
    )
    beside = ("the same imports alone", took[bare])
    return [difference("new process, 2 steps cached", took[digits], beside, "s", HALF_A_SECOND)]


def first(bench: Bench) -> list[Figure]:
    """Measure a first run of ten trivial steps in a new process, beside one that imports Beam."""
    modules: set[str] = set()
    beam = script(bench.folder("beam"), "beam.py", "import apache_beam")

    def chain() -> float:
        path = script(bench.folder("first"), "chain.py", CHAIN)
        printed, took = bench.timed([path], Path(path).parent)
        modules.update(json.loads(printed.splitlines()[-1]))
        return took

    chain()
    took = in_turns(
        bench.sizes.often, {"chain": chain, "beam": lambda: bench.timed([beam], Path(beam).parent)[1]}
    )
    beside = ("import apache_beam", took["beam"])
    return [
        difference("new process, 10 steps computed", took["chain"], beside, "s", SECOND_AND_A_HALF),
        Figure(
            "tensorflow, tfx.components in it",
            ", ".join(sorted(modules)) or "not imported",
            goal="not imported",
            met=not modules,
        ),
    ]


def script(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)
