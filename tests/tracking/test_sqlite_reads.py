"""A database that a connection attaches is a file that the step reads."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from zencache.tracking.file_digests import FileDigests
from zencache.tracking.tracker import watching

pytestmark = pytest.mark.file_times
LONG_AGO = 1_000_000_000


@pytest.fixture
def project(folder):
    (folder / "data").mkdir()
    for name in ("a.db", "data/b.db"):
        with closing(sqlite3.connect(name)) as connection, connection:
            connection.execute("create table t (n)")
            connection.execute("insert into t values (2)")
        os.utime(name, (LONG_AGO, LONG_AGO))
    time.sleep(0.02)
    return folder


def seen_of(root, work):
    with watching(
        "s", root=root, ignore=[], digests=FileDigests(None), is_project=lambda name: name == __file__
    ) as watched:
        work()
    return watched.seen()


def attach(statement, *parameters, connect=sqlite3.connect):
    with closing(connect(":memory:")) as connection:
        connection.execute(statement, parameters)
        return connection.execute("select n from other.t").fetchall()


class Counting(sqlite3.Connection):
    """A factory of a user's own."""


@pytest.mark.parametrize(
    "work",
    [
        lambda: attach("attach 'data/b.db' as other"),
        lambda: attach("ATTACH DATABASE 'data/b.db' AS other"),
        lambda: attach("attach ? as other", "data/b.db"),
        lambda: attach("attach ? as other", str(Path("data/b.db").absolute())),
        lambda: attach("attach 'data/' || ? as other", "b.db"),
        lambda: attach(
            "attach 'data/b.db' as other", connect=lambda name: sqlite3.connect(name, factory=Counting)
        ),
        lambda: attach(
            "attach 'file:data/b.db?mode=ro' as other", connect=lambda name: sqlite3.connect(name, uri=True)
        ),
    ],
)
def test_a_database_that_is_attached_is_a_file(project, work):
    """However its name is given."""
    rows = []
    seen = seen_of(project, lambda: rows.extend(work()))
    assert (rows, "data/b.db" in seen.files) == ([(2,)], True)


def test_a_script_attaches_too(project):
    def work():
        with closing(sqlite3.connect("a.db")) as connection:
            connection.executescript(
                "attach 'data/b.db' as other; create temp table u as select n from other.t;"
            )

    assert {"a.db", "data/b.db"} <= {*seen_of(project, work).files}


def test_a_copy_that_is_written_is_no_input(project):
    """Nor a database that the step makes."""

    def work():
        with closing(sqlite3.connect("a.db")) as connection:
            connection.execute("vacuum into 'copy.db'")
        with closing(sqlite3.connect("new.db")) as connection, connection:
            connection.execute("create table t (n)")

    seen = seen_of(project, work)
    assert ([*seen.files], seen.unstable) == (["a.db", "a.db-wal"], ())


def test_a_programs_own_authorizer_takes_the_place(project):
    """It alone decides, and its refusals are errors as before."""

    def work():
        with closing(sqlite3.connect("a.db")) as connection:
            connection.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
            with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
                connection.execute("select n from t")
            connection.set_authorizer(lambda *_: sqlite3.SQLITE_OK)
            assert connection.execute("select n from t").fetchall() == [(2,)]

    assert "a.db" in seen_of(project, work).files
