"""Opening the records of a project."""

from __future__ import annotations

import shutil

from zencache.config import create_project, open_project
from zencache.metadata.session import open_others, open_records
from zencache.model.database import Database


def test_records_are_opened_once(folder):
    """All of a process share the connection and what was read."""
    project = create_project(folder)
    assert open_records(project) is open_records(project)


def test_records_are_opened_again_if_the_settings_change(folder):
    """They hold the settings of the project."""
    records = open_records(create_project(folder))
    file = folder / ".zencache" / "config.toml"
    file.write_text(file.read_text() + "\nworkers = 3\n")
    assert open_records(open_project(folder)) is not records


def test_records_are_opened_again_if_another_file_took_the_place_of_theirs(folder):
    """A database that was restored from a copy has other records."""
    project = create_project(folder)
    records = open_records(project)
    copy = folder / "copy.db"
    shutil.copyfile(project.database.path, copy)
    copy.rename(project.database.path)
    assert open_records(project) is not records


def test_other_stores_of_the_project_are_opened_if_they_exist(folder):
    """A TFX pipeline names a store of its own."""
    project = create_project(folder)
    other = project.on(Database.at(folder / "other.db"))
    other.remember_database()
    assert open_others(project) == []
    records = open_records(other)
    assert open_others(project) == [records]


def test_a_store_that_cannot_be_read_is_left_out_and_reported_once(folder, capsys):
    """The project's own store is enough for a run."""
    project = create_project(folder)
    other = project.on(Database.at(folder / "other.db"))
    other.remember_database()
    (folder / "other.db").write_text("no database")
    assert open_others(project) == []
    assert open_others(project) == []
    assert capsys.readouterr().err.count("a store of this project is left out") == 1
