"""Runs of steps that start other processes: what these read decides, and what is not seen is said."""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path

import pytest

from zencache.config import open_project
from zencache.errors import SettingsError

pytestmark = [pytest.mark.tfx, pytest.mark.file_times]
MAIN = """
import subprocess
from zencache import CachePolicy, pipeline, step

@step{options}
def work() -> int:
    return int(subprocess.check_output({command}, text=True))

@pipeline
def made():
    work()
"""


@pytest.fixture
def plan(folder, monkeypatch):
    """Run a step that starts a program, and plan the next run."""
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delenv("ZENCACHE_UNSEEN", raising=False)
    Path("number.txt").write_text("1")
    os.utime("number.txt", (1_000_000_000, 1_000_000_000))

    def plan(command, options="", edit=lambda: None):
        Path("started_main.py").write_text(MAIN.format(command=command, options=options))
        time.sleep(0.03)
        importlib.invalidate_caches()
        pipeline = importlib.import_module("started_main").made()
        pipeline.run()
        edit()
        return pipeline.plan().steps["work"]

    yield plan
    sys.modules.pop("started_main", None)


def test_a_hit_says_which_program_is_not_seen(plan):
    step = plan(["echo", "1"])
    assert step.action == "hit"
    assert step.reason.endswith("; it started echo, whose reads are not seen")


def test_a_file_that_the_program_is_given_is_an_input(plan):
    step = plan(["cat", "number.txt"], edit=lambda: Path("number.txt").write_text("2"))
    assert (step.action, step.reason) == ("run", "number.txt, which it read, changed")


def test_a_project_can_have_such_steps_run_again(plan, monkeypatch):
    monkeypatch.setenv("ZENCACHE_UNSEEN", "run")
    step = plan(["echo", "1"])
    assert step.reason == 'it started echo, whose reads are not seen (setting unseen = "run")'
    assert step.action == "run"


def test_a_step_whose_files_are_declared_is_reused(plan, monkeypatch):
    """Then the policy says what the program reads."""
    monkeypatch.setenv("ZENCACHE_UNSEEN", "run")
    assert plan(["echo", "1"], '(cache=CachePolicy(files=["number.txt"]))').action == "hit"


def test_the_setting_is_a_choice(folder, monkeypatch):
    Path(".zencache").mkdir()
    Path(".zencache/config.toml").write_text('format = 2\nunseen = "run"\n')
    project = open_project(folder)
    monkeypatch.delenv("ZENCACHE_UNSEEN", raising=False)
    assert project.unseen == "run"
    monkeypatch.setenv("ZENCACHE_UNSEEN", "reuse")
    assert project.unseen == "reuse"
    monkeypatch.setenv("ZENCACHE_UNSEEN", "never")
    with pytest.raises(SettingsError, match='set it to "run" or "reuse"'):
        _ = project.unseen
