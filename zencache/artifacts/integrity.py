"""Integrity checks: whether the files of an artifact are what was recorded.

Bytes are compared with the manifest first: a materializer never sees damaged files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from zencache.artifacts.manifest import MANIFEST, Manifest, content_digest, content_files
from zencache.errors import ArtifactError, MaterializerError

if TYPE_CHECKING:
    from zencache.model.records import ArtifactRecord

NO_MANIFEST = "has no manifest"
CONTENT_CHANGED = "its content changed"
ValueDigest = Callable[[Path], str | None]
"""A materializer's digest of the value in a folder; None leaves it to the digest of the files."""


@dataclass(frozen=True)
class Damage:
    """What is wrong with an artifact."""

    wrong: str
    is_certain: bool = True
    """Whether its bytes are known to differ; not where they cannot be read, or cannot be compared, here."""


def unchecked(folder: Path) -> str | None:  # noqa: ARG001 - stands for a materializer's `digest`
    """Leave the digest of a value to that of its files."""
    return None


def value_digest_or_error(record: ArtifactRecord, value_digest: ValueDigest, folder: Path) -> str | None:
    """Call a materializer's digest; raises MaterializerError if it fails, unless the files decide."""
    try:
        return value_digest(folder)
    except Exception as error:
        manifest = Manifest.read(folder)
        if manifest is not None and manifest.digest == record.digest:
            return None
        raise MaterializerError(str(error)) from error


def difference(folder: Path, digest: str, value_digest: ValueDigest) -> str | None:
    """Name the first file that differs from what was recorded, and what differs; None if nothing does."""
    try:
        manifest = Manifest.read(folder)
    except ValueError as error:
        return f"{MANIFEST} cannot be used: {error}"
    changed = manifest.difference(folder) if manifest else None
    if changed:
        return changed
    actual = value_digest(folder) or (manifest.digest if manifest else content_digest(folder))
    return None if actual == digest else CONTENT_CHANGED


def check(folder: Path, digest: str, *, name: str, value_digest: ValueDigest) -> None:
    """Raise ArtifactError, which names the first file that differs from what was recorded, if any does."""
    if not folder.exists():
        raise missing_error(name, folder)
    changed = difference(folder, digest, value_digest)
    if changed:
        raise changed_error(name, folder, changed)


def read_checked(folder: Path, digest: str, *, name: str) -> dict[str, bytes]:
    """Read an artifact's files into memory; raises ArtifactError unless these bytes are what was recorded."""
    try:
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in content_files(folder)}
    except OSError as error:
        raise missing_error(name, folder) from error
    if not files and not folder.exists():
        raise missing_error(name, folder)
    manifest = Manifest(
        tuple((file, len(data), blake3(data).hexdigest()) for file, data in sorted(files.items()))
    )
    if manifest.digest != digest:
        raise changed_error(name, folder, CONTENT_CHANGED)
    return files


def missing_error(name: str, folder: Path) -> ArtifactError:
    """Make the error for an artifact that is not there."""
    return ArtifactError(f"the artifact {name} is gone from {folder}; run the pipeline again to recompute it")


def changed_error(name: str, place: Path | str, changed: str) -> ArtifactError:
    """Make the error for an artifact whose content is not what was recorded."""
    return ArtifactError(
        f"the artifact {name} at {place} is not what was recorded: {changed}; "
        "run the pipeline again to recompute it"
    )
