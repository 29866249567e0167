"""What type checkers and editors see of steps and pipelines; `make check` has mypy read it.

An error that is not found any more makes its `type: ignore` an unused one, which mypy reports.
"""

from __future__ import annotations

from typing_extensions import assert_type

from zencache import CachePolicy, Pipeline, pipeline, step
from zencache.pipelines.run import PipelineRun
from zencache.steps.step import Step


@step
def load(rows: int = 10) -> list[int]:
    """Feed the others."""
    return list(range(rows))


@step(enable_cache=False, retries=2, cache=CachePolicy())
def total(numbers: list[int], factor: float = 1.0) -> float:
    """Take an output and a parameter."""
    return sum(numbers) * factor


@step(name="again")
@step
def refined(number: float) -> str:
    """Be decorated twice."""
    return str(number)


@pipeline
def totals(factor: float = 1.0) -> None:
    """Check the calls in a body."""
    assert_type(load(), list[int])
    refined(total(load(), factor=factor))
    total(load(), factr=2.0)  # type: ignore[call-arg]
    total(load(), factor="two")  # type: ignore[arg-type]
    total()  # type: ignore[call-arg]
    refined(load())  # type: ignore[arg-type]


@pipeline(enable_cache=False)
def slots(loader, worker):  # type: ignore[no-untyped-def]
    """Take steps for slots, of any type."""
    worker(loader())


def checked() -> None:
    """Check what stands outside of bodies; never run."""
    assert_type(totals(factor=2.0), Pipeline)
    assert_type(totals().run(), PipelineRun)
    totals(fctor=2.0)  # type: ignore[call-arg]
    assert_type(total.with_options(name="other")([1]), float)
    assert_type(total.entrypoint([1]), float)
    steps: list[Step] = [load, total, refined]  # without parameters: a step of any function
    slots(loader=steps[0], worker=refined)
    step(retrys=2)(load)  # an option of an older release, for all that a checker knows
