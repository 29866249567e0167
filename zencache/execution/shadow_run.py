"""Computes a step again without recording it: the store is only read. Used by the audit."""

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
class ShadowResult:
    """What a step returned when it was computed for comparison: its outputs, in a folder of their own."""

    outputs: Mapping[str, ArtifactRecord]
    seconds: float


def compute_shadow(
    body: FunctionBody, inputs: Mapping[str, Any], project: Project, folder: Path, names: tuple[str, str, str]
) -> ShadowResult:
    """Call a step's function with loaded inputs, and store what it returns below `folder`.

    `names` are those of the pipeline, run and step, for a step that takes its context.
    """
    uris = {output.name: str(folder / output.name) for output in body.spec.outputs}
    for uri in uris.values():
        Path(uri).mkdir()  # as in a run: a step may write there
    started = time.perf_counter()
    outputs = step_call.compute(body, inputs, StepContext(*names, uris), uris, project)
    return ShadowResult(outputs, time.perf_counter() - started)
