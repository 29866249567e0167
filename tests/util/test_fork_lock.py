"""A forked process can take a lock that another thread held when the process was forked."""

from __future__ import annotations

import os
import signal
import threading

from zencache.util.fork_lock import fork_lock


def exit_code_of_child(work):
    """Fork, and give 0 if the work succeeds in the child."""
    child = os.fork()
    if child == 0:
        signal.alarm(10)  # a child that waits for ever is ended
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


def take(lock):
    with lock:
        pass


def test_a_lock_of_another_thread_is_free_in_a_forked_process():
    lock, is_held, may_end = fork_lock(), threading.Event(), threading.Event()

    def hold():
        with lock:
            is_held.set()
            may_end.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    is_held.wait()
    try:
        assert exit_code_of_child(lambda: take(lock)) == 0
    finally:
        may_end.set()
        thread.join()


def test_a_lock_of_the_thread_that_forks_is_still_its_own():
    lock = fork_lock()
    with lock:
        assert exit_code_of_child(lambda: lock.__exit__()) == 0
