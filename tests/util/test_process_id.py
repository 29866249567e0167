"""Processes, and whether they live."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys

import pytest

from zencache.util import process_id
from zencache.util.process_id import Owner, this_process

ASK = (
    "from zencache.util.process_id import this_process; print(this_process().to_text(), flush=True); input()"
)


def test_this_process_lives():
    """It is found by its number and its start."""
    assert this_process().is_alive()


def test_a_process_lives_until_it_ends():
    """Also before whoever started it has asked how it ended."""
    with subprocess.Popen([sys.executable, "-c", ASK], stdin=-1, stdout=-1, text=True) as process:
        owner = Owner.of(process.stdout.readline())
        assert owner.pid == process.pid
        assert owner.is_alive()
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert owner.is_alive() is False


def test_a_number_that_is_used_again_is_another_process():
    """A process is its number and when it started."""
    assert dataclasses.replace(this_process(), started=1).is_alive() is False


def test_what_a_later_version_says_of_a_process_is_left_out():
    """Its records can be read as long as the format's number is the same."""
    later = {**json.loads(this_process().to_text()), "user": 7}
    assert Owner.of(json.dumps(later)) == this_process()


@pytest.mark.parametrize("text", [None, "", "{", "7", "[]", "null", '{"pid": 7}'])
def test_a_record_that_names_no_process_names_none(text):
    """Format 1 named none; whatever else stands there is no process either."""
    assert Owner.recorded(text) is None


def test_of_another_machine_nothing_is_known():
    """Its numbers mean other processes."""
    assert dataclasses.replace(this_process(), machine="other").is_alive() is None


@pytest.mark.parametrize("answer", [None, PermissionError()])
def test_a_process_that_proc_does_not_show_is_not_taken_for_dead(monkeypatch, answer):
    """As /proc is mounted with `hidepid`: the process exists, and belongs to this user or another."""

    def kill(pid, signal):
        if answer is not None:
            raise answer

    monkeypatch.setattr(process_id, "_started", lambda pid: None)
    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(process_id.Path, "exists", lambda path: False)
    assert dataclasses.replace(this_process(), started=1).is_alive() is None


def test_a_number_that_no_process_has_is_dead():
    assert dataclasses.replace(this_process(), pid=2**22 + 1).is_alive() is False
