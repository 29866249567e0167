"""No test sees a project that it did not make: one in the repository's folder, say, which `make mnist` left
there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zencache.config import find_project

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def where_servers_start():
    """The working folder of what is started once for all tests."""
    return Path.cwd()


def test_what_serves_several_tests_starts_without_a_project(where_servers_start):
    assert not where_servers_start.is_relative_to(REPOSITORY)
    assert find_project(where_servers_start) is None


def test_a_test_starts_without_a_project(folder):
    assert Path.cwd() == folder
    assert find_project() is None


def test_tests_do_not_start_below_a_project(folder):
    """A project in the folder of temporary files would be found by all of them."""
    (folder / ".zencache").mkdir()
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/test_errors.py"]
    environment = {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"there is a zencache project in {folder}" in done.stderr
