"""Computing a step again beside the store: nothing is recorded, and the store is only read."""

from __future__ import annotations

import copy
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.execution.tfx_sdk import load_engine, quiet
from zencache.execution.values import check_outputs, store
from zencache.graph.context import StepContext
from zencache.materializers import load_materializer
from zencache.stores import artifacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.config import Project
    from zencache.graph.specs import StepBody
    from zencache.stores.records import ArtifactRecord


@dataclass(frozen=True)
class Computed:
    """What a step gave when it was computed aside: its outputs in a folder of their own."""

    outputs: Mapping[str, ArtifactRecord]
    seconds: float


def read(artifact: ArtifactRecord, project: Project) -> Any:
    """Load an artifact's value; raises ArtifactError if it is not what was recorded, and leaves it as it is."""
    materializer = load_materializer(artifact.materializer, allow_pickle=project.settings.allow_pickle)
    artifacts.check(artifact.folder, artifact.digest, name=artifact.name, value_digest=materializer.digest)
    return materializer.load(artifact.folder)


def compute(
    body: StepBody, inputs: Mapping[str, Any], project: Project, folder: Path, told: tuple[str, str, str]
) -> Computed:
    """Call a step's function with loaded inputs, and store what it returns below `folder`.

    `told` has the names of the pipeline, run and step, for a step that asks for its context.
    """
    arguments = {**copy.deepcopy(dict(body.arguments)), **inputs}
    uris = {output.name: str(folder / output.name) for output in body.spec.outputs}
    for uri in uris.values():
        Path(uri).mkdir()  # as in a run: a step may write there
    context = StepContext(*told, uris)
    started = time.perf_counter()
    with ExitStack() as stack:
        for name, kind in body.injected.items():
            arguments[name] = context if kind == "context" else stack.enter_context(beam_pipeline(project))
        returned = body.function(**arguments)
    values = check_outputs(body, returned)
    outputs = {
        name: store(value, uris[name], name, where=name, allow_pickle=project.settings.allow_pickle)
        for name, value in values.items()
    }
    return Computed(outputs, time.perf_counter() - started)


def beam_pipeline(project: Project) -> Any:
    """Make a Beam pipeline on the runner that the project's settings name, or else in this process."""
    with quiet():
        load_engine()
    import apache_beam  # noqa: PLC0415 - only a step that takes a Beam pipeline needs it
    from apache_beam.options.pipeline_options import PipelineOptions  # noqa: PLC0415 - likewise

    args = list(project.settings.beam_pipeline_args)
    named = any(arg.startswith("--runner") for arg in args)
    return apache_beam.Pipeline(runner=None if named else "FnApiRunner", options=PipelineOptions(args))
