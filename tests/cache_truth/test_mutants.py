"""Real projects with a random edit: no plan reuses a result whose fresh value is another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cache_truth import mutants
from tests.cache_truth.mutants import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.tfx, pytest.mark.slow, pytest.mark.timeout(1800)]

COUNT = int(os.environ.get("ZENCACHE_EXAMPLES", "4"))
"""How many mutants of each project; `python -m tests.cache_truth.mutants` runs more, and counts them by kind."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[mutants.Server, mutants.Server]]:
    """Two processes of two hash seeds that have imported the libraries."""
    with mutants.open_servers(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.mark.parametrize("project", mutants.names())
def test_no_mutant_of_a_project_is_stale(servers, tmp_path: Path, project):
    """Where the fresh value of a step differs, the step runs."""
    subject = Subject(project, tmp_path / project, servers)
    judged = [subject.judged(f"test.{number}") for number in range(COUNT)]
    assert not [str(one) for one in judged if one.verdict in ("stale", "error")]
