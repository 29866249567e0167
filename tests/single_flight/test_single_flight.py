"""Runs that need the same result at once: it is computed once."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.single_flight.slow_step import flying
from zencache import Repository
from zencache.config import create_project

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

SCRIPT = Path(__file__).with_name("slow_step.py")


@pytest.fixture
def notes(folder, monkeypatch):
    (folder / "notes").mkdir()
    monkeypatch.setenv("FLYING_NOTES", str(folder / "notes"))
    return folder / "notes"


@pytest.fixture
def start(fork_server):
    """Start a process; on a server, in a project of its own, as on another machine."""

    def started(place, seconds):
        place.mkdir(exist_ok=True)
        create_project(place)
        return fork_server.start([SCRIPT, seconds], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    return started


def computed(notes):
    return len(list(notes.glob("computed.*")))


def until(condition):
    while not condition():
        time.sleep(0.05)


def until_it_waits(process):
    """Read what a process says until it waits for another, and give that line."""
    while "waits" not in (line := process.stderr.readline()):
        assert line, process.stdout.read()
    return line


@pytest.mark.parametrize("store_url", ["sqlite", "postgresql"], indirect=True)
def test_processes_and_machines_compute_a_result_once(store_url, notes, folder, start):
    """The others wait, say for whom, and reuse."""
    places = [folder / (f"machine{n}" if store_url else "machine") for n in range(3)]
    first = start(places[0], 600)
    until(lambda: computed(notes) == 1)
    others = [start(place, 600) for place in places[1:]]
    waits = [until_it_waits(other) for other in others]
    (notes / "go").touch()
    told = [process.communicate() for process in (first, *others)]
    assert [out.splitlines()[-1] for out, _ in told] == ["executed 42", "cached 42", "cached 42"], told
    assert computed(notes) == 1
    assert all(
        "Note: step slow waits: run flying-" in line and f"(process {first.pid} on " in line for line in waits
    )


@pytest.mark.parametrize("store_url", ["sqlite", "mysql", "grpc"], indirect=True)
def test_a_killed_owner_is_succeeded_at_once(store_url, notes, folder, start):
    """Nobody waits for a dead process, and its run is marked as failed."""
    places = [folder / (f"machine{n}" if store_url else "machine") for n in range(2)]
    first = start(places[0], 600)
    until(lambda: computed(notes) == 1)
    second = start(places[1], 600)
    until_it_waits(second)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    until(lambda: computed(notes) == 2)
    os.chdir(places[1])
    statuses = [run.status for run in Repository().get_runs("flying")]
    second.kill()
    second.communicate()
    assert statuses == ["failed", "running"]
    assert [run.status for run in Repository().get_runs("flying")] == ["failed", "failed"]


def test_threads_of_a_process_compute_a_result_once(notes):
    """Also runs of one process wait for one another."""
    flying(seconds=0).run()
    before = computed(notes)
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: flying(seconds=0.5).run(), range(4)))
    assert computed(notes) == before + 1
    assert sorted(run.steps["slow"].status for run in runs) == ["cached", "cached", "cached", "executed"]


def test_a_failing_owner_lets_the_next_one_try(folder, fork_server):
    """What failed is nobody's result."""
    code = """
import os, sys, time
from pathlib import Path
from zencache import CachePolicy, pipeline, step

@step(cache=CachePolicy(watch=False))
def fails_first() -> int:
    Path("computing").touch()
    while not Path("go").exists():
        time.sleep(0.02)
    if not Path("failed").exists():
        Path("failed").touch()
        raise ValueError("the first one fails")
    return 1

@pipeline
def failing():
    fails_first()

run = failing().run()
print(run.steps["fails_first"].status)
"""
    create_project(folder)
    (folder / "failing.py").write_text(code)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    first = fork_server.start(["failing.py"], **streams)
    until(lambda: (folder / "computing").exists())
    both = [first, fork_server.start(["failing.py"], **streams)]
    until_it_waits(both[1])
    (folder / "go").touch()
    told = [process.communicate() for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], told
    assert sum("executed" in out for out, _ in told) == 1
