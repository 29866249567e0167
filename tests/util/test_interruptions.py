"""Exceptions of other threads arrive where they leave nothing half done."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from zencache.util.fork_lock import fork_lock
from zencache.util.interruptions import throw, undisturbed
from zencache.util.locks import StoreLock


def spin(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_an_undisturbed_block_is_done_whole():
    """What is thrown meanwhile is raised at its end, however blocks are nested."""
    done = []

    class Thrown(BaseException):
        pass

    def disturb():
        thread = threading.Thread(target=throw, args=(threading.main_thread().ident, Thrown))
        thread.start()
        thread.join()

    def whole():
        with undisturbed():
            with undisturbed():
                disturb()
                spin(0.01)
            done.append("block")

    with pytest.raises(Thrown):
        whole()
    with undisturbed():
        done.append("next")
    assert done == ["block", "next"]


def test_ctrl_c_in_an_undisturbed_block_is_raised_at_its_end(ctrl_c):
    """And Python handles the next one as before."""
    handler, done = signal.getsignal(signal.SIGINT), []

    def whole():
        with undisturbed():
            signal.raise_signal(signal.SIGINT)
            spin(0.01)
            done.append("block")

    with pytest.raises(KeyboardInterrupt):
        whole()
    assert done == ["block"]
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize("make", [lambda _: fork_lock(), lambda folder: StoreLock(folder / "lock")])
def test_who_is_interrupted_while_it_waits_for_a_lock_does_not_keep_it(make, tmp_path):
    """The exception is raised once the thread has the lock: as soon as it runs again."""
    lock, ended, begins, may_take = make(tmp_path), [], threading.Event(), threading.Event()

    def take():
        may_take.wait()
        with lock:
            ended.append("free")

    another = threading.Thread(target=take, daemon=True)
    another.start()  # now: a later thread may get the id of one that has ended

    def wait():
        try:
            begins.set()
            with lock:
                ended.append("got it")
        except KeyboardInterrupt:
            ended.append("interrupted")

    with lock:
        thread = threading.Thread(target=wait)
        thread.start()
        begins.wait()
        time.sleep(0.05)  # it waits, or is about to
        throw(thread.ident, KeyboardInterrupt)
    thread.join()
    assert ended[-1] == "interrupted"
    may_take.set()
    another.join(10)
    assert ended[-1] == "free"


def test_a_write_under_the_lock_of_a_store_is_done_whole(tmp_path):
    """What is thrown meanwhile is raised when the lock is free."""
    lock, done = StoreLock(tmp_path / "lock"), []

    def write():
        with lock:
            with lock:
                throw(threading.get_ident(), KeyboardInterrupt)
            spin(0.01)
            done.append("written")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert done == ["written"]
    with lock:
        done.append("next")
    assert done == ["written", "next"]
