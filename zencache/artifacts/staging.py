"""Atomic writes: an artifact's files go into a staging folder, which is flushed to disk and then renamed.

::

    <output>/.<execution>.partial/      the staging folder of one artifact
    <output>/<execution>/               the artifact, once the staging folder was renamed
    <root>/.quarantine/<output>/…       what was in the way: an artifact of other records
"""

from __future__ import annotations

import contextlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.artifacts.integrity import unchecked
from zencache.artifacts.local_files import make_writable, remove
from zencache.artifacts.manifest import MANIFEST, Manifest, size_of
from zencache.errors import ArtifactError, StoreUnavailableError
from zencache.tracking.audit_events import disown
from zencache.util.atomic_write import flush
from zencache.util.hashing import BIG, remembering

if TYPE_CHECKING:
    from collections.abc import Callable

    from zencache.artifacts.integrity import ValueDigest
    from zencache.util.hashing import Known

QUARANTINE = ".quarantine"
"""The folder below a root where damaged artifacts are kept: no look-up finds them there."""


def write_artifact(
    target: Path, fill: Callable[[Path], object], *, root: Path | None = None, durable: bool = True
) -> Manifest:
    """Have `fill` write an artifact's files, and put them at `target` whole or not at all.

    The files are flushed to disk and made read-only, then their manifest. The staging folder is renamed, and
    the folders above, up to `root`, are flushed: a power failure leaves all or nothing. Files that are
    already in `target` (a step wrote there itself) become part of the artifact.
    """
    staging = _staging_folder(target)
    try:
        manifest = _fill_staging(staging, target, fill, root or target.parent, durable=durable)
        staging.replace(target)
        if durable:
            _flush_parents(target.parent, root)
    except OSError as error:
        _discard(staging)
        raise StoreUnavailableError(f"cannot store an artifact at {target}: {error}") from error
    except BaseException:
        _discard(staging)
        raise
    return manifest


def _fill_staging(
    staging: Path, target: Path, fill: Callable[[Path], object], root: Path, *, durable: bool
) -> Manifest:
    if staging.exists():
        remove(staging)
    staging.mkdir(parents=True)
    with remembering() as digest_by_file:
        fill(staging)
    if (target / MANIFEST).exists():  # of other records: execution numbers began again from 1
        move_to_quarantine(target, root)
    if target.is_dir():
        for path in list(target.iterdir()):
            path.rename(staging / path.name)
    manifest = _flush_and_digest(staging, digest_by_file, durable=durable)
    _write_manifest(staging / MANIFEST, manifest, durable=durable)
    if durable:
        flush(staging)
    return manifest


def add_manifest(folder: Path, digest: str, value_digest: ValueDigest = unchecked) -> Manifest:
    """Write the manifest of an artifact that is older than manifests; raises ArtifactError if it changed."""
    manifest = Manifest.of(folder)
    if (value_digest(folder) or manifest.digest) != digest:
        raise ArtifactError(
            f"the artifact at {folder} is not what was recorded: its content changed; "
            "run the pipeline again to recompute it"
        )
    partial = folder.with_name(f".{folder.name}.manifest.partial")
    partial.unlink(missing_ok=True)  # an interrupted migration may have left it read-only
    _write_manifest(partial, manifest, durable=True)
    partial.replace(folder / MANIFEST)
    flush(folder)
    return manifest


def clear_failed_attempt(target: Path) -> None:
    """Remove what a failed attempt left, also in the staging folder; `target` is an empty folder then."""
    try:
        for folder in (target, _staging_folder(target)):
            if folder.exists():
                remove(folder)
        target.mkdir(parents=True)
    except OSError as error:
        raise StoreUnavailableError(
            f"cannot remove what a failed attempt left at {target}: {error}; run the pipeline again"
        ) from error


def move_to_quarantine(folder: Path, root: Path) -> Path:
    """Move an artifact's folder below the quarantine of a root that it is in, and give its new place."""
    below = folder.relative_to(root) if folder.is_relative_to(root) else Path(folder.name)
    base = root if folder.is_relative_to(root) else folder.parent
    place = base / QUARANTINE / f"{below}.{os.urandom(4).hex()}"
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.rename(place)
    except PermissionError:  # a folder that moves elsewhere needs the write bit itself
        make_writable(folder)
        folder.rename(place)
    os.utime(place)  # gc reads from it since when the copy is kept
    return place


def make_read_only(path: Path) -> None:
    """Protect a file from accidental changes."""
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)


def _discard(staging: Path) -> None:
    """Remove what is left of a failed write, as far as that is possible."""
    with contextlib.suppress(OSError):
        remove(staging)


def _staging_folder(target: Path) -> Path:
    return target.with_name(f".{target.name}.partial")


def _write_manifest(path: Path, manifest: Manifest, *, durable: bool) -> None:
    with path.open("wb") as file:
        file.write(manifest.to_json())
        if durable:
            file.flush()
            os.fsync(file.fileno())
    make_read_only(path)


def _flush_and_digest(folder: Path, digest_by_file: Known, *, durable: bool) -> Manifest:
    """Digest the files while another thread flushes them; small ones are not worth the thread."""
    if not durable or size_of(folder) < BIG:
        _protect(folder, durable=durable)
        return Manifest.of(folder, digest_by_file)
    with ThreadPoolExecutor(1, initializer=disown) as flusher:
        flushing = flusher.submit(_protect, folder, durable=durable)
        manifest = Manifest.of(folder, digest_by_file)
        flushing.result()
    return manifest


def _protect(folder: Path, *, durable: bool) -> None:
    """Make files read-only, and flush them and the folders below."""
    folders = []
    for path in folder.rglob("*"):
        if not path.is_file():
            folders.append(path)
            continue
        if durable:
            flush(path)
        make_read_only(path)
    for path in folders if durable else ():
        flush(path)


def _flush_parents(folder: Path, root: Path | None) -> None:
    """Flush a folder that has a new name in it, and those above: each of them may be new."""
    flush(folder)
    if root is not None and folder != root and folder.is_relative_to(root):
        _flush_parents(folder.parent, root)
