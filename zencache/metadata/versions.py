"""Versions of pipelines: one a structure, numbered from 1; a number is never used twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import errors, get_properties, pb, set_properties
from zencache.metadata.serialization import recent_of
from zencache.model.records import RunHandle, VersionRecord, version_context_name
from zencache.model.specs import PipelineSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zencache.metadata.store import MetadataStore


def version_contexts(metadata: MetadataStore, pipeline: str) -> Iterator[Any]:
    """Read the contexts of a pipeline's versions, from number 1, those that were deleted too."""
    number = 1
    while (
        context := metadata.context(schema.VERSION_CONTEXT, version_context_name(pipeline, number))
    ) is not None:
        yield context
        number += 1


class VersionStore:
    """The versions of one project's pipelines, over its `MetadataStore`."""

    def __init__(self, metadata: MetadataStore) -> None:
        self.metadata = metadata
        self._client = metadata.client
        self._versions: dict[tuple[str, str], VersionRecord] = {}
        self._likely: dict[str, list[int]] = {}

    def version_of(self, spec: PipelineSpec) -> VersionRecord | None:
        """Find the version that a spec's structure is, or None."""
        known = self._versions.get((spec.name, spec.structure))
        if known is None:
            known = next((v for v in self.versions(spec.name) if v.structure == spec.structure), None)
            if known is not None:
                self._versions[spec.name, spec.structure] = known
        return known

    def likely(self, spec: PipelineSpec) -> list[int]:
        """Give the executions that the last run of a spec's version used: most are likely to be used again."""
        version = self.version_of(spec)
        if version is None:
            return []
        name = version_context_name(spec.name, version.number)
        if name not in self._likely:
            self._likely[name] = recent_of(self.metadata.context(schema.VERSION_CONTEXT, name))
        return self._likely[name]

    def versions(self, pipeline: str) -> Iterator[VersionRecord]:
        """List a pipeline's versions by number, without those that were deleted."""
        return (version for version in self._all_versions(pipeline) if not version.is_deleted)

    def _all_versions(self, pipeline: str) -> Iterator[VersionRecord]:
        """List a pipeline's versions by number, from 1, without those of which the spec is not recorded."""
        for number, context in enumerate(version_contexts(self.metadata, pipeline), 1):
            extra = get_properties(context.custom_properties)
            if schema.SPEC in extra:
                spec = PipelineSpec.model_validate_json(extra[schema.SPEC])
                structure = extra.get(schema.STRUCTURE) or spec.structure
                yield VersionRecord(number, structure, spec, schema.DELETED in extra)

    def _was_deleted(self, pipeline: str, version: VersionRecord) -> bool:
        """Say whether a version that is remembered was deleted since."""
        context = self.metadata.context(
            schema.VERSION_CONTEXT, version_context_name(pipeline, version.number)
        )
        return context is not None and schema.DELETED in context.custom_properties

    def _make_version(self, spec: PipelineSpec) -> VersionRecord:
        """Register a new version; its name is unique, so that two processes cannot make one number twice."""
        with self.metadata.lock:
            while True:
                same = next((v for v in self.versions(spec.name) if v.structure == spec.structure), None)
                if same is not None:
                    return same
                number = 1 + sum(1 for _ in version_contexts(self.metadata, spec.name))
                made = VersionRecord(number, spec.structure, spec)
                if self._put_version(made):
                    return made

    def _put_version(self, version: VersionRecord) -> bool:
        """Write a version; False if another process has written one of its number meanwhile."""
        name = version_context_name(version.spec.name, version.number)
        context = pb.Context(type_id=self.metadata.context_types[schema.VERSION_CONTEXT], name=name)
        spec = {schema.STRUCTURE: version.structure, schema.SPEC: version.spec.model_dump_json()}
        set_properties(context.custom_properties, spec)
        try:
            self._client.put_contexts([context])
        except errors.AlreadyExistsError:
            if self.metadata.context(schema.VERSION_CONTEXT, name) is None:
                raise self.metadata.name_taken("pipeline version", name) from None
            return False
        return True

    def _used_anew(self, run: RunHandle, used: Sequence[int]) -> list[Any]:
        """Give the context of a run's version with the executions that it used, if the last run used others."""
        name = version_context_name(run.pipeline, run.version)
        if not used or self._likely.get(name) == list(used):
            return []
        context = self.metadata.context(schema.VERSION_CONTEXT, name)
        assert context is not None
        set_properties(context.custom_properties, {schema.RECENT_EXECUTIONS: json.dumps(used)})
        self._likely[name] = list(used)
        return [context]
