"""The Beam graph of a run, apart from the steps that it executes."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.tfx


@pytest.fixture(scope="module")
def beam_runner():
    from zencache.execution.engine import load_engine

    return load_engine()


def test_a_step_that_is_interrupted_still_finds_its_run(beam_runner, ctrl_c):
    """An executor may ask for its run between the interruption and the end of its thread."""
    from zencache.execution.run_context import RunState
    from zencache.execution.run_registry import ActiveRun, active_run

    state, contexts, main = RunState(), [], threading.main_thread().ident
    context = SimpleNamespace(handle=SimpleNamespace(name="interrupted"))
    is_interrupting = threading.Lock()

    def work():
        with suppress(KeyboardInterrupt), state.interruptible(f"step {threading.get_ident()}"):
            with suppress(KeyboardInterrupt), is_interrupting:
                # The main thread misses a signal that arrives just before it starts to wait: send it again.
                while not state.interrupted.is_set():
                    signal.pthread_kill(main, signal.SIGINT)
                    state.interrupted.wait(5)
            contexts.append(active_run("interrupted").context)
        yield "load"

    with pytest.raises(KeyboardInterrupt):
        beam_runner._run_graph(ActiveRun(context, state, None, work), workers=2)
    assert contexts
    assert all(each is context for each in contexts)
    with pytest.raises(KeyError):
        active_run("interrupted")
