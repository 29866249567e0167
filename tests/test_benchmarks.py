"""The parts of the benchmarks that call inner functions still fit them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.goals.large import WAYS, write_in


@pytest.mark.parametrize("how", WAYS)
def test_an_array_is_stored_in_each_way_that_is_compared(folder, how):
    """The benchmark of storing runs for minutes; this is its work on a small array."""
    seconds, peak = write_in(how, 8000)
    assert seconds > 0
    assert peak > 0
    assert not list(Path.cwd().iterdir())
