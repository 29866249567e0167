"""A path that was relative to the working folder stays so: from another folder it names another file."""

# ruff: noqa: PTH118, PTH123 - a path is made in all the ways that there are

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from zencache.tracking.file_digests import FileDigests
from zencache.tracking.observed_inputs import Seen, changed
from zencache.tracking.tracker import watching

pytestmark = pytest.mark.file_times


@pytest.fixture
def project(folder, monkeypatch):
    """Three folders with a file each, two of them with the same content; the first is the working folder."""
    for name, text in {"one": "two", "two": "five", "same": "two"}.items():
        (folder / name / "data").mkdir(parents=True)
        (folder / name / "a.txt").write_text(text)
        (folder / name / "data" / "b.txt").write_text(text)
    time.sleep(0.02)
    monkeypatch.chdir(folder / "one")
    return folder


def seen_of(root, work):
    with watching(
        "train",
        root=root,
        ignore=[],
        digests=FileDigests(None),
        is_project=lambda name: name == __file__,
    ) as watched:
        work()
    return Seen.from_json(watched.seen().to_json())


def from_folder(name, seen, project, monkeypatch):
    monkeypatch.chdir(project / name)
    return changed(seen, project, FileDigests(None))


def moved_and_read():
    os.chdir("data")
    return Path("b.txt").read_text()


def read_twice():
    open(os.path.join(os.curdir, "a.txt")).close()
    open(Path("data") / ".." / "a.txt").close()


RELATIVE = {
    "Path": lambda: Path("a.txt").read_text(),
    "bytes": lambda: open(b"a.txt").close(),
    "up and down": lambda: open("data/../a.txt").close(),
    "spelt in two ways": read_twice,
    "after a relative move": moved_and_read,
}


@pytest.mark.parametrize("read", RELATIVE.values(), ids=RELATIVE)
def test_a_relative_read_is_looked_up_from_where_the_plan_is_made(project, monkeypatch, read):
    seen = seen_of(project, read)
    [name] = seen.files
    assert seen.relative == {name: name.removeprefix("one/")}
    assert from_folder("one", seen, project, monkeypatch) == []
    assert from_folder("same", seen, project, monkeypatch) == []
    [sentence] = from_folder("two", seen, project, monkeypatch)
    assert sentence == f"{name.removeprefix('one/')} in the working folder, which it read, changed"
    [sentence] = from_folder(".", seen, project, monkeypatch)
    assert sentence.endswith("which it read, is gone")


def test_a_file_that_was_absent_is_looked_for_from_where_the_plan_is_made(project, monkeypatch):
    def work():
        with pytest.raises(FileNotFoundError):
            Path("settings.json").read_text()

    seen = seen_of(project, work)
    (project / "two" / "settings.json").write_text("{}")
    assert from_folder("same", seen, project, monkeypatch) == []
    [sentence] = from_folder("two", seen, project, monkeypatch)
    assert sentence == "settings.json in the working folder, which it looked for, is there now"


@pytest.mark.parametrize("listed", [os.listdir, lambda: list(Path("data").iterdir())], ids=["here", "below"])
def test_a_relative_listing_is_repeated_from_where_the_plan_is_made(project, monkeypatch, listed):
    seen = seen_of(project, listed)
    (project / "two" / "new.txt").touch()
    (project / "two" / "data" / "new.txt").touch()
    assert from_folder("same", seen, project, monkeypatch) == []
    [sentence] = from_folder("two", seen, project, monkeypatch)
    assert sentence.startswith("the files in ")


@pytest.mark.parametrize(
    "read",
    [
        lambda root: (root / "one" / "a.txt").read_text(),
        lambda root: (os.chdir(root / "one"), Path("a.txt").read_text()),
    ],
    ids=["absolute", "after an absolute move"],
)
def test_an_absolute_read_holds_from_any_working_folder(project, monkeypatch, read):
    monkeypatch.chdir(project)
    seen = seen_of(project, lambda: read(project))
    assert (seen.relative, from_folder("two", seen, project, monkeypatch)) == ({}, [])
