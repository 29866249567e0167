"""Never stale, never needless: small edits of user code, each judged by what truth demands."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections import Counter

import pytest

from tests.cache_truth.harness import Outcome, run_all
from tests.cache_truth.probes import PROBES

pytestmark = [
    pytest.mark.timeout(1800),  # the first test waits for all probes
    pytest.mark.file_times,
]


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What became of each probe; they run once for all workers of a test run."""
    workers = tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else None
    folder = workers or tmp_path_factory.mktemp("shared")
    file = folder / "outcomes-of-probes.pickle"
    with (folder / "probes.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            file.write_bytes(pickle.dumps(run_all(PROBES, tmp_path_factory.mktemp("probes"))))
    return {outcome.probe.name: outcome for outcome in pickle.loads(file.read_bytes())}


@pytest.mark.parametrize("name", [probe.name for probe in PROBES])
def test_the_key_changes_where_the_result_can(outcomes, name):
    """An edit that changes the result changes the key; one of the harmless classes does not.

    The verdict is no opinion: the plain function gives another result where it says so, and only there.
    """
    outcome = outcomes[name]
    assert not outcome.errors
    assert not outcome.untrue
    assert outcome.kind in ("right", "imprecise"), str(outcome)


@pytest.mark.parametrize("name", [probe.name for probe in PROBES if not probe.unhashable])
def test_what_nobody_edited_is_a_hit(outcomes, name):
    """The key of one project is the same in two processes, whatever their hash seeds."""
    outcome = outcomes[name]
    assert outcome.before.key == outcome.again.key


def test_no_probe_is_stale_and_none_needless(outcomes):
    """Of at least 120 edits none is served stale and none of the listed classes reruns."""
    kinds = Counter(outcome.kind for outcome in outcomes.values())
    told = "\n".join(str(outcome) for outcome in outcomes.values() if outcome.kind != "right")
    assert len(outcomes) >= 120
    assert (kinds["stale"], kinds["needless"], kinds["error"]) == (0, 0, 0), f"{dict(kinds)}\n{told}"


def test_each_kind_has_five_probes():
    """What is mended is mended by kind: five variations of each edit or more."""
    counts = Counter(probe.kind for probe in PROBES)
    assert not {kind: count for kind, count in counts.items() if count < 5}
