"""A recorded run: its steps, their outputs, and why they ran."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from zencache.errors import NotFoundError
from zencache.execution.value_io import folder_of, load
from zencache.materializers.registry import path_of
from zencache.metadata.project_migration import migrate_if_needed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zencache.metadata.session import ProjectRecords
    from zencache.model.records import ArtifactRecord, ExecutionRecord, RunRecord
    from zencache.model.specs import PipelineSpec, StepSpec
    from zencache.pipelines.explain import Explanation

StepStatus = Literal["executed", "cached", "failed", "running", "skipped"]
_STATUS: dict[str, StepStatus] = {
    "COMPLETE": "executed",
    "CACHED": "cached",
    "FAILED": "failed",
    "CANCELED": "failed",
    "NEW": "running",
    "RUNNING": "running",
}


@dataclass(frozen=True, eq=False)
class PipelineRun:
    """A run of a pipeline, read from the records: `run.steps["trainer"].outputs["output"].load()`."""

    _record: RunRecord
    _records: ProjectRecords = field(repr=False)

    @property
    def name(self) -> str:
        """The run's name."""
        return self._record.name

    @property
    def pipeline_name(self) -> str:
        """The name of the pipeline that ran."""
        return self._record.pipeline

    @property
    def status(self) -> str:
        """`"completed"`, `"failed"`, `"interrupted"` or `"running"`."""
        return self._record.status

    @property
    def version(self) -> int | None:
        """The number of the pipeline's version."""
        return self._record.version

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; None while it runs."""
        return self._record.seconds

    @property
    def pinned(self) -> str | None:
        """Why gc keeps all that the run needs; None if it is not pinned."""
        record = self._records.runs.find(self.name)
        return record.pinned if record else None

    def pin(self, why: str = "") -> None:
        """Have gc keep all that the run needs."""
        from zencache.metadata.pins import pin  # noqa: PLC0415 - imports ml_metadata

        migrate_if_needed(self._records)
        pin(self._records.metadata, self._record, why)

    def unpin(self) -> None:
        """Undo `pin`."""
        from zencache.metadata.pins import unpin  # noqa: PLC0415 - likewise

        migrate_if_needed(self._records)
        unpin(self._records.metadata, self._record)

    @cached_property
    def spec(self) -> PipelineSpec:
        """What ran, as data."""
        return self._records.runs.spec_of(self._record)

    @cached_property
    def steps(self) -> Mapping[str, StepRun]:
        """The steps by their names, in the order of the pipeline."""
        execution_by_step = {e.step: e for e in self._records.metadata.executions.of_run(self._record.id)}
        return Named(
            "step",
            {
                n: StepRun(n, execution_by_step.get(n), self._records, step)
                for n, step in self.spec.by_name.items()
            },
        )

    def get_step(self, name: str) -> StepRun:
        """Find a step by its name or its slot."""
        return self.steps[name if name in self.steps else self.spec.step(name).name]

    def __repr__(self) -> str:
        return f"<run {self.name}: {self.status}>"


@dataclass(frozen=True, eq=False)
class StepRun:
    """A step of a run."""

    name: str
    _record: ExecutionRecord | None
    _records: ProjectRecords = field(repr=False)
    _spec: StepSpec = field(repr=False)

    @property
    def status(self) -> StepStatus:
        """`"executed"`, `"cached"`, `"failed"`, `"skipped"`, or `"running"`."""
        return _STATUS.get(self._record.state, "failed") if self._record else "skipped"

    @property
    def spec(self) -> StepSpec:
        """The step as data."""
        return self._spec

    @property
    def execution(self) -> ExecutionRecord | None:
        """The step's record; None of one that was skipped."""
        return self._record

    @property
    def is_cached(self) -> bool:
        """Whether an earlier result was reused."""
        return self.status == "cached"

    @property
    def reason(self) -> str:
        """Why it ran, or was a hit, in words."""
        return (
            self._record.reason
            if self._record
            else "a step that it needs did not finish, or a condition or a partial run left it out"
        )

    def explain(self, code: bool = False) -> Explanation:
        """Say why it ran or was a hit, with what its key was made of: `print(run.steps["train"].explain())`.

        With `code`, also the lines of code that differ from the execution that the reason compares with.
        """
        from zencache.pipelines.explain import Explanation, explain  # noqa: PLC0415 - a run needs none

        if self._record is None:
            return Explanation(self.name, self.status, self.reason)
        return explain(self._spec, self._record, self.status, self._records, code=code)

    @property
    def cache_key(self) -> str | None:
        """The key, 64 hexadecimal digits."""
        return self._record.key if self._record else None

    @property
    def duration(self) -> float | None:
        """Seconds that the step took, with loading and storing; of a hit, what finding it took."""
        if self._record is None:
            return None
        recorded = self._record.seconds
        return (self._record.updated - self._record.created).total_seconds() if recorded is None else recorded

    @property
    def attempts(self) -> int:
        """How often the step was computed in this run: 0 if reused or skipped, more than 1 after retries."""
        return self._record.attempts if self._record and not self.is_cached else 0

    @property
    def error(self) -> str | None:
        """What the step raised, as it was recorded."""
        return self._record.error if self._record else None

    @property
    def outputs(self) -> Mapping[str, ArtifactView]:
        """The outputs by their names; not read before `.load()`."""
        return self._views(self._record.outputs if self._record else {})

    @property
    def inputs(self) -> Mapping[str, ArtifactView]:
        """The inputs by their names."""
        return self._views(self._record.inputs if self._record else {})

    @property
    def output(self) -> ArtifactView:
        """The output of a step with one; raises NotFoundError (a LookupError) for another number."""
        if len(self.outputs) != 1:
            raise NotFoundError(
                f"step {self.name} has {len(self.outputs)} outputs; take one by name from .outputs"
            )
        return next(iter(self.outputs.values()))

    @property
    def uri(self) -> str | None:
        """Where the output of a step with one is stored."""
        return self.output.uri if len(self.outputs) == 1 else None

    def _views(self, side: Mapping[str, ArtifactRecord]) -> Mapping[str, ArtifactView]:
        return Named(
            "output", {name: ArtifactView(artifact, self._records) for name, artifact in side.items()}
        )

    def __repr__(self) -> str:
        return f"<step {self.name}: {self.status}>"


