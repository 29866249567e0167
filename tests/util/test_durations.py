"""Every option and setting reads a duration in the same forms."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from zencache.cli.cache import span
from zencache.policy import CachePolicy
from zencache.steps.options import attempts_of
from zencache.util.durations import parse_duration, seconds_of

FORMS = [
    "90s",
    "30min",
    "1.5h",
    "7d",
    "2w",
    "P7D",
    "PT1.5H",
    "P1W",
    "7 days",
    "1 day 02:30",
    "10:30:05",
    "00:10",
]
ANYTHING = st.text("-+0123456789.:,PTYMWDHSdayshminw ", max_size=12)


@pytest.mark.parametrize("text", FORMS)
def test_all_options_and_settings_read_the_same_durations(text):
    """A policy, a step's retries and its timeout, and the command line."""
    duration = parse_duration(text)
    assert CachePolicy(expires_after=text).expires_after == duration
    assert attempts_of("load", 1, text, text).retry_delay == duration.total_seconds()
    assert span(text) == duration


@given(ANYTHING)
def test_what_pydantic_reads_is_read_alike(text):
    """So a settings file that was valid once stays valid, and means the same."""
    try:
        duration = TypeAdapter(timedelta).validate_python(text)
    except ValidationError:
        return
    assert parse_duration(text) == CachePolicy(expires_after=text).expires_after == duration


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=1000)))
def test_a_timedelta_and_its_seconds_are_the_same_time(duration):
    """However it is given."""
    assert seconds_of(duration) == seconds_of(duration.total_seconds())


@given(
    st.integers(0, 10_000), st.sampled_from([("s", 1), ("min", 60), ("h", 3600), ("d", 86400), ("w", 604800)])
)
def test_a_text_is_its_number_of_units(number, unit):
    """A space in between is free."""
    name, size = unit
    assert seconds_of(f"{number}{name}") == seconds_of(f" {number} {name}") == number * size
