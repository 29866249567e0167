"""Files that a step writes whole count as its outputs; logs, databases and temporary files do not."""

# ruff: noqa: PTH104, PTH105, PTH123 - a file is written in all the ways that there are

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from tests.tracking.test_tracker import old, watch
from zencache.tracking.file_digests import FileDigests
from zencache.tracking.observed_inputs import Seen, changed_writes

pytestmark = pytest.mark.file_times


@pytest.fixture
def seen_of(folder):
    def seen_of(work):
        with watch(folder) as watched:
            work()
        return watched.seen()

    return seen_of


def by_rename():
    Path("part.tmp").write_text("new")
    os.replace("part.tmp", "out.csv")


def by_temporary_file():
    descriptor, name = tempfile.mkstemp()
    os.close(descriptor)
    Path(name).write_text("new")
    shutil.move(name, "out.csv")


def by_folder():
    Path("made").mkdir()
    Path("made/out.csv").write_text("new")
    os.rename("made", "folder")


def by_thread():
    thread = threading.Thread(target=lambda: Path("out.csv").write_text("new"))
    thread.start()
    thread.join()


def by_fork():
    child = os.fork()
    if not child:
        Path("out.csv").write_text("new")
        os._exit(0)
    os.waitpid(child, 0)


def by_copy():
    Path("first.csv").write_text("new")
    shutil.copy("first.csv", "out.csv")


def by_parquet():
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import feather

    pq.write_table(pa.table({"a": [1]}), "out.csv")
    feather.write_feather(pa.table({"a": [1]}), "out.feather")


def by_whole_and_more():
    Path("out.csv").write_text("new")
    with open("out.csv", "a") as more:
        more.write("line")


WAYS = {
    "whole": lambda: Path("out.csv").write_text("new"),
    "exclusive": lambda: open("out.csv", "x").close(),
    "absolute": lambda: Path("out.csv").absolute().write_text("new"),
    "touch": lambda: Path("out.csv").touch(),
    "program": lambda: subprocess.run(["cp", "in.csv", "out.csv"], check=True),
    "shell": lambda: os.system("echo 1 > out.csv; echo 2 >> out.csv"),
    **{work.__name__: work for work in (by_rename, by_temporary_file, by_thread, by_fork, by_copy)},
    **{work.__name__: work for work in (by_folder, by_parquet, by_whole_and_more)},
}


@pytest.mark.parametrize("work", WAYS.values(), ids=WAYS)
def test_a_file_that_is_written_whole_counts(seen_of, folder, work):
    """However it is written, and whether it was there."""
    old(folder / "in.csv")
    seen = seen_of(work)
    name = "folder/out.csv" if work is by_folder else "out.csv"
    assert seen.writes[name] == FileDigests(None).digest(folder / name)
    assert not seen.unstable
    assert work is not by_parquet or "out.feather" in seen.writes


def appends():
    with open("out.txt", "a") as log:
        log.write("line")


def connects():
    connection = sqlite3.connect("out.bin")
    connection.execute("create table t (a)")
    connection.close()


def rotates():
    os.rename("out.txt", "out.1")
    appends()


OTHERS = {
    "added to": appends,
    "rotated": rotates,
    "database": connects,
    "log": lambda: Path("out.log").write_text(""),
    "cache": lambda: (Path(".cache").mkdir(), Path(".cache/a").write_text("")),
    "logs": lambda: (Path("logs").mkdir(), Path("logs/a.json").write_text("")),
    "outside": lambda: Path("../outside.txt").write_text(""),
    "shell": lambda: os.system("echo 2 >> out.txt"),
    "deleted": lambda: (Path("out.csv").write_text(""), Path("out.csv").unlink()),
}


@pytest.mark.parametrize("work", OTHERS.values(), ids=OTHERS)
def test_other_files_do_not_count_and_a_remark_names_them(seen_of, folder, work):
    (folder / "out.txt").write_text("line")
    os.utime(folder / "out.txt", (10**9, 10**9))
    seen = seen_of(work)
    assert not seen.writes
    assert len(seen.remarks) == (work is not OTHERS["deleted"])


def test_a_file_that_is_read_first_is_no_output(seen_of, folder):
    (folder / "n.txt").write_text("1")
    seen = seen_of(lambda: Path("n.txt").write_text(Path("n.txt").read_text() + "1"))
    assert (seen.writes, seen.unstable) == ({}, ("n.txt",))


def test_a_step_that_writes_nothing_has_the_record_that_it_had(seen_of):
    text = seen_of(int).to_json()
    assert not any(f'"{name}"' in text for name in ("writes", "shared", "channels", "modified"))


@pytest.mark.parametrize(
    ("edit", "how"),
    [
        (lambda path: path.write_text("other"), "not as it left it"),
        (lambda path: path.write_text("new"), None),
        (lambda path: path.unlink(), "not there any more"),
    ],
    ids=["edited", "the same again", "deleted"],
)
def test_a_written_file_is_compared(seen_of, folder, edit, how):
    seen = Seen.from_json(seen_of(WAYS["whole"]).to_json())
    edit(folder / "out.csv")
    expected = {"out.csv": f"out.csv, which it wrote, is {how}"} if how else {}
    assert changed_writes(seen, folder, FileDigests(None)) == expected


def test_a_relative_path_is_looked_up_in_the_present_working_folder(seen_of, folder, monkeypatch):
    seen = seen_of(WAYS["whole"])
    (folder / "other").mkdir()
    monkeypatch.chdir(folder / "other")
    [sentence] = changed_writes(seen, folder, FileDigests(None)).values()
    assert sentence == "out.csv in the working folder, which it wrote, is not there any more"
    (folder / "other" / "out.csv").write_text("new")
    assert not changed_writes(seen, folder, FileDigests(None))
