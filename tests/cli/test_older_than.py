"""Durations that are options of commands."""

from __future__ import annotations

from datetime import timedelta

import pytest
import typer

from zencache.cli.cache import span


@pytest.mark.parametrize(
    ("text", "hours"),
    [("90s", 0.025), ("30min", 0.5), ("12h", 12), ("7d", 168), ("2w", 336), ("0s", 0), ("P7D", 168)],
)
def test_durations_are_read(text, hours):
    """A number and a unit, or what a setting takes."""
    assert span(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "-P1D", "1e3d", "99999999999d"])
def test_what_is_no_duration_is_refused(text):
    """Rather than guessed at."""
    with pytest.raises(typer.BadParameter):
        span(text)
