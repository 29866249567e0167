"""One writer at a time."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from zencache.util.locks import StoreLock

HOLDER = """
import sys
from pathlib import Path
from zencache.util.locks import StoreLock
with StoreLock(Path("lock")):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_threads_write_one_after_the_other(tmp_path):
    """Two locks on one file exclude each other as well, as two openings of a store do."""
    locks, inside, most = [StoreLock(tmp_path / "lock") for _ in range(2)], [], []

    def write(lock):
        for _ in range(50):
            with lock, lock:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=write, args=(lock,)) for lock in locks * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}


def test_a_process_waits_for_another_and_for_no_dead_one(folder):
    """The system frees the lock of a process that is killed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    taken = threading.Event()

    def take():
        with StoreLock(folder / "lock"):
            taken.set()

    waiting = threading.Thread(target=take)
    waiting.start()
    assert not taken.wait(0.2)
    holder.kill()
    holder.communicate()
    waiting.join(10)
    assert taken.is_set()


def test_a_lock_that_cannot_be_made_is_not_held(tmp_path):
    """The error is the system's, and the next attempt is a new one."""
    lock = StoreLock(tmp_path / "missing" / "lock")
    for _ in range(2):
        with pytest.raises(FileNotFoundError), lock:
            pass
    (tmp_path / "missing").mkdir()
    with lock:
        pass
