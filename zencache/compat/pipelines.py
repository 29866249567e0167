"""Class-based pipelines (0.5 to 0.39): subclass `BasePipeline` and write `connect`."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from zencache.compat.options import check_options, is_known
from zencache.errors import DefinitionError
from zencache.pipelines.definition import PipelineDefinition
from zencache.pipelines.instance import Pipeline

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from zencache.compat.views import PipelineRunView
    from zencache.policy import CachePolicy

_OPTIONS = ("name", "enable_cache", "cache")
_GIVEN = "_zencache_given"


class PipelineType(type):
    """Metaclass of `BasePipeline`: calling a class-based pipeline gives a `Pipeline`."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Trace `connect` once, with the steps for its arguments."""
        instance = super().__call__(*args, **kwargs)
        (args, kwargs), options = vars(instance).pop(_GIVEN, ((args, kwargs), {}))
        return cls.definition(instance, options)(*args, **kwargs)

    def definition(cls, instance: Any, options: dict[str, Any]) -> PipelineDefinition:
        """Make the pipeline whose body is an instance's `connect`."""
        declared = {name: getattr(cls, name, None) for name in _OPTIONS} | options
        return PipelineDefinition(instance.connect, **declared | {"name": declared["name"] or cls.__name__})

    def __instancecheck__(cls, instance: Any) -> bool:
        """Say whether something is a pipeline; all of them are a `BasePipeline`."""
        return isinstance(instance, Pipeline) if cls is BasePipeline else False


class BasePipeline(metaclass=PipelineType):
    """A pipeline as a class (0.5 to 0.39): `connect` is its body; options are class attributes or keywords.

    >>> from zencache import step
    >>> @step
    ... def load() -> int:
    ...     return 20
    >>> class Loading(BasePipeline):
    ...     def connect(self, loader):
    ...         loader()
    >>> Loading(loader=load())
    <pipeline Loading: load>
    """

    name: ClassVar[str | None] = None
    enable_cache: ClassVar[bool | None] = None
    cache: ClassVar[CachePolicy | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        what = type(self).__name__
        connect = getattr(self, "connect", None)
        if connect is None:
            raise DefinitionError(
                f"class {what} has no connect; write the body of the pipeline as `def connect(self, step_a, "
                f"…)`"
            )
        names = inspect.signature(connect).parameters
        others = {n: v for n, v in kwargs.items() if n not in names}
        options = {n: v for n, v in others.items() if n in _OPTIONS}
        older = {n: v for n, v in others.items() if n not in options and is_known(f"pipeline {what}", n)}
        check_options(f"pipeline {what}", older)
        slots = {n: v for n, v in kwargs.items() if n not in options and n not in older}
        vars(self)[_GIVEN] = ((args, slots), options)

    @classmethod
    def get_runs(cls) -> list[PipelineRunView]:
        """List the runs of the pipeline, newest last (0.12 to 0.39)."""
        from zencache.compat import views  # noqa: PLC0415 - declaring a pipeline needs no records

        return views.runs_of(cls)

    @classmethod
    def get_run(cls, run_name: str) -> PipelineRunView:
        """Find a run of the pipeline; raises a KeyError that names the nearest (0.12 to 0.39)."""
        from zencache.compat import views  # noqa: PLC0415 - as above

        return views.run_of(cls, run_name)


@dataclass(frozen=True)
class Schedule:
    """A schedule of runs (0.5 to 0.39): accepted and ignored with a note, since `run` runs once, now."""

    name: str | None = None
    cron_expression: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    interval_second: timedelta | int | None = None
    catchup: bool = False
