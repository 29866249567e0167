"""Where the steps of a run put their artifacts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from zencache.artifacts.store import ArtifactStore
from zencache.config import create_project
from zencache.execution.run_context import RunContext
from zencache.model.database import Database

RUN = "_0123456789abcdef"


@pytest.fixture
def root_of(folder):
    """Give the root of a step of a run whose artifacts are elsewhere."""

    def ask(node, database=None):
        project = create_project(folder)
        project = project.on(database) if database else project
        run = SimpleNamespace(
            spec=SimpleNamespace(root="", steps=()),
            records=SimpleNamespace(metadata=SimpleNamespace(artifacts=ArtifactStore(project))),
            handle=SimpleNamespace(root=f"s3://bucket/team/{RUN}"),
        )
        return RunContext.root_of(run, SimpleNamespace(name="train", node=node))

    return ask


def test_what_a_component_makes_stays_on_this_machine(root_of, folder):
    """TFX components do not read elsewhere; other steps' artifacts go to the store."""
    assert root_of(node="a component") == str(folder / ".zencache" / "artifacts")
    assert root_of(node=None) == f"s3://bucket/team/{RUN}"


def test_of_a_store_of_records_that_machines_share_each_run_has_a_root_of_its_own(root_of, folder):
    """So that it can be told whose machine it is on."""
    server = Database(kind="postgresql", host="db.example.org", name="records")
    assert root_of(node="a component", database=server) == str(folder / ".zencache" / "artifacts" / RUN)
