"""Says whether an artifact that runs code when it is loaded lacks a valid signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zencache.materializers.registry import is_shipped, runs_code
from zencache.signing import is_artifact_signed

if TYPE_CHECKING:
    from zencache.model.records import ArtifactRecord


def lacks_signature(artifact: ArtifactRecord) -> bool:
    """Say whether loading an artifact runs code that is not signed; raises SettingsError without a key."""
    path = artifact.materializer
    return runs_code(path) and not is_artifact_signed(
        artifact.digest, path, artifact.value_type, artifact.signature, accept_first=is_shipped(path)
    )
