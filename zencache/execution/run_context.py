"""What a run hands to its workers, and what they hand back. Nothing here imports TFX or Beam."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from zencache.planning.components import feeding_components

if TYPE_CHECKING:
    from zencache.caching.key import KeyParts
    from zencache.config import Project, WorkerKind
    from zencache.execution.workers.pool import Pool
    from zencache.metadata.runs import RunStore
    from zencache.model.records import ArtifactRecord, RunHandle
    from zencache.model.specs import PipelineSpec, StepSpec
    from zencache.planning import Planner, RunPlan
    from zencache.planning.bodies import Body, FunctionBody

Status = Literal["executed", "cached", "failed", "skipped"]
Report = Callable[["StepEvent"], None]


@dataclass(frozen=True)
class StepEvent:
    """Something that is told while a run goes on."""

    step: str
    what: Literal["started", "cached", "finished", "failed", "skipped", "note"]
    seconds: float = 0.0
    error: BaseException | None = None
    text: str = ""
    """Of a note: what to tell."""


@dataclass(frozen=True)
class StepResult:
    """How a step of a run ended."""

    step: str
    status: Status
    outputs: Mapping[str, ArtifactRecord] = field(default_factory=dict)
    error: BaseException | None = None
    execution: int | None = None
    """The id of the execution that holds its outputs: of a hit, the one that computed them."""
    is_condition: bool = False
    """Of one that was left out: whether nothing failed, a condition said so, say."""
    reason: str = ""
    """Why it was left out."""


@dataclass
class RunContext:
    """A run in this process: what its workers share."""

    project: Project
    spec: PipelineSpec
    bodies: Mapping[str, Body]
    plan: RunPlan
    planner: Planner
    runs: RunStore
    handle: RunHandle
    report: Report
    workers: int
    worker_kind: WorkerKind
    load_body: Callable[[StepSpec, Project], FunctionBody]
    """Finds a step's live code in another process."""
    pool: Pool | None = None
    """Worker processes, for the steps that are computed in one."""
    results: dict[str, StepResult] = field(default_factory=dict)
    interrupted: threading.Event = field(default_factory=threading.Event)
    mending: threading.RLock = field(default_factory=threading.RLock)
    """Held by whoever makes a damaged result anew."""
    threads: dict[str, int] = field(default_factory=dict)
    """Step to the thread that runs it, to interrupt it."""
    parts: dict[str, KeyParts] = field(default_factory=dict)
    """Step to what its key was made of, once it runs."""
    root: str = ""
    """Below which the run's steps put their artifacts, where the pipeline does not say."""
    told: set[str] = field(default_factory=set)
    """Notes that were told already."""

    def root_of(self, spec: StepSpec) -> str:
        """Give the root below which a step puts its artifacts: on this machine what TFX components make, or read."""
        if self.spec.root:
            return self.spec.root
        is_for_components = spec.node is not None or spec.name in feeding_components(self.spec)
        return self.runs.metadata.artifacts.root_for_components(self.root) if is_for_components else self.root

    def inputs(self, spec: StepSpec) -> dict[str, ArtifactRecord]:
        """Give the inputs of a step whose upstream steps have ended."""
        return spec.fed(self.outputs(spec))

    def outputs(self, spec: StepSpec) -> dict[str, Mapping[str, ArtifactRecord]]:
        """Give the outputs of a step's upstream steps that are there by now, by step."""
        found = {name: self.results[name] for name in spec.upstream if name in self.results}
        return {
            n: r.outputs for n, r in found.items() if r.status in ("executed", "cached") or r.is_condition
        }


_runs: dict[str, RunContext] = {}


def register(context: RunContext) -> None:
    """Let the workers of this process find a run by its name."""
    _runs[context.handle.name] = context


def unregister(context: RunContext) -> None:
    """Forget a run."""
    _runs.pop(context.handle.name, None)


def running(name: str) -> RunContext:
    """Find a run of this process by its name."""
    return _runs[name]
