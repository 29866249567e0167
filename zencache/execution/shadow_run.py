"""Computing a step again beside the store: nothing is recorded, and the store is only read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.execution import step_call
from zencache.model.step_context import StepContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.config import Project
    from zencache.model.records import ArtifactRecord
    from zencache.planning.bodies import FunctionBody


@dataclass(frozen=True)
class Computed:
    """What a step gave when it was computed aside: its outputs in a folder of their own."""

    outputs: Mapping[str, ArtifactRecord]
    seconds: float


def compute(
    body: FunctionBody, inputs: Mapping[str, Any], project: Project, folder: Path, told: tuple[str, str, str]
) -> Computed:
    """Call a step's function with loaded inputs, and store what it returns below `folder`.

    `told` has the names of the pipeline, run and step, for a step that asks for its context.
    """
    uris = {output.name: str(folder / output.name) for output in body.spec.outputs}
    for uri in uris.values():
        Path(uri).mkdir()  # as in a run: a step may write there
    started = time.perf_counter()
    outputs = step_call.compute(body, inputs, StepContext(*told, uris), uris, project)
    return Computed(outputs, time.perf_counter() - started)
