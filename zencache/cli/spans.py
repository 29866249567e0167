"""Spans of time, as they are written on the command line."""

from __future__ import annotations

import re
from datetime import timedelta

import typer

_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})")


def span(text: str) -> timedelta:
    """Read a span of time.

    >>> span("7d"), span("1.5h")
    (datetime.timedelta(days=7), datetime.timedelta(seconds=5400))
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(
            f"{text!r} is no span of time; write 90s, 30min, 12h, 7d or 2w", param_hint="--older-than"
        )
    try:
        return timedelta(**{_UNITS[found[2]]: float(found[1])})
    except OverflowError as error:
        raise typer.BadParameter(f"{text!r} is too long a time", param_hint="--older-than") from error
