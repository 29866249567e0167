"""Decides whether caching is on for a step: by the run, the step, the pipeline, the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zencache.model.specs import PipelineSpec, StepSpec
    from zencache.policy import CachePolicy


def why_off(  # noqa: PLR0911 - one line a rule
    spec: PipelineSpec,
    step: StepSpec,
    run_override: bool | None,
    precedence: str,
    project: CachePolicy | None = None,
) -> str | None:
    """Give the reason why caching is off for a step, or None when it is on.

    Highest first: the run's override, the step's own value, the pipeline's, the project's, then on; with
    the precedence `"pipeline"`, a pipeline's False goes before a step's True.
    """
    if run_override is not None:
        return None if run_override else "caching is off: run(enable_cache=False)"
    step_flag = _first(step.enable_cache, step.policy)
    pipeline_flag = _first(spec.enable_cache, spec.policy)
    if precedence == "pipeline" and pipeline_flag is False:
        return f"caching is off: pipeline {spec.name} says enable_cache=False"
    if step_flag is not None:
        return None if step_flag else f"caching is off: step {step.name} says enable_cache=False"
    if pipeline_flag is False:
        return f"caching is off: pipeline {spec.name} says enable_cache=False"
    if pipeline_flag is None and project is not None and project.enabled is False:
        return "caching is off: the project's settings say enabled = false"
    if step.takes_context:
        return (
            "caching is off: the step takes a StepContext, which differs from run to run; "
            "enable_cache=True on the step turns it on"
        )
    return None


def _first(flag: bool | None, policy: CachePolicy | None) -> bool | None:
    if flag is not None:
        return flag
    return policy.enabled if policy else None
