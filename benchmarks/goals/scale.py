"""Measures a thousand steps in one pipeline beside a hundred: the cost of a step must not grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.goals import inside
from benchmarks.goals.figures import Figure, alone, ratio

if TYPE_CHECKING:
    from benchmarks.goals.bench import Bench

LINEAR = 1.2
FIRST_RUN = 0.06
WIDTH = 32


def many(bench: Bench) -> list[Figure]:
    """A chain, and layers of 32 steps."""
    steps, layers = bench.sizes.steps, bench.sizes.layers
    return [
        *grown(bench, "chain", {"small": (steps // 10, steps // 10), "large": (steps, steps)}),
        *grown(bench, "grid", {"small": (n := layers // 10, n * WIDTH), "large": (layers, layers * WIDTH)}),
    ]


def grown(bench: Bench, shape: str, sizes: dict[str, tuple[int, int]]) -> list[Figure]:
    """Compare the time per step of a large and a small pipeline, each given by size and number of steps."""
    small, large = (steps for _, steps in sizes.values())
    projects = {name: bench.project(shape, size) for name, (size, _) in sizes.items()}
    name = {"chain": "chain", "grid": f"{WIDTH} wide"}[shape]
    figures = []
    for work, what in {"plan": "plan", "cached run": "run"}.items():
        took = bench.call(
            inside.in_turns_at,
            bench.folder("turns"),
            projects=projects,
            repeats=bench.sizes.seldom,
            what=what,
        )
        beside = (f"of {small}", took["small"] / small)
        figures.append(
            ratio(f"{work}, {large} steps, {name}, a step", took["large"] / large, beside, "s", LINEAR)
        )
    first = {name: bench.first_run(shape, size) / steps for name, (size, steps) in sizes.items()}
    beside = (f"of {small}", first["small"])
    return [
        *figures,
        alone(f"first run, {large} steps, {name}, a step", first["large"], "s", FIRST_RUN),
        ratio(
            f"first run, {name}, a step of {large} beside one of {small}", first["large"], beside, "s", LINEAR
        ),
    ]
