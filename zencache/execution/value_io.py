"""Values on their way in and out of a step: checked, stored, loaded. Nothing here imports TFX or Beam."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from zencache.artifacts.integrity import unchecked
from zencache.artifacts.store import ArtifactStore
from zencache.errors import (
    ArtifactError,
    MaterializerError,
    MaterializerUnavailableError,
    OutputTypeError,
    StoreError,
    UnloadableError,
    text_of,
)
from zencache.materializers import find, load_materializer
from zencache.materializers.registry import materializer_of
from zencache.model.records import ArtifactRecord
from zencache.model.secrets import is_secret
from zencache.model.types import matches, type_name
from zencache.signing import SIGNING_KEY, sign_artifact
from zencache.util.distributions import install_advice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from zencache.config import Project
    from zencache.materializers import Materializer
    from zencache.metadata.store import MetadataStore
    from zencache.planning.bodies import FunctionBody


def read(artifact: ArtifactRecord, project: Project) -> Any:
    """Load an artifact's value; raises ArtifactError if its content is not what was recorded."""
    if artifact.collected and not artifact.folder.exists():
        raise ArtifactError(
            f"the artifact {artifact.name} was collected on {artifact.collected} (`zencache cache gc`); "
            "run the pipeline again to recompute it"
        )
    materializer = load_materializer(artifact.materializer, allow_pickle=project.settings.allow_pickle)
    if materializer.runs_code:
        check_signed(artifact, project)
        files = ArtifactStore(project).read_into_memory(artifact)
        with _said_as_unloadable(artifact):
            return materializer.load_checked(files)
    with (
        ArtifactStore(project).reading(artifact, _checked_digest(artifact, materializer)) as folder,
        _said_as_unloadable(artifact),
    ):
        return materializer.load(folder)


@contextmanager
def _said_as_unloadable(artifact: ArtifactRecord) -> Iterator[None]:
    """Raise UnloadableError for a value that cannot be made of its files, which are as recorded.

    A class was moved, renamed or changed, for example.
    """
    try:
        yield
    except (StoreError, MaterializerUnavailableError, OSError, MemoryError):
        raise
    except Exception as error:
        said = (
            text_of(error)
            if isinstance(error, MaterializerError)
            else f"{type(error).__name__}: {text_of(error)}"
        )
        raise UnloadableError(
            f"the artifact {artifact.name} at {artifact.folder} cannot be loaded: {said}. If its class was "
            "moved, renamed or changed, run the pipeline with enable_cache=False to compute it again"
        ) from error


def _checked_digest(artifact: ArtifactRecord, materializer: Materializer) -> Callable[[Path], str | None]:
    """Give how a materializer names a value; raises ArtifactError where its files are malformed."""

    def digest(folder: Path) -> str | None:
        try:
            return materializer.digest(folder)
        except (StoreError, MaterializerUnavailableError, OSError, MemoryError):
            raise
        except Exception as error:
            raise ArtifactError(
                f"the artifact {artifact.name} at {folder} is malformed: {type(error).__name__}: "
                f"{text_of(error)}; run the pipeline again to recompute it"
            ) from error

    return digest


def _digest_of(materializer: Materializer) -> Callable[[Path], str | None]:
    """Give how a materializer names a value; what runs code goes by its bytes alone."""
    return unchecked if materializer.runs_code else materializer.digest


def folder_of(artifact: ArtifactRecord, project: Project) -> Path:
    """Give an artifact's files as a local folder; those of a remote store are fetched and checked."""

    def value_digest(folder: Path) -> str | None:
        if not artifact.materializer:
            return None
        return _digest_of(load_materializer(artifact.materializer, allow_pickle=True))(folder)

    return ArtifactStore(project).fetch(artifact, value_digest)


def check_signed(artifact: ArtifactRecord, project: Project) -> None:
    """Raise ArtifactError if loading an artifact runs code and it lacks a required signature."""
    if not project.settings.require_signature:
        return
    from zencache.materializers.signatures import lacks_signature  # noqa: PLC0415 - few projects sign

    if lacks_signature(artifact):
        raise ArtifactError(
            f"the artifact {artifact.name} at {artifact.folder} runs code when it is loaded and is not "
            f"signed with this project's key, so it is not loaded; run the pipeline again with "
            f"{SIGNING_KEY} set "
            "to recompute it"
        )


def readable(inputs: Mapping[str, ArtifactRecord], types: Mapping[str, Any]) -> dict[str, ArtifactRecord]:
    """Choose how artifacts of TFX components are loaded: by the declared type, or by TFX's type name."""
    return {
        name: artifact if artifact.materializer else _named(artifact, types.get(name))
        for name, artifact in inputs.items()
    }


