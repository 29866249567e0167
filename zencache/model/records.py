"""Defines the records of a store as frozen values, without MLMD's protos."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal

from zencache.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from zencache.model.database import Database
    from zencache.model.specs import PipelineSpec, StepSpec

State = Literal["NEW", "RUNNING", "COMPLETE", "FAILED", "CACHED", "CANCELED", "UNKNOWN"]


@dataclass(frozen=True)
class ArtifactRecord:
    """An artifact: where its files are and what they hold."""

    id: int
    name: str
    """Of the output that made it."""
    uri: str
    folder: Path
    """The uri as a folder of this machine: in the project, or for a remote artifact in the read cache."""
    value_type: str
    materializer: str
    digest: str
    size: int
    """In bytes."""
    live: bool
    properties: str = ""
    """Of what a native component made: the digest of the properties that say more of it than its files."""
    collected: str = ""
    """When gc took its bytes, or began to; empty if it did not."""

    signature: str = ""
    """For an artifact that runs code when it is loaded: a signature of its digest with the project's key."""
    said: Mapping[str, str | int] = field(default_factory=dict)
    """Of a new artifact: its properties in TFX's schema, to be recorded with it."""

    @property
    def content(self) -> str:
        """What stands for it in keys."""
        return f"{self.digest}+{self.properties}" if self.properties else self.digest


@dataclass(frozen=True)
class ExecutionRecord:
    """An execution of a step: computed, reused or failed."""

    id: int
    step: str
    state: State
    created: datetime
    updated: datetime
    key: str | None = None
    key_parts: str | None = None
    """JSON of `KeyParts`; of a hit, its origin has them."""
    reason: str = ""
    seconds: float | None = None
    error: str | None = None
    seen: str | None = None
    """JSON of `zencache.tracking.observed_inputs.Seen`: what it read without declaring it."""
    dropped: str | None = None
    """Why its result may not be reused, if it was invalidated."""
    attempts: int = 1
    """How many times it was computed: more than once if it failed and was retried."""
    compared_with: int | None = None
    """The earlier execution that its reason compares with."""
    origin: int | None = None
    """Of a hit: the execution that computed the outputs."""
    inputs: Mapping[str, ArtifactRecord] = field(default_factory=dict)
    outputs: Mapping[str, ArtifactRecord] = field(default_factory=dict)
    database: Database | None = None
    """The database that records it."""

    @property
    def done(self) -> bool:
        """Whether its outputs may be used."""
        return self.state in ("COMPLETE", "CACHED")


@dataclass(frozen=True)
class RunRecord:
    """A run of a pipeline, without its steps."""

    id: int
    name: str
    pipeline: str
    version: int | None
    status: str
    created: datetime
    seconds: float | None
    pinned: str | None = None
    """Why it is kept whatever its age, if it is pinned."""
    deleted: str | None = None
    """When it was deleted: records are only marked."""
    owner: str | None = None
    """The process that it runs in, while it does (`zencache.util.process_id`)."""
    of_tfx: bool = False
    """Whether one of TFX's own runners wrote it."""
    root: str = ""
    """Where it computed something: below which it put its artifacts, unless its pipeline says."""

    @property
    def ended(self) -> datetime:
        """When it ended; of one that did not, when it began."""
        return self.created + timedelta(seconds=self.seconds or 0)


@dataclass(frozen=True)
class VersionRecord:
    """A version of a pipeline: its number and the spec of its first run."""

    number: int
    structure: str
    spec: PipelineSpec
    is_deleted: bool = False


@dataclass(frozen=True)
class RunHandle:
    """A run that is being recorded."""

    name: str
    pipeline: str
    version: int
    spec: PipelineSpec
    spec_is_the_versions: bool
    context_id: int | None = None
    """Of its MLMD context, once there is one."""
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Tells it from another run of its name."""
    root: str = ""
    """Root of the artifacts of a run that computes something, unless its pipeline names one."""


@dataclass(frozen=True)
class CachedStep:
    """A step that is a hit, as it is to be published."""

    spec: StepSpec
    hit: ExecutionRecord
    key: str
    reason: str
    inputs: Mapping[str, ArtifactRecord]
    seconds: float
    dynamic: Mapping[str, str | int | float] = field(default_factory=dict)
    """Of a native component: the properties that were computed from its inputs."""


class CollectedError(ArtifactError):
    """gc collected a planned hit before its use was published; the run plans again."""

    def __init__(self, steps: Sequence[str]) -> None:
        super().__init__(
            f"the stored results of {', '.join(steps)} were collected just now (`zencache cache gc`); "
            "run the pipeline again to compute them"
        )
        self.steps = tuple(steps)


def from_milliseconds(milliseconds: int) -> datetime:
    """Turn MLMD's milliseconds since 1970 (UTC) into a datetime with its zone."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)


def version_context_name(pipeline: str, number: int) -> str:
    """Name the context of a version.

    >>> version_context_name("taxi", 2)
    'taxi:2'
    """
    return f"{pipeline}:{number}"
