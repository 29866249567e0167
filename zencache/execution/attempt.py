"""How one attempt at computing a step ended, in this process or in a worker process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.model.records import ArtifactRecord
    from zencache.tracking.observed_inputs import Seen


@dataclass(frozen=True)
class Computed:
    """The attempt computed and stored the step's outputs."""

    outputs: Mapping[str, ArtifactRecord]
    seconds: float
    seen: Seen | None
    """What the step was seen to read; None if it was not watched."""


@dataclass(frozen=True)
class Raised:
    """The attempt failed."""

    error: BaseException
    seen: Seen | None = None


@dataclass(frozen=True)
class Unavailable:
    """No attempt was made: a worker process cannot compute the step."""

    reason: str


class RemoteTraceback(Exception):  # noqa: N818 - it shows where an error of another process comes from
    """The traceback of an error in a worker process, as the cause of that error."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"