def _named(artifact: ArtifactRecord, wanted: Any) -> ArtifactRecord:
    by_type = find(wanted) if isinstance(wanted, type) else None
    path = by_type.path if by_type else materializer_of(artifact.value_type)
    if path is None:
        raise MaterializerError(
            f"the artifact {artifact.name} is of TFX's type {artifact.value_type}; its files are in "
            f"{artifact.folder}. To load it, {install_advice('tfx')}"
        )
    return dataclasses.replace(artifact, materializer=path)


def load(artifact: ArtifactRecord, metadata: MetadataStore, *, drop_unloadable: bool = False) -> Any:
    """Load an artifact's value, after its content was compared with what was recorded.

    One that is gone or was changed is never served: it is dropped from the records, so that the next
    run computes it again; its files go to quarantine, and ArtifactError says so. With `drop_unloadable`, one
    that is as recorded and cannot be loaded is dropped as well.
    """
    # What TFX's own runners made has no digest before it is asked for.
    artifact = (
        artifact if artifact.digest else metadata.artifact_records.with_digests([artifact.id])[artifact.id]
    )
    [loadable] = readable({"": artifact}, {}).values()
    # Before anything is dropped: another key than the one that signed it says nothing of the artifact.
    check_signed(loadable, metadata.project)
    with _dropped_if_bad(artifact, metadata, drop_unloadable=drop_unloadable):
        return read(loadable, metadata.project)


def verify(artifact: ArtifactRecord, metadata: MetadataStore) -> None:
    """Check an artifact as `load` does, for a TFX component that reads the files itself."""
    allowed = metadata.project.settings.allow_pickle
    path = artifact.materializer
    digest = (_digest_of(load_materializer(path, allow_pickle=allowed)),) if path else ()
    with _dropped_if_bad(artifact, metadata), metadata.artifacts.reading(artifact, *digest):
        pass


@contextmanager
def _dropped_if_bad(
    artifact: ArtifactRecord, metadata: MetadataStore, *, drop_unloadable: bool = False
) -> Iterator[None]:
    try:
        yield
    except ArtifactError as error:
        if isinstance(error, UnloadableError) and not drop_unloadable:
            raise
        why = metadata.artifact_records.mark_damaged(artifact.id, str(error))
        where = None
        # What TFX components made, or an importer names, is not ours to move.
        with suppress(StoreError):
            where = metadata.artifacts.quarantine(artifact) if artifact.materializer else None
        raise ArtifactError(f"{why}; the bad copy is kept at {where}" if where else why) from error


def store(
    value: Any, uri: str, name: str, project: Project, *, where: str, chosen: str | None = None
) -> ArtifactRecord:
    """Store a value at a uri, by the materializer that is chosen or else that of its type.

    `where` names the output in errors.
    """
    if is_secret(value):
        raise MaterializerError(
            f"{where} is a {type(value).__name__}: a secret is never stored. Give it as a parameter to "
            "each step that needs it, and return what is made with it"
        )
    from zencache.materializers.saving import save  # noqa: PLC0415 - only a step that computes stores values

    allow_pickle = project.settings.allow_pickle
    properties: dict[str, str | int] = {}
    used: list[tuple[str, Materializer]] = []

    def fill(folder: Path) -> None:
        path = save(value, folder, where=where, allow_pickle=allow_pickle, chosen=chosen)
        materializer = load_materializer(path, allow_pickle=allow_pickle)
        properties.update(materializer.properties(folder))
        used.append((path, materializer))

    def digest(folder: Path) -> str | None:
        return _digest_of(used[-1][1])(folder)

    stored = ArtifactStore(project).put(uri, fill, digest)
    path, materializer = used[-1]
    value_type = type_name(type(value))
    return ArtifactRecord(
        id=0,
        name=name,
        uri=uri,
        folder=stored.folder,
        value_type=value_type,
        materializer=path,
        digest=stored.digest,
        size=stored.size,
        live=True,
        signature=(sign_artifact(stored.digest, path, value_type) or "") if materializer.runs_code else "",
        said=properties,
    )


def check_outputs(body: FunctionBody, returned: Any) -> dict[str, Any]:
    """Name what a step returned; raises OutputTypeError where it is not what the step declares."""
    declared = body.output_types
    if not declared:
        if returned is not None:
            raise OutputTypeError(
                f"step {body.spec.name} declares no output, but returned {type_name(type(returned))}"
            )
        return {}
    values = (returned,) if len(declared) == 1 else returned
    if not isinstance(values, tuple | list) or len(values) != len(declared):
        got = f"{len(values)} values" if isinstance(values, tuple | list) else type_name(type(values))
        raise OutputTypeError(
            f"step {body.spec.name} declares {len(declared)} outputs ({', '.join(declared)}), "
            f"but returned {got}"
        )
    named = dict(zip(declared, values, strict=True))
    for name, value in named.items():
        if not matches(value, declared[name]):
            raise OutputTypeError(
                f"step {body.spec.name}: output {name} is declared {type_name(declared[name])}, "
                f"but is {type_name(type(value))}"
            )
    return named
