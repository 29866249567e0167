"""Computes a step again without recording it: the store is only read. Used by the audit."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.code.module_origin import origin_of_file
from zencache.execution import step_call
from zencache.model.step_context import StepContext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType

    from zencache.config import Project
    from zencache.model.records import ArtifactRecord
    from zencache.planning.bodies import FunctionBody
    from zencache.tracking.observed_inputs import Seen


@dataclass(frozen=True)
class Traced:
    """What holds the code that a step runs: its key, and the record of its execution."""

    covers: Callable[[CodeType], bool]
    seen: Seen | None


@dataclass(frozen=True)
class ShadowResult:
    """What a step returned when it was computed for comparison: its outputs, in a folder of their own."""

    outputs: Mapping[str, ArtifactRecord]
    seconds: float
    unrecorded: tuple[str, ...] = ()
    """With a trace: code of the project that ran, and that neither the key nor the record holds."""


def compute_shadow(
    body: FunctionBody,
    inputs: Mapping[str, Any],
    project: Project,
    folder: Path,
    names: tuple[str, str, str],
    traced: Traced | None = None,
) -> ShadowResult:
    """Call a step's function with loaded inputs, and store what it returns below `folder`.

    `names` are those of the pipeline, run and step, for a step that takes its context. `traced` is what the
    code that runs is compared with.
    """
    uris = {output.name: str(folder / output.name) for output in body.spec.outputs}
    for uri in uris.values():
        Path(uri).mkdir()  # as in a run: a step may write there
    started = time.perf_counter()
    context = StepContext(*names, uris)
    if traced is None:
        outputs = step_call.compute(body, inputs, context, uris, project)
        return ShadowResult(outputs, time.perf_counter() - started)
    from zencache.tracking.full_trace import FullTrace, not_recorded  # noqa: PLC0415 - rarely asked for

    trace = FullTrace(lambda file: origin_of_file(file) == "project")
    outputs = step_call.compute(body, inputs, context, uris, project, trace=trace)
    seconds = time.perf_counter() - started
    return ShadowResult(
        outputs, seconds, tuple(not_recorded(trace, traced.covers, traced.seen, project.root))
    )
