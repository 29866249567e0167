"""What TFX's launcher does below the root of a run in a store elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from zencache.config import create_project

pytestmark = pytest.mark.tfx
ROOT = "memory://team/run"


@pytest.fixture
def fileio(monkeypatch):
    """TFX's `fileio`, which reaches the root meanwhile."""
    from zencache.execution.engine import load_engine

    load_engine()
    from tfx.dsl.io import fileio

    from zencache.execution.tfx_filesystems import reaching

    monkeypatch.setenv("ZENCACHE_ARTIFACT_STORE", "memory://team")
    with reaching([ROOT, "/here"], create_project(Path.cwd())):
        yield fileio


def test_folders_are_there_once_they_are_made(fileio):
    """Though the store knows none; those above too, and not after they are removed."""
    fileio.makedirs(f"{ROOT}/step/out/1")
    assert fileio.isdir(f"{ROOT}/step/out/1")
    assert fileio.exists(f"{ROOT}/step/")
    assert fileio.listdir(f"{ROOT}/step/out/1") == []
    fileio.rmtree(f"{ROOT}/step/out/1")
    assert not fileio.isdir(f"{ROOT}/step/out/1")


def test_files_are_written_read_listed_moved_and_removed(fileio):
    """By the names that TFX knows."""
    with fileio.open(f"{ROOT}/a/b.txt", "w") as file:
        file.write("b")
    fileio.copy(f"{ROOT}/a/b.txt", f"{ROOT}/a/c.txt")
    with pytest.raises(OSError, match="exists already"):
        fileio.copy(f"{ROOT}/a/b.txt", f"{ROOT}/a/c.txt")
    fileio.rename(f"{ROOT}/a/c.txt", f"{ROOT}/a/d.txt")
    assert sorted(fileio.listdir(f"{ROOT}/a")) == ["b.txt", "d.txt"]
    assert fileio.glob(f"{ROOT}/a/b*") == [f"{ROOT}/a/b.txt"]
    assert fileio.stat(f"{ROOT}/a/b.txt")["size"] == 1
    assert [files for _, _, files in fileio.walk(f"{ROOT}/a")] == [["b.txt", "d.txt"]]
    assert fileio.open(f"{ROOT}/a/d.txt").read() == "b"
    fileio.remove(f"{ROOT}/a/d.txt")
    fileio.rmtree(f"{ROOT}/a")
    assert not fileio.exists(f"{ROOT}/a/b.txt")


def test_what_is_not_there_is_tfxs_own_error(fileio):
    """It goes by that."""
    for ask in (fileio.remove, fileio.listdir, fileio.stat):
        with pytest.raises(fileio.NotFoundError):
            ask(f"{ROOT}/none")


def test_what_is_elsewhere_is_tensorflows(fileio, monkeypatch):
    """Another bucket, also one whose name begins alike; and local paths are TFX's as ever."""

    class Theirs:
        exists = staticmethod(lambda path: f"theirs: {path}")

    from zencache.execution import tfx_filesystems

    monkeypatch.setattr(tfx_filesystems, "_tensorflow_filesystem", lambda path: Theirs)
    assert fileio.exists(f"{ROOT}-2/a") == f"theirs: {ROOT}-2/a"
    assert fileio.exists(str(Path.cwd())) is True
