"""Each likely mistake is told before anything runs, in words, with what to write instead."""

from __future__ import annotations

import re

import pytest

from zencache import CachePolicy, Output, pipeline, step
from zencache.errors import ZencacheError


@step
def load(rows: int = 3) -> list:
    return list(range(rows))


@step
def total(numbers: list, factor: float = 1.0) -> float:
    return sum(numbers) * factor


@step
def two() -> Output(number=int, text=str):
    return 1, "x"


@pipeline
def totals(factor: float = 1.0):
    total(load(), factor=factor)


@pipeline
def slots(loader, worker):
    worker(loader())


@pipeline
def calls_a_step_with_a_step(loader, worker):
    worker(loader)


def body(work):
    """Make a pipeline whose body does this, and call it."""
    work.__name__ = "b"
    return pipeline(work)()


def plain():
    return 1


MISTAKES = {
    "unknown parameter": (lambda: totals(fctor=1), "pipeline totals takes no fctor; did you mean factor?"),
    "unknown argument": (
        lambda: body(lambda: total(load(), factr=2.0)),
        "step total takes no argument factr; did you mean factor?",
    ),
    "missing argument": (
        lambda: body(lambda: total()),
        "step total: argument numbers (list) is missing; feed it with another step's output",
    ),
    "wrong type": (lambda: totals(factor="two"), "parameter factor is declared float, got 'two' (str)"),
    "wrong output": (
        lambda: body(lambda: total(two().text)),
        "step total takes numbers: list, but output text of step two is str",
    ),
    "unknown output": (
        lambda: body(lambda: total(two().txt)),
        "no output txt; the step has number, text",
    ),
    "empty slot": (lambda: slots(loader=load()), "worker is empty; give a step"),
    "unknown slot": (lambda: slots(loader=load(), wrker=total()), "did you mean worker?"),
    "a value in a slot": (
        lambda: slots(loader=load(), worker=3),
        "its body calls worker, which is 3; give a step: slots(worker=a_step())",
    ),
    "a step for its output": (
        lambda: body(lambda: total(load)),
        "argument numbers got the step load itself; call it in the body, and give what it returns",
    ),
    "a step in a slot for its output": (
        lambda: calls_a_step_with_a_step(loader=load(), worker=total()),
        "got the step load itself",
    ),
    "run of a definition": (lambda: totals.run(), "totals().run, not totals.run"),
    "plan of a definition": (lambda: totals.plan(), "totals().plan, not totals.plan"),
    "unknown attribute of a definition": (lambda: totals.rnu, "a PipelineDefinition has no rnu"),
    "no steps": (lambda: body(lambda: None).run(), "call at least one step"),
    "pipeline in a pipeline": (lambda: body(lambda: totals()), "is called in the body of"),
    "misspelt option": (lambda: step(enable_chache=False)(plain), "did you mean enable_cache?"),
    "misspelt option of a pipeline": (lambda: pipeline(enable_chache=False)(plain), "did you mean"),
    "cache=False": (
        lambda: step(cache=False)(plain),
        "cache=False is no CachePolicy; write enable_cache=False",
    ),
    "cache=True of a pipeline": (lambda: pipeline(cache=True)(plain), "write enable_cache=True"),
    "a mapping as policy": (lambda: step(cache={"version": "1"})(plain), "write CachePolicy(…)"),
    "misspelt field of a policy": (
        lambda: CachePolicy(expire_after="7d"),
        "CachePolicy takes no expire_after; did you mean expires_after?",
    ),
    "unknown field of a policy": (lambda: CachePolicy(ttl=1), "CachePolicy takes no ttl; it takes enabled"),
    "wrong value in a policy": (
        lambda: CachePolicy(expires_after="sevn days"),
        "CachePolicy(expires_after=…): 'sevn days' is not a duration; write 90s",
    ),
    "wrong choice in a policy": (
        lambda: CachePolicy(code="all"),
        "should be 'closure', 'function' or 'none'",
    ),
    "a number of names": (lambda: CachePolicy(env=3), "3 is no name; write one, or a list"),
    "negative retries": (lambda: step(retries=-1)(plain), "is not a number of retries; write"),
    "unreadable timeout": (lambda: step(timeout="soon")(plain), "'soon' is not a duration; write 90s"),
    "no workers": (lambda: totals().run(workers=0), "workers=0 runs nothing; write how many"),
    "misspelt option of run": (lambda: totals().run(enable_chache=True), "did you mean enable_cache?"),
    "a step on a class": (lambda: step(type("A", (), {})), "@step goes on a function, not on"),
    "a step on a pipeline": (lambda: step(totals), "@step goes on a function, not on <pipeline totals>"),
    "a pipeline on a step": (lambda: pipeline(load), "@pipeline goes on a function, not on <step load>"),
    "a text for a step": (lambda: totals().copy("other", total="x"), "total='x' is no step; give one"),
    "an unknown step to replace": (lambda: totals().replace_step("totl", total), "did you mean 'total'?"),
    "a name with a slash": (lambda: step(name="a/b")(plain), "'a/b' cannot be the name of a step"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told(folder, mistake):
    """The message names what is wrong, and what to write."""
    make, message = MISTAKES[mistake]
    with pytest.raises((ZencacheError, AttributeError), match=re.escape(message)):
        make()
