"""What a user says about retries and timeouts, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zencache.errors import StepDefinitionError
from zencache.model.specs import Attempts
from zencache.util.durations import seconds_of

if TYPE_CHECKING:
    from datetime import timedelta
    from typing import TypeAlias

    Span: TypeAlias = timedelta | float | str


def attempts_of(
    step: str, retries: int | None, retry_delay: Span | None, timeout: Span | None
) -> Attempts | None:
    """Give what a step says about its attempts, None if it says nothing; raises StepDefinitionError for what is unusable.

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
            f"step {step}: retries={retries!r} is no number of retries; write how many more times the step is "
            "computed when it fails: 0, 1, 2, …"
        )
    return retries


def _seconds(step: str, option: str, value: Span) -> float:
    try:
        return seconds_of(value)
    except ValueError as error:
        raise StepDefinitionError(f"step {step}, {option}: {error}") from error
