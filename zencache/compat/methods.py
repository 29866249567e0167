"""Methods and attributes of steps, pipelines and the repository in older releases."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any, TypeVar

from zencache.compat import classic, missing_names, views
from zencache.compat.options import check_options, note
from zencache.errors import DefinitionError, NoSuchAttributeError
from zencache.pipelines.definition import PipelineDefinition
from zencache.pipelines.instance import Pipeline
from zencache.repo import Repository
from zencache.steps.active_trace import active_trace
from zencache.steps.binding import bind_parameters
from zencache.steps.step import BoundStep, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from zencache.steps.trace import Called

_ADVICE = "make it again, configure it, then run it"
_S = TypeVar("_S", Step, BoundStep)


def find(target: Any, name: str) -> Any:
    """Give an attribute that older releases had; raises NoSuchAttributeError that names the nearest one."""
    for kind in filter(lambda kind: isinstance(target, kind), _METHODS):
        if name in _METHODS[kind]:
            return functools.partial(_METHODS[kind][name], target)
        if name in _ATTRIBUTES.get(kind, {}):
            return _ATTRIBUTES[kind][name](target)
    if isinstance(target, PipelineDefinition) and hasattr(Pipeline, name):
        called = target.entrypoint.__name__
        raise NoSuchAttributeError(
            f"call {called} first, with its steps or parameters: {called}().{name}, not {called}.{name}"
        )
    raise missing_names.no_attribute(target, name)


# -- steps ----------------------------------------------------------------------------------------


def configure_step(step: _S, *, parameters: Mapping[str, Any] | None = None, **options: Any) -> _S:
    """Change the options of a step in place, and give it back (0.20 to 0.39)."""
    if isinstance(step, BoundStep):
        changed = step.step.with_options(**options)
        bound = bind_parameters(changed.name, changed.signature, (), parameters or {})
        step.step, step.values = changed, {**step.values, **bound}
    elif parameters:
        arguments = ", ".join(f"{name}=…" for name in parameters)
        raise DefinitionError(
            f"step {step.name} takes parameters where it is called: {step.name}({arguments})"
        )
    else:
        step.options = step.with_options(**options).options
    return step


def with_return_materializers(step: _S, materializers: Any) -> _S:
    """Choose what stores the outputs, a class for all or a mapping of outputs to classes (0.5 to 0.20)."""
    return configure_step(step, output_materializers=materializers)


def bound_with_options(bound: BoundStep, **options: Any) -> BoundStep:
    """Give a step with other options, its parameters as they are (0.40 on)."""
    return BoundStep(bound.step.with_options(**options), bound.values, bound.slot)


def after(step: Step | BoundStep, *others: Step | BoundStep) -> None:
    """Have a step wait for others that do not feed it (0.12 to 0.39), in a pipeline's body.

    A later step whose own key is unchanged is reused even if the earlier one runs again. Where it depends on
    the earlier one, feed it with a result of that.
    """
    trace = active_trace()
    if trace is None:
        name = step.step.name if isinstance(step, BoundStep) else step.name
        raise DefinitionError(
            f"step {name}: call after() in the body of the pipeline, where the steps are called"
        )
    for other in others:
        trace.order(_called(other), _called(step))


def _called(step: Step | BoundStep) -> Called:
    return (step.slot, step.step) if isinstance(step, BoundStep) else (None, step)


# -- pipelines ------------------------------------------------------------------------------------


def with_config(
    pipeline: Pipeline, config_file: str | Path, overwrite_step_parameters: bool = False
) -> Pipeline:
    """Take parameters and options of steps from a YAML file (0.5 to 0.20), and give the pipeline back."""
    from zencache.compat import configuration  # noqa: PLC0415 - only who has such a file needs it

    pipeline.check_changeable(_ADVICE)
    config = configuration.read(config_file)
    if config.get("run_name") is not None:
        note(f"run_name in {config_file} is ignored: it counts in run(config_path=…)")
    both: configuration.Both = "overwrite" if overwrite_step_parameters else "raise"
    parts = configuration.applied(pipeline, config, config_file, both)
    if config.get("enable_cache") is not None:
        parts = dataclasses.replace(parts, spec=parts.spec.replaced(enable_cache=config["enable_cache"]))
    pipeline.parts = parts
    return pipeline


def configure_pipeline(pipeline: Pipeline, enable_cache: bool | None = None, **older: Any) -> Pipeline:
    """Change the options of this pipeline (0.20 to 0.39), and give it back."""
    check_options(f"pipeline {pipeline.name}", older)
    if enable_cache is not None:
        pipeline.check_changeable(_ADVICE)
        spec = pipeline.spec.replaced(enable_cache=enable_cache)
        pipeline.parts = dataclasses.replace(pipeline.parts, spec=spec)
    return pipeline


def configure_definition(
    definition: PipelineDefinition, enable_cache: bool | None = None, **older: Any
) -> PipelineDefinition:
    """Change the options of a pipeline before it is called (0.20 to 0.39), and give it back."""
    check_options(f"pipeline {definition.name}", older)
    definition.enable_cache = definition.enable_cache if enable_cache is None else enable_cache
    return definition


# -- the repository -------------------------------------------------------------------------------


def get_pipeline(
    repository: Repository, pipeline: Any = None, stack_name: str | None = None, **older: Any
) -> views.PipelineView | None:
    """Give a view of a pipeline by name, class or instance; None where there is none (0.6 to 0.23)."""
    if stack_name is not None:
        note("Repository.get_pipeline: stack_name is ignored: a project has one store")
    wanted = older.get("pipeline_name", pipeline)  # its name until 0.12
    return views.pipeline_view(repository, wanted)


_OF_STEPS: dict[str, Callable[..., Any]] = {
    "configure": configure_step,
    "with_return_materializers": with_return_materializers,
    "after": after,
}
_OF_HISTORY: dict[str, Callable[..., Any]] = {
    "get_runs": views.runs_of,
    "get_run": views.run_of,
    "get_run_names": views.run_names_of,
    "get_run_for_completed_step": views.run_that_computed,
}
_METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    Step: _OF_STEPS,
    BoundStep: {**_OF_STEPS, "with_options": bound_with_options},
    Pipeline: {**_OF_HISTORY, "with_config": with_config, "configure": configure_pipeline},
    PipelineDefinition: {**_OF_HISTORY, "configure": configure_definition},
    Repository: {
        "get_pipeline": get_pipeline,
        **{function.__name__: function for function in classic.OF_REPOSITORY},
    },
}
_ATTRIBUTES: dict[type, dict[str, Callable[[Any], Any]]] = {
    BoundStep: {
        "name": lambda bound: bound.step.name,
        "enable_cache": lambda bound: bound.step.enable_cache,
        "entrypoint": lambda bound: bound.step.entrypoint,
    },
    Pipeline: {"enable_cache": lambda pipeline: pipeline.spec.enable_cache is not False},
}
