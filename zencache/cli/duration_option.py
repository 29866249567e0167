"""Spans of time, as they are written on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from zencache.util.durations import parse

if TYPE_CHECKING:
    from datetime import timedelta


def span(text: str) -> timedelta:
    """Read a span of time."""
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--older-than") from error
