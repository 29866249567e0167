"""Reads the records of artifacts, gives them content digests, and marks damaged ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import get_properties, pb, set_properties
from zencache.metadata.serialization import artifact_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    from zencache.artifacts.store import ArtifactStore
    from zencache.metadata.client import MetadataClient
    from zencache.model.records import ArtifactRecord


class ArtifactRecords:
    """The artifacts that one store records; `files` holds their bytes."""

    def __init__(
        self, client: MetadataClient, lock: AbstractContextManager[Any], files: ArtifactStore
    ) -> None:
        self._client = client
        self._lock = lock
        self._files = files

    def record(self, name: str, artifact: Any) -> ArtifactRecord:
        """Return the record of ML Metadata's artifact; `name` is that of an output."""
        properties = get_properties(artifact.custom_properties)
        folder = self._files.folder(artifact.uri, properties.get(schema.DIGEST, ""))
        return artifact_record(name, artifact, folder, properties)

    def by_id(self, ids: Sequence[int]) -> dict[int, ArtifactRecord]:
        """Read artifacts by id."""
        artifacts = self._client.get_artifacts_by_id(ids) if ids else []
        return {artifact.id: self.record(artifact.name, artifact) for artifact in artifacts}

    def with_digests(self, ids: Sequence[int], *, recompute: bool = False) -> dict[int, ArtifactRecord]:
        """Read artifacts by id, and record content digests for those without, or for all if `recompute`."""
        from zencache.metadata.artifact_digests import add_digests  # noqa: PLC0415 - of TFX components

        with self._lock:
            artifacts = self._client.get_artifacts_by_id(ids) if ids else []
            add_digests(artifacts, self._client, self._files.manifest, recompute=recompute)
        return {artifact.id: self.record(artifact.name, artifact) for artifact in artifacts}

    def has_changed(self, uri: str) -> bool:
        """Return whether artifacts at a uri are recorded with other content than is there now."""
        artifacts = self._client.get_artifacts_by_uri(uri)
        recorded = (get_properties(artifact.custom_properties).get(schema.DIGEST) for artifact in artifacts)
        digests = {digest for digest in recorded if digest is not None}
        return bool(digests) and digests != {self._files.manifest(uri).digest}

    def not_live(self, ids: Iterable[int]) -> set[int]:
        """Return those of these artifacts that are marked or deleted."""
        distinct_ids = sorted(set(ids))
        artifacts = self._client.get_artifacts_by_id(distinct_ids) if distinct_ids else []
        return {artifact.id for artifact in artifacts if artifact.state != pb.Artifact.LIVE}

    def mark_damaged(self, artifact_id: int, why: str) -> str:
        """Mark an artifact as unusable, and return the reason: `why`, or that of an earlier mark."""
        with self._lock:
            [artifact] = self._client.get_artifacts_by_id([artifact_id])
            earlier = get_properties(artifact.custom_properties).get(schema.DAMAGED)
            if artifact.state != pb.Artifact.DELETED and earlier is None:
                artifact.state = pb.Artifact.MARKED_FOR_DELETION
                set_properties(artifact.custom_properties, {schema.DAMAGED: why})
                self._client.put_artifacts([artifact])
        return str(earlier or why)

    def clear_damage(self, artifact_id: int) -> None:
        """Remove the mark of `mark_damaged`: the artifact's files are again as recorded."""
        with self._lock:
            [artifact] = self._client.get_artifacts_by_id([artifact_id])
            if artifact.state == pb.Artifact.MARKED_FOR_DELETION:
                artifact.state = pb.Artifact.LIVE
                artifact.custom_properties.pop(schema.DAMAGED, None)
                self._client.put_artifacts([artifact])
