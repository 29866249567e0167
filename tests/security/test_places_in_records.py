"""A place that a record names is moved only if it is one where runs put artifacts."""

from __future__ import annotations

from pathlib import Path

import pytest

from zencache.artifacts.store import ArtifactStore
from zencache.config import create_project
from zencache.model.records import ArtifactRecord


def _record(folder: Path) -> ArtifactRecord:
    return ArtifactRecord(
        id=1, name="o", uri=str(folder), folder=folder, value_type="list", materializer="m:M",
        digest="d", size=1, live=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "place",
    [
        *("home/.ssh", "home/a/output/7", "project/src", "project/.zencache", "project/.zencache/artifacts"),
        *("project/.zencache/artifacts/a", "project/.zencache/artifacts/a/output"),
        *("project/.zencache/artifacts/a/output/x", "project/.zencache/code/a/output/7"),
    ],
)
def test_a_folder_that_no_run_made_stays_where_it_is(tmp_path, place):
    """Nothing is moved, and no quarantine is made beside it."""
    (tmp_path / "project").mkdir()
    project = create_project(tmp_path / "project")
    folder = tmp_path / place
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file").write_text("mine")
    assert ArtifactStore(project).quarantine(_record(folder)) is None
    assert (folder / "file").read_text() == "mine"
    assert not list(tmp_path.rglob(".quarantine"))


def test_a_link_among_the_artifacts_leads_nowhere(tmp_path):
    """The folder that it names is not moved."""
    project = create_project(tmp_path)
    (tmp_path / "mine/output/7").mkdir(parents=True)
    (project.own_artifacts / "a").symlink_to(tmp_path / "mine")
    assert ArtifactStore(project).quarantine(_record(project.own_artifacts / "a/output/7")) is None
    assert (tmp_path / "mine/output/7").is_dir()


def test_an_output_of_a_run_is_set_aside(tmp_path):
    """As before."""
    project = create_project(tmp_path)
    folder = project.own_artifacts / "a/output/7"
    folder.mkdir(parents=True)
    (folder / "file").write_text("bad")
    assert ArtifactStore(project).quarantine(_record(folder))
    assert not folder.exists()