@dataclass(frozen=True, eq=False)
class ArtifactView:
    """A stored value: a reference until `load` is called."""

    _record: ArtifactRecord
    _records: ProjectRecords = field(repr=False)

    @property
    def name(self) -> str:
        """The output's name."""
        return self._record.name

    @property
    def uri(self) -> str:
        """Where it is stored, as MLMD has it."""
        return self._record.uri

    @property
    def folder(self) -> Path:
        """A folder with its files; those of a remote store are fetched into the read cache first."""
        return folder_of(self._record, self._records.project)

    @property
    def type(self) -> str:
        """The qualified type name of the value."""
        return self._record.value_type

    @property
    def digest(self) -> str:
        """The content digest."""
        return self._record.digest

    @property
    def size(self) -> int:
        """Bytes."""
        return self._record.size

    @property
    def collected(self) -> str:
        """When gc deleted its files; empty if it did not."""
        return self._record.collected

    @property
    def record(self) -> ArtifactRecord:
        """Its record."""
        return self._record

    def stored_by(self, materializer: Any) -> ArtifactView:
        """Give the artifact as one that another materializer stored: its class loads it."""
        record = dataclasses.replace(self._record, materializer=path_of(materializer))
        return ArtifactView(record, self._records)

    def load(self) -> Any:
        """Load the value; raises ArtifactError if its files are gone or are not what was recorded."""
        return load(self._record, self._records.metadata)

    read = load

    def __repr__(self) -> str:
        return f"<artifact {self.name}: {self.type}, {self.size} bytes>"


class Named(dict[str, Any]):
    """A mapping that suggests the nearest names for a missing one."""

    def __init__(self, kind: str, items: Mapping[str, Any]) -> None:
        super().__init__(items)
        self._kind = kind

    def __missing__(self, name: str) -> Any:
        raise MissingNameError(str(NotFoundError.named(self._kind, name, self)))


class MissingNameError(NotFoundError, KeyError):
    """A NotFoundError that is a KeyError as well, as mappings raise."""

    def __str__(self) -> str:
        return str(self.args[0])
