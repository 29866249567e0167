"""Digests of files: of the content, and read once."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from zencache.errors import DefinitionError
from zencache.tracking.file_digests import FileDigests

LONG_AGO = 1_000_000_000


def old(path, content="content"):
    """Write a file that is old enough to be remembered."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def test_a_digest_is_of_the_content(folder):
    """Neither the name nor the time counts."""
    digests = FileDigests(None)
    assert digests.digest(old(folder / "a")) == digests.digest(old(folder / "b")) is not None
    assert digests.digest(old(folder / "c", "other")) != digests.digest(folder / "a")


def test_a_large_file_has_the_digest_of_its_content(folder):
    """Reading in blocks, mapping and hashing on all cores agree."""
    from blake3 import blake3

    for size in (0, 2**16 + 1, 17 * 2**20):
        path = folder / str(size)
        path.write_bytes(b"x" * size)
        assert FileDigests(None).digest(path) == blake3(b"x" * size).hexdigest()


def test_what_does_not_exist_has_no_digest(folder):
    assert FileDigests(None).digest(folder / "none") is None
    assert FileDigests(None).listing(folder / "none") is None


def test_an_unchanged_file_is_read_once(folder):
    digests = FileDigests(None)
    assert digests.digest(old(folder / "a")) == digests.digest(Path("a"))
    assert digests.reads == 1


def test_a_changed_file_is_read_again(folder):
    digests = FileDigests(None)
    before = digests.digest(old(folder / "a", "one"))
    assert digests.digest(old(folder / "a", "two")) != before
    assert digests.reads == 2


@pytest.mark.file_times
def test_a_young_file_is_not_remembered(folder):
    """It may change again within the clock's granularity and look the same."""
    digests = FileDigests(None)
    (folder / "a").write_text("young")
    assert digests.digest(folder / "a") == digests.digest(folder / "a")
    assert digests.reads == 2


def test_another_process_need_not_read_again(folder):
    store, path = folder / "cache" / "files.db", old(folder / "a")
    digest = FileDigests(store).digest(path)
    later = FileDigests(store)
    assert (later.digest(path), later.reads) == (digest, 0)


def test_what_waits_is_written_by_a_flush(folder):
    store, paths = folder / "files.db", [old(folder / str(n)) for n in range(20)]
    first, later = FileDigests(store), FileDigests(store)
    for path in paths:
        first.digest(path)
    first.flush()
    for path in paths:
        later.digest(path)
    assert (first.reads, later.reads) == (20, 0)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b""], ids=["nonsense", "empty"])
def test_a_corrupt_memory_is_done_without(folder, content):
    (folder / "files.db").write_bytes(content)
    digests = FileDigests(folder / "files.db")
    assert digests.digest(old(folder / "a")) == FileDigests(None).digest(folder / "a")
    assert digests.digest(folder / "a")
    assert digests.reads == 1


def test_a_memory_of_another_format_is_left_alone(folder):
    with sqlite3.connect(folder / "files.db") as other:
        other.execute("pragma user_version = 99")
    FileDigests(folder / "files.db").digest(old(folder / "a"))
    with sqlite3.connect(folder / "files.db") as other:
        assert other.execute("select count(*) from sqlite_master").fetchone() == (0,)


def test_a_memory_that_cannot_be_written_is_done_without(folder):
    (folder / "file").write_text("")
    assert FileDigests(folder / "file" / "files.db").digest(old(folder / "a"))


def test_threads_share_one_memory(folder):
    digests, found = FileDigests(folder / "files.db"), []
    paths = [old(folder / str(n), str(n)) for n in range(30)]
    threads = [threading.Thread(target=lambda: found.append([*map(digests.digest, paths)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(one == found[0] for one in found)


def test_a_folder_is_all_that_is_below_it(folder):
    """A content, a name and a file more each make a difference."""
    digests = FileDigests(None)
    old(folder / "data" / "x" / "a")
    found = [digests.digest(folder / "data")]
    old(folder / "data" / "x" / "b")
    found.append(digests.digest(folder / "data"))
    (folder / "data" / "x" / "b").rename(folder / "data" / "b")
    found.append(digests.digest(folder / "data"))
    old(folder / "data" / "b", "other")
    found.append(digests.digest(folder / "data"))
    assert len(set(found)) == 4


def test_a_link_to_the_folder_above_ends(folder):
    old(folder / "data" / "a")
    (folder / "data" / "loop").symlink_to(folder / "data")
    assert FileDigests(None).digest(folder / "data")


def test_a_listing_is_of_the_shown_names(folder):
    digests = FileDigests(None)
    old(folder / "data" / "a")
    before = digests.listing(folder / "data")
    old(folder / "data" / "a", "other")
    old(folder / "data" / ".hidden")
    old(folder / "data" / "__pycache__" / "a.pyc")
    assert digests.listing(folder / "data") == before
    old(folder / "data" / "b")
    assert digests.listing(folder / "data") != before


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("data/a.csv", ["data/a.csv"]),
        ("data/*.csv", ["data/a.csv", "data/b.csv"]),
        ("data/**/*.csv", ["data/a.csv", "data/b.csv", "data/x/c.csv"]),
        ("data", ["data"]),
        ("~/a.csv", ["data/a.csv"]),
        ("data/[x].csv", ["data/[x].csv"]),
    ],
)
def test_a_pattern_names_files(folder, monkeypatch, pattern, names):
    """A path, a glob, a folder, one below the home folder, and a name that only looks like a glob."""
    monkeypatch.setenv("HOME", str(folder / "data"))
    for name in ("a.csv", "b.csv", "x/c.csv", "n.txt"):
        old(folder / "data" / name)
    if "[" in pattern:
        old(folder / pattern)
    assert FileDigests.matches(pattern, folder) == [folder / name for name in names]


def test_an_absolute_pattern_stands_for_itself(folder):
    path = old(folder / "data" / "a.csv")
    assert FileDigests.matches(f"{folder}/*/a.csv", Path("/elsewhere")) == [path]


@pytest.mark.parametrize("pattern", ["data.csv", "*.csv"])
def test_a_pattern_without_a_file_says_which_and_where(folder, pattern):
    with pytest.raises(DefinitionError) as error:
        FileDigests.matches(pattern, folder)
    assert pattern in str(error.value)
    assert str(folder) in str(error.value)
