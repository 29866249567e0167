"""No test sees a project that it did not make: one in the repository's folder, say, which `make mnist` left
there."""

from __future__ import annotations

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
