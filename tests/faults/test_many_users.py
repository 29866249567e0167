"""Sixteen processes with fifty runs each, on one store."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from zencache import Repository

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

USERS, RUNS, COMPUTING = 16, 50, 2
SCRIPT = Path(__file__).with_name("many_users.py")


@pytest.fixture
def start(fork_server):
    """Start a user in a folder of its own, where a file gets what it prints."""

    def started(folder, *args):
        folder.mkdir(exist_ok=True)
        with (folder / f"{args[0]}.out").open("w") as file:
            return fork_server.start([SCRIPT, *args], cwd=folder, stdout=file.fileno(), stderr=file.fileno())

    return started


@pytest.mark.parametrize("store_url", ["sqlite", "mysql", "postgresql"], indirect=True)
def test_many_processes_share_a_store_without_error_or_loss(store_url, folder, start):
    """No run is lost, versions are numbered without gaps or doubles, and nothing is computed twice.

    On a server each process has a project folder of its own, as users of several machines have.
    """
    places = [folder / (f"machine{n}" if store_url else "machine0") for n in range(USERS)]
    assert start(places[0], "prepare").wait() == 0
    go = folder / "go"
    users = [start(places[n], n, RUNS, "yes" if n < COMPUTING else "no", go) for n in range(USERS)]
    while sum(Path(f"{go}.{n}").exists() for n in range(USERS)) < USERS:
        time.sleep(0.05)
    go.touch()
    codes = [user.wait() for user in users]
    failed = [n for n, code in enumerate(codes) if code]
    assert not failed, (places[failed[0]] / f"{failed[0]}.out").read_text()[-2000:]
    os.chdir(places[0])
    found = Repository().get_pipeline_by_name("shared")
    assert sorted(run.name for run in found.runs) == sorted(
        f"user-{n}-{i}" for n in range(USERS) for i in range(RUNS)
    )
    assert {run.status for run in found.runs} == {"completed"}
    assert [version.number for version in found.versions] == [1, 2, 3, 4, 5]
    assert len({version.spec.structure for version in found.versions}) == 5
    computing = [run for run in found.runs if int(run.name.split("-")[1]) < COMPUTING]
    statuses = Counter(step.status for run in computing for step in run.steps.values())
    computed = 10 + (5 + 9)  # ten values of `start`, and what they become by adding up to five times
    assert statuses == {"executed": computed, "cached": sum(len(run.steps) for run in computing) - computed}
    others = [run for run in found.runs[::20] if int(run.name.split("-")[1]) >= COMPUTING]
    assert {step.status for run in others for step in run.steps.values()} == {"cached"}
