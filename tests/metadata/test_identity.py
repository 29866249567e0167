"""Records that were lost, or are another store's, are seen by the id beside the artifacts."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from zencache.config import create_project
from zencache.errors import StoreUnavailableError
from zencache.maintenance.gc import gc
from zencache.maintenance.retention import Criteria
from zencache.maintenance.verify import verify
from zencache.metadata import session
from zencache.metadata.identity import MARKER
from zencache.metadata.session import open_records
from zencache.metadata.sqlite_backup import back_up, restore

LOSSES = ["empty", "missing", "of another store"]


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Open a project's records as a new process would."""
    monkeypatch.chdir(tmp_path)

    def open_anew(root="one"):
        session._open_records.clear()
        (tmp_path / root).mkdir(exist_ok=True)
        records = open_records(create_project(tmp_path / root))
        if records.metadata.refusal is None:
            _ = records.metadata.contexts.types  # as a run does
        return records

    return open_anew


def lose(tmp_path, opened, how):
    opened("two")
    session._open_records.clear()
    for file in (tmp_path / "one/.zencache").glob("metadata.db*"):
        file.unlink()
    database = tmp_path / "one/.zencache/metadata.db"
    if how == "empty":
        database.touch()
    if how == "of another store":
        for file in (tmp_path / "two/.zencache").glob("metadata.db*"):
            shutil.copy(file, database.with_name(file.name))


@pytest.mark.parametrize("how", LOSSES)
def test_lost_records_refuse_all_but_reading(opened, tmp_path, how):
    """A run, gc and verify each say what to do; an orphan of the lost records stays."""
    opened()
    lose(tmp_path, opened, how)
    records = opened()
    orphan = tmp_path / "one/.zencache/artifacts/a/output/1"
    orphan.mkdir(parents=True)
    os.utime(orphan, (time.time() - 9000,) * 2)
    actions = [
        lambda: records.metadata.client.put_contexts([]),
        lambda: gc([records], Criteria(keep_last=1), dry_run=False),
        lambda: verify([records], full=False, repair=False),
    ]
    for act in actions:
        with pytest.raises(StoreUnavailableError, match="zencache store adopt"):
            act()
    assert records.runs.pipelines() == []
    assert orphan.is_dir()


@pytest.mark.parametrize("how", LOSSES)
def test_records_that_are_adopted_are_the_stores_own_from_then_on(opened, tmp_path, how):
    """In this process and in the next."""
    opened()
    lose(tmp_path, opened, how)
    opened().metadata.adopt()
    records = opened()
    gc([records], Criteria(keep_last=1), dry_run=False)
    records.metadata.client.put_contexts([])


def test_records_that_are_put_back_are_accepted(opened, tmp_path):
    """The lost file had the id that lies beside the artifacts."""
    opened()
    session._open_records.clear()
    database = tmp_path / "one/.zencache/metadata.db"
    for file in database.parent.glob("metadata.db*"):
        file.rename(tmp_path / file.name)
    assert opened().metadata.refusal
    for file in database.parent.glob("metadata.db*"):
        file.unlink()
    for file in tmp_path.glob("metadata.db*"):
        file.rename(database.with_name(file.name))
    assert opened().metadata.refusal is None


def test_a_project_that_is_moved_or_copied_keeps_its_identity(opened, tmp_path):
    opened()
    session._open_records.clear()
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    assert opened("copy").metadata.refusal is None


def test_a_store_without_a_marker_gets_one_when_it_is_opened(opened, tmp_path):
    """As stores of earlier releases."""
    opened()
    marker = tmp_path / "one/.zencache/artifacts" / MARKER
    marker.unlink()
    assert opened().metadata.refusal is None
    assert marker.is_file()


def test_another_file_of_records_has_roots_of_its_own_and_is_remembered(opened, tmp_path, monkeypatch):
    """The numbers of its executions begin again from 1."""
    records = opened()
    project = records.project
    assert records.metadata.artifacts.root() == str(project.own_artifacts)
    orphan = project.own_artifacts / "a/output/1"
    orphan.mkdir(parents=True)
    os.utime(orphan, (time.time() - 9000,) * 2)
    for url in ("sqlite:///other.db", f"sqlite:///{tmp_path}/elsewhere.db"):
        monkeypatch.setenv("ZENCACHE_METADATA_STORE", url)
        other = opened()
        assert other.metadata.refusal is None
        assert other.metadata.artifacts.root().startswith(f"{project.own_artifacts}/_")
        assert "leftovers stay" in gc([other], Criteria(keep_last=1), dry_run=False).notes[0]
    monkeypatch.delenv("ZENCACHE_METADATA_STORE")
    own = opened()
    used = [str(project.default_database), str(project.root / "other.db"), str(tmp_path / "elsewhere.db")]
    assert own.project.databases_used == used
    assert "other.db" in gc([own], Criteria(keep_last=1), dry_run=False).notes[0]
    assert orphan.is_dir()
    (project.folder / "records.json").unlink()
    assert [path for path, _ in gc([own], Criteria(keep_last=1), dry_run=False).leftovers] == [orphan]


def test_a_backup_is_put_back_whole_or_not_at_all(opened, tmp_path):
    """What was there is kept; an empty file and one that is no database are refused."""
    project = opened().project
    session._open_records.clear()
    backup = tmp_path / "backup.db"
    back_up(project.database.path, backup, project.folder / "config.toml")
    lose(tmp_path, opened, "empty")
    for text in ("", "no database"):
        (tmp_path / "bad.db").write_text(text)
        with pytest.raises(StoreUnavailableError, match="cannot restore"):
            restore(project, tmp_path / "bad.db")
    assert opened().metadata.refusal
    session._open_records.clear()
    assert restore(project, backup).is_file()
    assert opened().metadata.refusal is None
