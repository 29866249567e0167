"""Measures the cost of noting which code runs in a step: pure Python that calls a lot, and work of libraries.

"off" runs the work as it is, "on" in a step that is watched, whose key covers nothing. Run this file alone:
`python -m pytest benchmarks/test_running_code.py --benchmark-only`.
"""

from __future__ import annotations

import importlib.util
import sys
from contextlib import ExitStack

import pytest

from zencache.tracking.file_digests import FileDigests
from zencache.tracking.tracker import watching

MODULES = 300
HELPERS = """
import numpy as np
import pandas as pd

def leaf(x):
    return x + 1

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

class Point:
    def __init__(self, x):
        self.x = x
    def moved(self):
        return Point(leaf(self.x))

def calls():
    point = Point(0)
    for _ in range(30_000):
        point = point.moved()
    return point.x + fib(20)

def arrays():
    values = np.random.default_rng(0).normal(size=(400, 400))
    return sum(float(np.linalg.svd(values + n, compute_uv=False)[0]) for n in range(3))

def frames():
    frame = pd.DataFrame({"key": np.arange(200_000) % 100, "value": np.arange(200_000)})
    return [frame.groupby("key").value.agg(["mean", "std"]).sum().sum() for _ in range(10)]

def models():
    from sklearn.ensemble import RandomForestClassifier
    values = np.random.default_rng(0).normal(size=(500, 10))
    labels = values[:, 0] > 0
    return RandomForestClassifier(20, random_state=0).fit(values, labels).score(values, labels)
"""


@pytest.fixture
def helpers(folder, monkeypatch):
    """A module with the work, among many others."""
    loaded = [_module(folder, "helpers", HELPERS, monkeypatch)]
    loaded += [
        _module(folder, f"other_{n}", HELPERS.partition("def calls")[0], monkeypatch) for n in range(MODULES)
    ]
    return loaded[0]


def _module(folder, name, text, monkeypatch):
    path = folder / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def watched(folder):
    return watching(
        "step",
        root=folder,
        ignore=[],
        digests=FileDigests(None),
        is_project=lambda file: file.startswith(str(folder)),
        covers=lambda _: False,
    )


@pytest.mark.parametrize("noting", ["off", "on"])
@pytest.mark.parametrize("work", ["calls", "arrays", "frames", "models"])
def test_work(benchmark, folder, helpers, work, noting):
    """The work alone, without the beginning and the end of the step."""
    function = getattr(helpers, work)
    function()
    with ExitStack() as stack:
        if noting == "on":
            stack.enter_context(watched(folder))
        benchmark.pedantic(function, rounds=7, warmup_rounds=0)


def test_beginning_and_ending(benchmark, folder, helpers):
    """A step in a project of 300 modules that runs none of their functions."""

    def nothing():
        with watched(folder):
            pass

    nothing()
    benchmark(nothing)
