"""Measures the preprocessing step of the example, reused beside computed."""

from __future__ import annotations

import importlib.util
import sys
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.goals.bench import ROOT
from benchmarks.goals.figures import Figure, speed
from zencache import pipeline

if TYPE_CHECKING:
    from benchmarks.goals.bench import Bench

AS_FAST = 70


def mnist(bench: Bench) -> list[Figure]:
    """The normaliser on 60,000 + 10,000 images of 28 x 28."""
    computed, reused = bench.call(normalise, bench.folder("mnist"), repeats=bench.sizes.seldom)
    return [speed("normalizer of the MNIST example", reused, ("computed", computed), AS_FAST)]


def normalise(repeats: int) -> tuple[float, float]:
    """Run the example's first two steps, computed and reused in turns; give the durations of the second."""
    steps = example()

    @pipeline
    def prepared() -> None:
        x_train, _, x_test, _ = steps.importer(dataset="digits")
        steps.normalizer(x_train, x_test)

    prepared_pipeline = prepared()
    prepared_pipeline.run()
    took = [
        [prepared_pipeline.run(enable_cache=flag).steps["normalizer"] for flag in (False, None)]
        for _ in range(repeats)
    ]
    assert all(not computed.is_cached and reused.is_cached for computed, reused in took)
    return median(computed.duration for computed, _ in took), median(reused.duration for _, reused in took)


def example() -> Any:
    """Import the example by its path; it imports Keras."""
    spec = importlib.util.spec_from_file_location("mnist_example", ROOT / "examples" / "mnist" / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
