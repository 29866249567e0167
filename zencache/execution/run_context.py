"""A run in this process: what is fixed once it is planned, and what changes. Imports neither TFX nor Beam."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from zencache.planning.component_body import feeding_components

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zencache.caching.key import KeyParts
    from zencache.config import Project, WorkerKind
    from zencache.execution.written_in_run import WrittenInRun
    from zencache.metadata.session import ProjectRecords
    from zencache.model.records import ArtifactRecord, RunHandle
    from zencache.model.specs import PipelineSpec, StepSpec
    from zencache.planning import Planner, RunPlan
    from zencache.planning.bodies import Body, FunctionBody

Status = Literal["executed", "cached", "failed", "skipped"]
What = Literal["started", "cached", "finished", "failed", "skipped", "note"]
Report = Callable[["StepEvent"], None]
CONDITION_NOT_MET = "its condition does not hold"


def _written_in_run() -> WrittenInRun:
    from zencache.execution.written_in_run import WrittenInRun  # noqa: PLC0415 - not where all is reused

    return WrittenInRun()


@dataclass(frozen=True)
class StepEvent:
    """Something that is reported while a run goes on."""

    step: str
    what: What
    seconds: float = 0.0
    error: BaseException | None = None
    text: str = ""
    """Of a note: its text."""


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
    """Of a skipped step: whether a condition left it out, and nothing failed."""
    reason: str = ""
    """Of a skipped step: why."""


@dataclass(frozen=True)
class RunContext:
    """What is fixed of a run once it is planned."""

    project: Project
    spec: PipelineSpec
    bodies: Mapping[str, Body]
    plan: RunPlan
    planner: Planner
    records: ProjectRecords
    handle: RunHandle
    report: Report
    workers: int
    worker_kind: WorkerKind
    load_body: Callable[[StepSpec, Project], FunctionBody]
    """Finds a step's live code in another process."""

    def root_of(self, spec: StepSpec) -> str:
        """Give the root of a step's artifacts: a local one if TFX components write or read them."""
        if self.spec.root:
            return self.spec.root
        root = self.handle.root
        is_for_components = spec.node is not None or spec.name in feeding_components(self.spec)
        return self.records.metadata.artifacts.root_for_components(root) if is_for_components else root


@dataclass
class RunState:
    """What changes while a run goes on; its workers share it."""

    results: dict[str, StepResult] = field(default_factory=dict)
    key_parts: dict[str, KeyParts] = field(default_factory=dict)
    """Step to what its key was made of, once it runs."""
    step_inputs: dict[str, Mapping[str, ArtifactRecord]] = field(default_factory=dict)
    """Step to the inputs that its key was made of: an input may be recomputed meanwhile, and differ."""
    shown_notes: set[str] = field(default_factory=set)
    written: WrittenInRun = field(default_factory=_written_in_run)
    interrupted: threading.Event = field(default_factory=threading.Event)
    recomputing: threading.RLock = field(default_factory=threading.RLock)
    """Held by the worker that recomputes a damaged result."""
    threads: dict[str, int] = field(default_factory=dict)
    """Step to the thread that computes it, to interrupt it."""

    @property
    def used_executions(self) -> list[int]:
        """The executions that hold the outputs of the steps that have ended."""
        return [result.execution for result in self.results.values() if result.execution is not None]

    @property
    def cached(self) -> dict[str, int]:
        """The steps that were reused until now, each to the execution that computed it."""
        results = list(self.results.values())
        return {r.step: r.execution for r in results if r.status == "cached" and r.execution is not None}

    @property
    def failed(self) -> list[StepResult]:
        """The results of the steps that failed, the first one first."""
        return [result for result in self.results.values() if result.status == "failed"]

    def restart(self, results: Mapping[str, StepResult]) -> None:
        """Replace all results: the run is planned again before any step runs."""
        self.results.clear()
        self.results.update(results)

    def inputs(self, spec: StepSpec) -> dict[str, ArtifactRecord]:
        """Give the inputs of a step whose upstream steps have ended."""
        return spec.fed(self.outputs(spec))

    def outputs(self, spec: StepSpec) -> dict[str, Mapping[str, ArtifactRecord]]:
        """Give the outputs of those upstream steps that have ended without a failure, by step."""
        ended = [self.results[name] for name in spec.upstream if name in self.results]
        return {
            result.step: result.outputs
            for result in ended
            if result.status in ("executed", "cached") or result.is_condition
        }

    def skip(self, step: str, reason: str = "", *, is_condition: bool = False) -> None:
        """Record that a step is skipped."""
        self.results[step] = StepResult(step, "skipped", is_condition=is_condition, reason=reason)

    @contextmanager
    def interruptible(self, step: str) -> Iterator[None]:
        """Let an interruption of the run reach this thread inside of the block."""
        self.threads[step] = threading.get_ident()
        try:
            yield
        finally:
            self.threads.pop(step, None)
