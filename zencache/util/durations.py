"""Parses durations of options and settings, and writes them as text."""

from __future__ import annotations

import math
import re
import threading
from datetime import timedelta

_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AMOUNT_AND_UNIT = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})")
_SIZES = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_MINUTE = 60


def parse_duration(text: str) -> timedelta:
    """Read a duration; raises ValueError with a sentence that says what to write.

    An amount with a unit, ISO 8601, or days and a clock: what pydantic takes for a `timedelta`.

    >>> parse_duration("7d"), parse_duration("1.5h")
    (datetime.timedelta(days=7), datetime.timedelta(seconds=5400))
    >>> parse_duration("P7D"), parse_duration("1 day 02:30")
    (datetime.timedelta(days=7), datetime.timedelta(days=1, seconds=9000))
    """
    match = _AMOUNT_AND_UNIT.fullmatch(text.strip())
    try:
        if match is None:
            return _parse_as_pydantic(text.strip())
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    except OverflowError as error:
        raise ValueError(f"{text!r} is too long a time") from error


def _parse_as_pydantic(text: str) -> timedelta:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - `7d` needs no pydantic

    try:
        return TypeAdapter(timedelta).validate_python(text)
    except ValidationError as error:
        raise ValueError(f"{text!r} is not a duration; write 90s, 30min, 12h, 7d or 2w") from error


def seconds_of(value: object) -> float:
    """Give the seconds of a timedelta, a number or a text; raises ValueError for anything else.

    >>> seconds_of(timedelta(minutes=1)), seconds_of(2.5), seconds_of("30min")
    (60.0, 2.5, 1800.0)
    """
    if isinstance(value, str):
        value = parse_duration(value)
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or math.isnan(seconds):
        raise ValueError(
            f"{value!r} is not a duration; write seconds (2.5), a timedelta, or a text (90s, 30min, 12h)"
        )
    if seconds < 0:
        raise ValueError(f"{value!r} is a negative time")
    if seconds > threading.TIMEOUT_MAX:
        raise ValueError(f"{value!r} is too long a time")
    return float(seconds)


def duration_text(duration: timedelta) -> str:
    """Write a duration in its largest one or two units.

    >>> duration_text(timedelta(hours=2, minutes=5)), duration_text(timedelta(days=9))
    ('2 h 5 min', '9 d')
    """
    seconds = int(duration.total_seconds())
    parts = []
    for name, size in _SIZES:
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount} {name}")
        elif parts:
            break
    return " ".join(parts[:2]) or "less than 1 s"


def timeout_text(seconds: float) -> str:
    """Write a limit in seconds: below a minute with its fraction.

    >>> timeout_text(0.5), timeout_text(10), timeout_text(5400)
    ('0.5 s', '10 s', '1 h 30 min')
    """
    return f"{seconds:g} s" if seconds < _MINUTE else duration_text(timedelta(seconds=seconds))
