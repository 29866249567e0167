"""What the steps of the probes and of the projects run is in their keys or their records."""

from __future__ import annotations

import os

import pytest

from tests.cache_truth import mutants
from tests.cache_truth.harness import Side, run_traced
from tests.cache_truth.mutants import Subject
from tests.cache_truth.probes import PROBES

SAMPLE = PROBES[::40]
"""Probes of all themes of many probes, for each run of the tests."""


def uncovered(sides: dict[str, Side]) -> dict[str, object]:
    """List what failed, and the code that ran and is neither in a key nor in a record."""
    return {
        name: side.error or side.unrecorded for name, side in sides.items() if side.error or side.unrecorded
    }


@pytest.mark.timeout(600)
def test_what_the_steps_of_a_sample_of_the_probes_run_is_covered(tmp_path):
    """A complete trace finds no function of the project that neither holds."""
    assert not uncovered(run_traced(SAMPLE, tmp_path))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_what_the_steps_of_more_probes_run_is_covered(tmp_path):
    """Those of files and child processes; all of them, without exception, where `ZENCACHE_TRACED` is `all`."""
    is_all = os.environ.get("ZENCACHE_TRACED") == "all"
    chosen = [probe for probe in PROBES if is_all or probe.theme in ("children", "cutoff", "files")]
    assert not uncovered(run_traced(chosen, tmp_path))


@pytest.mark.tfx
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_what_the_steps_of_the_projects_run_is_covered(tmp_path):
    """All steps of the ten projects are computed again under the trace, and give the same."""
    with mutants.open_servers(tmp_path) as servers:
        verdicts = {name: Subject(name, tmp_path / name, servers).audited() for name in mutants.names()}
    assert len(verdicts) == 10
    assert all(verdicts.values())
    told = {(name, step): verdict for name, steps in verdicts.items() for step, verdict in steps.items()}
    assert not {step: verdict for step, verdict in told.items() if not verdict.startswith("same")}
