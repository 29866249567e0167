"""Processes, and whether they live."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

from zencache.owners import Owner, this_process

ASK = "from zencache.owners import this_process; print(this_process().to_text(), flush=True); input()"


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


def test_of_another_machine_nothing_is_known():
    """Its numbers mean other processes."""
    assert dataclasses.replace(this_process(), machine="other").is_alive() is None
