"""Files, loggers, settings: what older code imports beside steps and pipelines."""

from __future__ import annotations

import logging

import pytest

from zencache.compat import fileio
from zencache.compat.alias import Alias
from zencache.compat.logger import get_logger
from zencache.util.imports import ALIASES, own_name


def test_files_are_written_moved_and_listed(folder):
    """Texts in, texts out."""
    fileio.makedirs("a/b")
    with fileio.open("a/b/x.txt", "w") as file:
        file.write("hello")
    fileio.copy("a/b/x.txt", "a/y.txt")
    assert (fileio.listdir("a"), fileio.glob("a/*.txt"), fileio.size("a/y.txt")) == (
        ["b", "y.txt"],
        ["a/y.txt"],
        5,
    )
    assert [files for _, _, files in fileio.walk("a")] == [["y.txt"], ["x.txt"]]
    for taken in (fileio.copy, fileio.rename):
        with pytest.raises(FileExistsError, match="a/y.txt is there already; say overwrite=True"):
            taken("a/b/x.txt", "a/y.txt")
    fileio.rename("a/b/x.txt", "a/y.txt", overwrite=True)
    fileio.remove("a/y.txt")
    fileio.mkdir("a/c")
    assert fileio.isdir("a/c")
    assert fileio.stat("a").st_mode
    fileio.rmtree("a")
    assert not fileio.exists("a")


def test_a_logger_tells_at_info(monkeypatch):
    """As it did; one handler, however often it is asked for, and none where others are set up."""
    assert get_logger("with_handlers").handlers == []
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    for _ in range(2):
        get_logger("of_the_era").info("loading")
    assert len(logging.getLogger("of_the_era").handlers) == 1
    assert get_logger("of_the_era") is logging.getLogger("of_the_era")


def test_an_alias_gives_the_module_itself(monkeypatch):
    """It has one name of its own; code digests know it by that."""
    import sys

    import zencache.steps

    for name in [n for n in sys.modules if n.partition(".")[0] == "oldname"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Alias("oldname"), *sys.meta_path])
    monkeypatch.setitem(ALIASES, "oldname", "zencache")
    import oldname.steps
    from oldname.post_execution import get_pipeline

    assert oldname.steps is zencache.steps
    assert oldname.steps.__spec__.name == oldname.steps.__name__ == "zencache.steps"
    assert get_pipeline.__module__ == "zencache.compat.views"
    assert own_name("oldname.steps.step") == "zencache.steps.step"
    for name in [n for n in sys.modules if n.partition(".")[0] == "oldname"]:
        monkeypatch.delitem(sys.modules, name)
