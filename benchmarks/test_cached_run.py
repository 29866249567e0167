"""Measures the cost of a fully cached run: per step in a warm process, and of a whole process.

`make bench` prints the table; nothing here is asserted.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from zencache import pipeline, step


@step
def start() -> int:
    return 0


@step
def add(x: int) -> int:
    return x + 1


def chain(length):
    @pipeline(name=f"chain_{length}")
    def made():
        value = start()
        for _ in range(length - 1):
            value = add(value)

    return made()


@pytest.mark.parametrize("steps", [2, 10, 100])
def test_cached_run_in_a_warm_process(benchmark, capsys, steps):
    """A second `.run()`; divide by the number of steps."""
    pipeline = chain(steps)
    pipeline.run()
    benchmark(pipeline.run)
    capsys.readouterr()


SCRIPT = """
from zencache import pipeline, step

@step
def load() -> list:
    return [1, 2, 3]

@step
def total(numbers: list) -> int:
    return sum(numbers)

@pipeline
def small():
    total(load())

small().run()
"""


@pytest.mark.parametrize(
    "source", ["pass", "import zencache", SCRIPT], ids=["bare python", "import zencache", "cached run"]
)
def test_whole_process(benchmark, folder, source):
    """Start to end of a process; the cached run's overhead is its difference from the bare one."""
    path = folder / "script.py"
    path.write_text(source)
    command = [sys.executable, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    benchmark.pedantic(lambda: subprocess.run(command, check=True, capture_output=True), rounds=7)
