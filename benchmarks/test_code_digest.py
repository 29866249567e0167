"""Measures the cost of code digests: a step whose closure spans 50 modules, and a plan of 100 steps.

Cold is the first digest of a process: files are read and parsed, and compared with the running code. Warm is
every later digest in the process, which only follows the live objects.
"""

from __future__ import annotations

import importlib
import sys

import pytest

from zencache import pipeline, step
from zencache.code import closure, source
from zencache.code.digest import CodeReader

MODULES = 50
FUNCTIONS = 10  # a module
STEPS = 100

MODULE = """
import math
from {after} import f0 as following
FACTOR = {number}
TABLE = {{"a": 1, "b": [1.5, 2.5]}}
"""
FUNCTION = """
def f{number}(x):
    total = 0
    for value in range(x):
        if value % 2 == 0:
            total += math.isqrt(value) * FACTOR
        else:
            total -= TABLE["a"]
    return {call}
"""
MAIN = """
from zencache import pipeline, step
from m0 import f0

@step
def work(x: int = 1) -> int:
    return f0(x)
"""


@pytest.fixture
def project(folder, monkeypatch):
    """50 modules of 10 functions, each calling the next; the last module calls nothing."""
    for number in range(MODULES):
        last = number == MODULES - 1
        text = MODULE.format(after=f"m{number + 1}", number=number)
        text = text.replace("from m50 import f0 as following\n", "")
        for n in range(FUNCTIONS):
            inner = f"f{n + 1}(total)" if n + 1 < FUNCTIONS else ("total" if last else "following(total)")
            text += FUNCTION.format(number=n, call=inner)
        (folder / f"m{number}.py").write_text(text)
    (folder / "main.py").write_text(MAIN)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in ["main", *(f"m{n}" for n in range(MODULES))]:
        sys.modules.pop(name, None)


def forget():
    """Clear the caches of read and parsed files, as in a new process."""
    source._texts.clear()
    source._stamps.clear()
    source._codes.cache_clear()
    closure._template.cache_clear()


def test_cold_digest_of_fifty_modules(benchmark, project):
    """Files are read and parsed, and functions compared with the running code."""
    work = importlib.import_module("main").work.entrypoint
    benchmark.pedantic(lambda: CodeReader().of(work), setup=forget, rounds=7)


def test_warm_digest_of_fifty_modules(benchmark, project):
    """Only the live objects are followed again."""
    work = importlib.import_module("main").work.entrypoint
    benchmark(lambda: CodeReader().of(work))


def test_plan_of_a_hundred_steps(benchmark, project, capsys):
    """Steps that share helpers, in one chain, all of them hits."""
    helper = importlib.import_module("m40").f0

    def made(number):
        def work(x: int) -> int:
            return number if x < 0 else helper(1) + number

        return step(name=f"work_{number}")(work)

    steps = [made(number) for number in range(STEPS)]

    @pipeline
    def chain():
        value = steps[0](x=1)
        for each in steps[1:]:
            value = each(value)

    chain().run()
    benchmark(lambda: chain().plan())
    capsys.readouterr()
