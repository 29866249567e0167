"""Durations as options of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from zencache.util.durations import parse, seconds_of

if TYPE_CHECKING:
    from datetime import timedelta


def span(text: str) -> timedelta:
    """Read a duration."""
    try:
        duration = parse(text)
        seconds_of(duration)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--older-than") from error
    return duration
