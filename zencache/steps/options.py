"""The options of a step as a frozen value, checked: name, caching, materializers, retries, timeout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zencache.errors import StepDefinitionError
from zencache.model.names import check_name
from zencache.model.specs import Attempts
from zencache.policy import check_policy
from zencache.steps.outputs import materializer_paths
from zencache.util.durations import seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from typing import TypeAlias

    from typing_extensions import Self

    from zencache.policy import CachePolicy

    Span: TypeAlias = timedelta | float | str


@dataclass(frozen=True)
class StepOptions:
    """The options of a step, checked."""

    name: str
    enable_cache: bool | None = None
    policy: CachePolicy | None = None
    materializers: Mapping[str, str] = field(default_factory=dict)
    """Output to the path of the materializer that the step chose for it; under `""` that of all others."""
    attempts: Attempts | None = None
    """Retries and timeout; None leaves them to the defaults."""

    @classmethod
    def checked(
        cls,
        name: str,
        *,
        enable_cache: bool | None = None,
        cache: CachePolicy | None = None,
        output_materializers: Any = None,
        retries: int | None = None,
        retry_delay: Span | None = None,
        timeout: Span | None = None,
    ) -> Self:
        """Check the options of `@step`; raises StepDefinitionError for an unusable value."""
        name = check_name("step", name)
        check_policy(f"step {name}", cache)
        attempts = attempts_of(name, retries, retry_delay, timeout)
        return cls(name, enable_cache, cache, materializer_paths(output_materializers), attempts)

    def refined(self, **options: Any) -> Self:
        """Replace the options that are not None.

        >>> StepOptions("train").refined(name=None, enable_cache=False)
        StepOptions(name='train', enable_cache=False, policy=None, materializers={}, attempts=None)
        """
        return self.checked(**self.keywords | {n: value for n, value in options.items() if value is not None})

    @property
    def keywords(self) -> dict[str, Any]:
        """The options as keywords of `checked`, and of `Step`."""
        return {
            "name": self.name,
            "enable_cache": self.enable_cache,
            "cache": self.policy,
            "output_materializers": self.materializers,
            **dict(self.attempts or ()),
        }


def attempts_of(
    step: str, retries: int | None, retry_delay: Span | None, timeout: Span | None
) -> Attempts | None:
    """Check retries, delay and timeout; None if none is given. Raises StepDefinitionError for a bad value.

    >>> attempts_of("train", 3, "10s", None)
    Attempts(retries=3, retry_delay=10.0, timeout=None)
    """
    if retries is retry_delay is timeout is None:
        return None
    limit = None if timeout is None else _seconds(step, "timeout", timeout)
    if limit == 0:
        raise StepDefinitionError(
            f"step {step}: timeout={timeout!r} leaves no time at all; write how long one attempt may take "
            '(30, "10min"), or leave it out'
        )
    delay = None if retry_delay is None else _seconds(step, "retry_delay", retry_delay)
    return Attempts(retries=_checked(step, retries), retry_delay=delay, timeout=limit)


def _checked(step: str, retries: int | None) -> int | None:
    if retries is not None and (isinstance(retries, bool) or not isinstance(retries, int) or retries < 0):
        raise StepDefinitionError(
            f"step {step}: retries={retries!r} is not a number of retries; write how many more times the "
            f"step is "
            "computed when it fails: 0, 1, 2, …"
        )
    return retries


def _seconds(step: str, option: str, value: Span) -> float:
    try:
        return seconds_of(value)
    except ValueError as error:
        raise StepDefinitionError(f"step {step}, {option}: {error}") from error
