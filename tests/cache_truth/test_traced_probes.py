"""What the steps of the probes run is in their keys or their records, without exception."""

from __future__ import annotations

import pytest

from tests.cache_truth.harness import run_traced
from tests.cache_truth.probes import PROBES

SAMPLE = PROBES[::80]
"""Probes of many themes; all of them take minutes."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_the_steps_of_probes_run_is_covered(tmp_path):
    """A complete trace finds no function of the project that neither holds."""
    sides = run_traced(SAMPLE, tmp_path)
    assert not {name: side.error for name, side in sides.items() if side.error}
    assert not {name: side.unrecorded for name, side in sides.items() if side.unrecorded}
