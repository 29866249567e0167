"""Spans of time are read back as they are written."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from zencache.util.durations import seconds_of


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
