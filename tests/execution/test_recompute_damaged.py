"""When a step that could not read its inputs is tried again."""

from __future__ import annotations

import pytest

from zencache.errors import ArtifactError
from zencache.execution.recompute_damaged import recompute_damaged_inputs
from zencache.execution.run_context import RunState, StepResult
from zencache.model.specs import CodeRef, InputSpec, OutputRef, StepSpec

SOURCE = OutputRef(step="load", output="output")
TOTAL = StepSpec(
    name="total",
    code=CodeRef(module="m", qualname="total"),
    inputs=(InputSpec(name="values", type="list", source=SOURCE),),
)
DAMAGED = StepResult("load", "cached", execution=1)


def tried_again(now, error):
    """Say whether `total` is tried again: `load` was damaged when it began, and its result is `now` another."""
    state = RunState({"load": now, "total": StepResult("total", "failed", error=error)})

    def execute(step):
        raise AssertionError(f"{step} has a result that can be read")

    again = recompute_damaged_inputs(None, state, TOTAL, {"load": DAMAGED}, execute)
    assert again is ("total" not in state.results)
    return again


def test_a_result_that_another_worker_recomputed_is_read_again():
    """Two steps read one damaged result at once: the second one finds it recomputed when it looks."""
    assert tried_again(StepResult("load", "executed", execution=2), ArtifactError("it is gone"))


@pytest.mark.parametrize(
    ("now", "error"),
    [
        (DAMAGED, ArtifactError("another store is damaged")),
        (StepResult("load", "failed"), ArtifactError("it is gone")),
        (StepResult("load", "executed", execution=2), ValueError("no artifact's fault")),
    ],
    ids=["nothing was recomputed", "what was recomputed failed", "no input was damaged"],
)
def test_a_step_is_not_tried_again_in_vain(now, error):
    """Its failure stays."""
    assert not tried_again(now, error)
