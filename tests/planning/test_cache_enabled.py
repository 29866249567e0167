"""Who decides whether a step is cached."""

from __future__ import annotations

import itertools

import pytest

from zencache.model.specs import CodeRef, PipelineSpec, StepSpec
from zencache.planning.cache_enabled import why_off
from zencache.policy import CachePolicy


def is_on(run, step_flag, pipeline_flag, precedence="step", **options):
    step = StepSpec(name="s", code=CodeRef(module="m", qualname="s"), enable_cache=step_flag, **options)
    spec = PipelineSpec(name="p", steps=(step,), enable_cache=pipeline_flag)
    return why_off(spec, step, run, precedence) is None


@pytest.mark.parametrize(("run", "step", "pipeline"), itertools.product([None, True, False], repeat=3))
def test_the_first_that_says_something_decides(run, step, pipeline):
    """run, then step, then pipeline, then on."""
    expected = next((said for said in (run, step, pipeline) if said is not None), True)
    assert is_on(run, step, pipeline) is expected


@pytest.mark.parametrize(("run", "step", "pipeline"), itertools.product([None, True, False], repeat=3))
def test_under_the_older_rule_a_pipelines_false_beats_a_step(run, step, pipeline):
    """Only a run's override revives a step of a pipeline that says False."""
    expected = next(
        (said for said in (run, False if pipeline is False else step, pipeline) if said is not None), True
    )
    assert is_on(run, step, pipeline, "pipeline") is expected


def test_a_policy_says_it_where_the_flag_does_not():
    """enable_cache goes before the policy of the same step."""
    off = CachePolicy(enabled=False)
    assert not is_on(None, None, None, policy=off)
    assert is_on(None, True, None, policy=off)


def test_a_context_turns_it_off_unless_the_step_says_on():
    """A step that knows its run differs from run to run."""
    assert not is_on(None, None, True, takes_context=True)
    assert is_on(None, True, None, takes_context=True)
