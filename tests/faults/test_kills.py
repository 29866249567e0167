"""A run that is killed at any moment: the next one gives what a run that never failed gives."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

pytestmark = [pytest.mark.tfx, pytest.mark.slow, pytest.mark.timeout(1800)]

SCRIPT = Path(__file__).with_name("killed_run.py")
EXPECTED = {1: 2004, 2: 4008}


@pytest.fixture
def killed_everywhere(folder, fork_server):
    """Kill a run at each of its writes, and give what was found."""

    def killed(changed, which, **env):
        arguments = [SCRIPT, folder / "killing", changed, which]
        done = fork_server.run(arguments, env={**os.environ, **env})
        assert done.returncode == 0, done.stderr[-3000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    return killed


def check(found, factor):
    """Every point was visited and killed there; the next runs give the right results, and nothing is left
    half-done."""
    for row in found:
        assert row["killed"], row
        assert row["again"]["value"] == EXPECTED[factor], row
        assert row["before"]["value"] == EXPECTED[1], row
        assert set(row["before"]["status"].values()) == {"cached"}, row
        assert row["again"]["status"]["numbers"] == "cached", row
        assert set(row["runs"]) <= {"completed", "failed"}, row
        assert row["runs"][-2:] == ["completed", "completed"], row
        assert "running" not in row["states"], row
        assert row["after"] == [], row


def test_a_run_that_computes_may_be_killed_at_every_write(killed_everywhere):
    """Files and records alike; what finished before the kill is reused."""
    found = killed_everywhere("changed", "all")
    check(found, 2)
    points = Counter(row["point"].split(" put_")[0] for row in found)
    assert min(points[kind] for kind in ("open", "fsync", "os.rename")) > 0
    assert points["before"] >= 10
    assert points["before"] == points["after"]
    assert {tuple(row["again"]["status"].values()) for row in found} == {
        ("cached", "executed", "executed"),
        ("cached", "cached", "executed"),
        ("cached", "cached", "cached"),
    }


def test_a_run_that_finds_all_may_be_killed_at_every_write(killed_everywhere):
    """Nothing is computed again because a run that reused it was killed."""
    found = killed_everywhere("same", "all")
    check(found, 1)
    assert len(found) >= 4


@pytest.mark.parametrize("kind", ["mysql", "postgresql"])
def test_a_run_may_be_killed_at_every_write_to_a_server(killed_everywhere, server, kind):
    """What a call has written is there, and what comes after it is not."""
    check(killed_everywhere("changed", "records", KILLING_STORE=server(kind)), 2)
