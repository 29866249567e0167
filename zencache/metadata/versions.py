"""Versions of pipelines: one for each structure, numbered from 1; a number is never used twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import errors, get_properties, pb, set_properties
from zencache.metadata.serialization import recent_of
from zencache.model.records import RunHandle, VersionRecord, version_context_name
from zencache.model.specs import PipelineSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zencache.metadata.store import MetadataStore


def version_contexts(metadata: MetadataStore, pipeline: str) -> Iterator[Any]:
    """Read the contexts of a pipeline's versions by number, including deleted ones."""
    number = 1
    while (context := _find_context(metadata, pipeline, number)) is not None:
        yield context
        number += 1


def _find_context(metadata: MetadataStore, pipeline: str, number: int) -> Any | None:
    return metadata.contexts.find(schema.VERSION_CONTEXT, version_context_name(pipeline, number))


class VersionStore:
    """The versions of one project's pipelines."""

    def __init__(self, metadata: MetadataStore) -> None:
        self._metadata = metadata
        self._version_by_structure: dict[tuple[str, str], VersionRecord] = {}
        self._last_used: dict[str, list[int]] = {}

    # -- reading --------------------------------------------------------------------------------------

    def find(self, spec: PipelineSpec) -> VersionRecord | None:
        """Find the version that has a spec's structure."""
        version = self._version_by_structure.get((spec.name, spec.structure))
        if version is None:
            version = self._read(spec)
            if version is not None:
                self._version_by_structure[spec.name, spec.structure] = version
        return version

    def of_pipeline(self, pipeline: str, *, include_deleted: bool = False) -> Iterator[VersionRecord]:
        """List a pipeline's versions by number; versions without a recorded spec are left out."""
        return _records(version_contexts(self._metadata, pipeline), include_deleted=include_deleted)

    def last_used(self, spec: PipelineSpec) -> list[int]:
        """Return the executions that the last run of a spec's version used: most will be hits again."""
        version = self.find(spec)
        if version is None:
            return []
        name = version_context_name(spec.name, version.number)
        if name not in self._last_used:
            self._last_used[name] = recent_of(self._metadata.contexts.find(schema.VERSION_CONTEXT, name))
        return self._last_used[name]

    # -- writing --------------------------------------------------------------------------------------

    def find_or_create(self, spec: PipelineSpec) -> VersionRecord:
        """Return the version that has a spec's structure; a missing or deleted one is created."""
        version = self.find(spec)
        if version is None or self._was_deleted(spec.name, version):
            version = self._create(spec)
        return version

    def with_last_used(self, run: RunHandle, used: Sequence[int]) -> list[Any]:
        """Return the version's context, to be written with what a run used; nothing if unchanged."""
        name = version_context_name(run.pipeline, run.version)
        if not used or self._last_used.get(name) == list(used):
            return []
        context = self._metadata.contexts.find(schema.VERSION_CONTEXT, name)
        assert context is not None
        set_properties(context.custom_properties, {schema.RECENT_EXECUTIONS: json.dumps(used)})
        self._last_used[name] = list(used)
        return [context]

    def _read(self, spec: PipelineSpec) -> VersionRecord | None:
        return _with_structure(self.of_pipeline(spec.name), spec)

    def _was_deleted(self, pipeline: str, version: VersionRecord) -> bool:
        """Return whether a version in memory was deleted since."""
        context = _find_context(self._metadata, pipeline, version.number)
        return context is not None and schema.DELETED in context.custom_properties

    def _create(self, spec: PipelineSpec) -> VersionRecord:
        """Register a new version; its name is unique, so that two processes cannot use one number twice."""
        with self._metadata.lock:
            while True:
                # One reading answers both: the next number is taken if another process has the structure now.
                contexts = list(version_contexts(self._metadata, spec.name))
                existing = _with_structure(_records(contexts), spec)
                if existing is not None:
                    return existing
                version = VersionRecord(1 + len(contexts), spec.structure, spec)
                if self._put(version):
                    return version

    def _put(self, version: VersionRecord) -> bool:
        """Write a version; False if another process has written one of its number meanwhile."""
        contexts = self._metadata.contexts
        name = version_context_name(version.spec.name, version.number)
        context = pb.Context(type_id=contexts.types[schema.VERSION_CONTEXT], name=name)
        properties = {
            schema.STRUCTURE: version.structure,
            schema.SPEC: version.spec.model_dump_json(),
        }
        set_properties(context.custom_properties, properties)
        try:
            self._metadata.client.put_contexts([context])
        except errors.AlreadyExistsError:
            if contexts.find(schema.VERSION_CONTEXT, name) is None:
                raise contexts.name_taken("pipeline version", name) from None
            return False
        return True


def _records(contexts: Iterable[Any], *, include_deleted: bool = False) -> Iterator[VersionRecord]:
    for number, context in enumerate(contexts, 1):
        properties = get_properties(context.custom_properties)
        is_deleted = schema.DELETED in properties
        if schema.SPEC in properties and (include_deleted or not is_deleted):
            spec = PipelineSpec.model_validate_json(properties[schema.SPEC])
            structure = properties.get(schema.STRUCTURE) or spec.structure
            yield VersionRecord(number, structure, spec, is_deleted)


def _with_structure(versions: Iterable[VersionRecord], spec: PipelineSpec) -> VersionRecord | None:
    return next((version for version in versions if version.structure == spec.structure), None)
