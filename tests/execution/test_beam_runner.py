"""The Beam graph of a run, apart from the steps that it executes."""

from __future__ import annotations

import os
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


def test_a_step_that_is_interrupted_still_finds_its_run(beam_runner):
    """An executor may ask for its run between the interruption and the end of its thread."""
    from zencache.execution.run_context import RunState
    from zencache.execution.run_registry import ActiveRun, active_run

    state, found, signals = RunState(), [], [signal.SIGINT]
    context = SimpleNamespace(handle=SimpleNamespace(name="interrupted"))

    def work():
        with suppress(KeyboardInterrupt), state.interruptible(f"step {threading.get_ident()}"):
            if signals:
                os.kill(os.getpid(), signals.pop())
            with suppress(KeyboardInterrupt):
                while not state.interrupted.wait(0.01):
                    pass
            found.append(active_run("interrupted").context)
        yield "load"

    with pytest.raises(KeyboardInterrupt):
        beam_runner._run_graph(ActiveRun(context, state, None, work), workers=2)
    assert found
    assert all(each is context for each in found)
    with pytest.raises(KeyError):
        active_run("interrupted")
