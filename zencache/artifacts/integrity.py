"""Whether the bytes of an artifact are what was recorded: a look at it, or a reading of all of them.

Nothing is changed, and the read cache is neither asked nor filled. `ArtifactStore.problem` is the quick answer of a
look-up; here it is said in words what is wrong.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from zencache.artifacts.manifest import measured, wrong
from zencache.artifacts.store import MANIFEST, NO_MANIFEST, Manifest, is_remote
from zencache.errors import MaterializerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from zencache.artifacts.store import ArtifactStore
    from zencache.model.records import ArtifactRecord

    Digest = Callable[[Path], str | None]

_GONE = (FileNotFoundError, NotADirectoryError)


@dataclass(frozen=True)
class Damage:
    """What is wrong with an artifact."""

    wrong: str
    is_certain: bool = True
    """Whether its bytes are known to be others; not where nobody here may read them."""


def is_checkable(record: ArtifactRecord) -> bool:
    """Say whether there is anything recorded that its files could be compared with."""
    if not record.materializer and is_remote(record.uri):  # only TFX reads what its components put elsewhere
        return False
    return bool(record.digest)


def damage(
    store: ArtifactStore, record: ArtifactRecord, value_digest: Digest, *, full: bool
) -> Damage | None:
    """Say what is wrong with an artifact; None if nothing is. Without `full`, what is there is not read.

    Raises StoreUnavailableError where a store elsewhere does not answer.
    """
    try:
        return _damage(store, record, partial(_named, record, value_digest), full=full)
    except MaterializerError:
        said = f"cannot be compared with its record: {record.materializer} cannot be used here; install what it needs"
        return Damage(said, is_certain=False)


def _named(record: ArtifactRecord, value_digest: Digest, folder: Path) -> str | None:
    """Have a materializer name a value; where it cannot, and the bytes do not name it either, nobody knows."""
    try:
        return value_digest(folder)
    except Exception as error:
        manifest = Manifest.read(folder)
        if manifest is not None and manifest.digest == record.digest:
            return None
        raise MaterializerError(str(error)) from error


def _damage(
    store: ArtifactStore, record: ArtifactRecord, value_digest: Digest, *, full: bool
) -> Damage | None:
    if is_remote(record.uri):
        found = _elsewhere(store, record, value_digest, full=full)
        return Damage(found) if found else None
    if str(record.folder).startswith(os.devnull):
        return Damage("its record leads to where no artifact is")
    try:
        found = _here(record, value_digest, full=full, with_manifest=not store.lacks_manifests)
    except _GONE:
        found = "is missing"
    except PermissionError as error:
        return Damage(f"cannot be read: {error.strerror}", is_certain=False)
    except OSError as error:
        found = f"cannot be read: {error.strerror}"
    return Damage(found) if found else None


def _here(record: ArtifactRecord, value_digest: Digest, *, full: bool, with_manifest: bool) -> str | None:
    if not record.materializer and not record.size and not record.folder.exists():
        return None  # what a TFX component left empty may be gone
    size, has_manifest = measured(str(record.folder))
    if record.materializer and not has_manifest and with_manifest:
        return NO_MANIFEST
    is_whole = size == record.size
    if is_whole and not full:
        return None
    return wrong(record.folder, record.digest, value_digest) or (
        None if is_whole else f"has {size} bytes, not {record.size}"
    )


def _elsewhere(
    store: ArtifactStore, record: ArtifactRecord, value_digest: Digest, *, full: bool
) -> str | None:
    """As `_here`, of what is elsewhere: every byte comes over the network, and nothing of it is kept."""
    problem = store.problem(record)
    if problem or not full:
        return problem
    try:
        manifest = store.remote.read_manifest(record.uri)
    except _GONE:
        return NO_MANIFEST
    except ValueError as error:
        return f"{MANIFEST} cannot be used: {error}"
    for name, size, digest in manifest.files:
        hasher = blake3()
        for part in store.remote.parts(record, name, size):
            hasher.update(part)
        if hasher.hexdigest() != digest:
            return f"{name} is missing, or its content changed"
    if manifest.digest == record.digest:
        return None
    return None if _fetched_digest(store, record, value_digest) == record.digest else "its content changed"


def _fetched_digest(store: ArtifactStore, record: ArtifactRecord, value_digest: Digest) -> str | None:
    """Have a materializer name a value, for which it needs the files."""
    store.project.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=store.project.work) as folder:
        store.remote.fetch_into(record, Path(folder))
        return value_digest(Path(folder))
