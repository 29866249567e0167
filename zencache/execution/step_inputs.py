"""What a step is fed with, once its upstream steps have ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.model.records import ArtifactRecord


@dataclass(frozen=True)
class StepInputs:
    """The artifacts and computed properties that feed a step."""

    artifacts: Mapping[str, ArtifactRecord] = field(default_factory=dict)
    hidden: Mapping[str, ArtifactRecord] = field(default_factory=dict)
    """What a component's condition or properties are computed from; its executor does not see these."""
    computed: Mapping[str, Any] = field(default_factory=dict)
    """A component's properties that were computed from other steps' results."""
