"""A file of results that can be computed again never stands in the way."""

from __future__ import annotations

import os
import sqlite3

import pytest

from zencache.util.remembered_rows import RememberedRows

TABLE = "create table squares (n integer, square integer)"
WRITE = "insert into squares values (?, ?)"
READ = "select square from squares where n = ?"


@pytest.fixture
def file(folder):
    return folder / "inside" / "squares.db"


def test_rows_are_there_for_the_next_one_who_opens_the_file(file):
    RememberedRows(file, TABLE, 1).write(WRITE, [(3, 9)])
    assert RememberedRows(file, TABLE, 1).read(READ, [3]) == [(9,)]


def test_a_file_of_another_format_is_left_alone(file):
    """An older or a later release goes on using it."""
    RememberedRows(file, TABLE, 1).write(WRITE, [(3, 9)])
    other = RememberedRows(file, TABLE, 2)
    other.write(WRITE, [(4, 16)])
    assert other.read(READ, [3]) == []
    assert RememberedRows(file, TABLE, 1).read(READ, [4]) == []


def test_a_file_that_is_no_database_is_no_obstacle(file):
    file.parent.mkdir()
    file.write_text("something else")
    rows = RememberedRows(file, TABLE, 1)
    rows.write(WRITE, [(3, 9)])
    assert rows.read(READ, [3]) == []
    assert file.read_text() == "something else"


def test_a_forked_process_opens_the_file_itself(file):
    """SQLite forbids to carry a connection through a fork."""
    rows = RememberedRows(file, TABLE, 1)
    rows.write(WRITE, [(3, 9)])
    assert rows.read(READ, [3]) == [(9,)]
    _, connection = rows._reader
    child = os.fork()
    if not child:
        is_right = rows.read(READ, [3]) == [(9,)] and rows._reader[1] is not connection
        os._exit(0 if is_right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_closed_file_is_opened_again(file):
    rows = RememberedRows(file, TABLE, 1)
    rows.write(WRITE, [(3, 9)])
    assert rows.read(READ, [3]) == [(9,)]
    _, connection = rows._reader
    rows.close()
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("select 1")
    assert rows.read(READ, [3]) == [(9,)]
