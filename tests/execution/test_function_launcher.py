"""What a function is launched with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zencache import pipeline, step

pytestmark = pytest.mark.tfx


@step
def load() -> int:
    return 1


@step
def load_again() -> int:
    return 2


@step
def double(x: int) -> int:
    return 2 * x


@pipeline
def doubling():
    other = load_again()
    double(load())
    double(other)


def test_a_step_reads_the_inputs_that_its_key_was_made_of(folder, monkeypatch):
    """Another worker may recompute a damaged input meanwhile, with another value.

    A result of the new value under the key of the old one would be stale.
    """
    from zencache.execution import function_launcher
    from zencache.execution.run_context import RunState

    launch_node, states = function_launcher.launch_node, []
    created = RunState.__init__

    def remember(state, *args, **options):
        states.append(state)
        created(state, *args, **options)

    def replace_input(node, *args, **options):
        if node.node_info.id == "double":
            results = states[-1].results
            results["load"] = replace(results["load"], outputs=results["load_again"].outputs)
        return launch_node(node, *args, **options)

    monkeypatch.setattr(RunState, "__init__", remember)
    monkeypatch.setattr(function_launcher, "launch_node", replace_input)
    run = doubling().run(workers=1)
    assert [run.steps[name].output.load() for name in ("double", "double_2")] == [2, 4]
