"""An upgrade that is killed, wherever, is begun again by the next run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_an_upgrade_that_was_killed_anywhere_is_finished_by_the_next_run(tmp_path):
    """Every result is reused, the settings are whole, one backup has all that was there, and nothing is left
    over."""
    script = Path(__file__).with_name("killed_migration.py")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(script), str(tmp_path / "all")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) > 15
    assert {each["point"] for each in found} >= {"os.rename", "fsync", "open", "after put_contexts"}
    noted = [each["point"] for each in found].index("after put_contexts")  # where the backup is
    assert [len(each["backups"]) for each in found[noted:]] == [1] * len(found[noted:])
    for each in found:
        assert each["killed"], each
        assert set(each["status"].values()) == {"cached"}, each
        assert "\nformat = 2\n" in each["settings"], each
        assert each["settings"].endswith("workers = 2  # the laptop's\n"), each
        assert each["backups"] == [["first", "lost", "second"]] * len(each["backups"]), each
        assert len(each["backups"]) in (1, 2), each
        assert each["left"] == [], each
