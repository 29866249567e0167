"""Migrates a store from an older schema version: backup first, new number last, so that it can be repeated.

From 1 to 2: artifacts that are as recorded get manifests; stale runs are marked as failed.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from zencache.artifacts.integrity import unchecked
from zencache.artifacts.staging import add_manifest
from zencache.config import FORMAT
from zencache.errors import ArtifactError, StoreFormatError, StoreUnavailableError
from zencache.materializers import load_materializer
from zencache.metadata import schema
from zencache.metadata.client import ListOptions, OrderByField, get_properties, pb
from zencache.metadata.schema_version import put_format, read_stamp
from zencache.metadata.sqlite_backup import back_up
from zencache.metadata.stale_runs import is_stale, mark_stale_failed
from zencache.util.locks import close_locked, open_locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from zencache.artifacts.integrity import ValueDigest
    from zencache.config import Project
    from zencache.metadata.store import MetadataStore


_UNREADABLE = (errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP, errno.EISDIR, errno.ENAMETOOLONG)


@dataclass(frozen=True)
class Migrated:
    """What a migration did to a store, or would do."""

    since: int
    """The schema version that it had."""
    manifests: int = 0
    """Number of artifacts that got a manifest."""
    left: int = 0
    """Number of artifacts that are not as recorded, and got none."""
    ended: int = 0
    """Number of stale runs that were marked as failed."""


def preview(metadata: MetadataStore) -> Migrated | None:
    """Return what a migration would do at most, without reading artifacts; None if the store is current."""
    metadata.check_format()
    if metadata.format == FORMAT:
        return None
    return Migrated(metadata.format, len(list(_without_manifest(metadata))), 0, len(_stale_runs(metadata)))


def migrate(
    metadata: MetadataStore, *, report: Callable[[str], None], without_backup: bool = False
) -> Migrated | None:
    """Migrate a store to this schema version, if it has an older one; one process does so, and others wait.

    Raises StoreFormatError for a server without `without_backup`, and StoreUnavailableError if something
    cannot be written. What was done until then stays, and an older zencache can still use the store.
    """
    with migration_lock(metadata.project, report):
        metadata.check_format()
        if metadata.format == FORMAT:
            return None
        since, backup = metadata.format, None
        if not metadata.project.database.is_server:
            backup = _back_up(metadata)
        elif not without_backup:
            raise StoreFormatError(
                f"the records in {metadata.project.database} are of format {since}, and no copy of a "
                "server's database can be made from here; back it up, then run `zencache migrate --yes`"
            )
        database = metadata.project.database
        report(f"Upgrading the store {database} to format {FORMAT} (backup: {backup or 'none'}).")
        manifests, left = _write_manifests(metadata)
        stale_ids = _stale_runs(metadata)
        mark_stale_failed(metadata, stale_ids)
        with metadata.lock:
            put_format(metadata.client, metadata.contexts.types[schema.STORE_CONTEXT], FORMAT)
        metadata.check_format()
    return Migrated(since, manifests, left, len(stale_ids))


@contextmanager
def migration_lock(project: Project, report: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other process of this machine migrates the store; its write lock stays free."""
    path = project.lock.with_name(f"{project.lock.name}.upgrade")
    try:
        file = open_locked(path, wait=False)
        if file is None:
            report("Waiting for another process, which upgrades the store.")
            file = open_locked(path)
    except OSError as error:
        raise StoreUnavailableError(
            f"cannot write in {path.parent}, which is of an older format: {error}. "
            "Make it writable, and it is upgraded"
        ) from error
    assert file is not None
    try:
        yield
    finally:
        close_locked(file)


# -- backup ------------------------------------------------------------------------------------------


def _back_up(metadata: MetadataStore) -> Path:
    """Copy the records and the settings; an interrupted migration has its copy already."""
    stamp = read_stamp(metadata.client)
    earlier_name = get_properties(stamp.custom_properties).get(schema.BACKUP, "") if stamp else ""
    if earlier_name and (earlier := metadata.project.backups / earlier_name).is_file():
        return earlier
    source = metadata.project.database.path
    assert source is not None
    backup = _new_backup(metadata.project.backups, source.stem, metadata.format)
    back_up(source, backup, metadata.project.folder / "config.toml")
    put_format(metadata.client, metadata.contexts.types[schema.STORE_CONTEXT], metadata.format, backup.name)
    return backup


def _new_backup(folder: Path, stem: str, number: int) -> Path:
    now = datetime.now(timezone.utc)
    paths = (folder / f"{stem}-format-{number}-{now:%Y-%m-%dT%H-%M-%S}{end}.db" for end in _suffixes())
    return next(path for path in paths if not path.exists())


def _suffixes() -> Iterator[str]:
    yield ""
    while True:
        yield f"-{os.urandom(2).hex()}"


# -- artifacts ----------------------------------------------------------------------------------------


def _write_manifests(metadata: MetadataStore) -> tuple[int, int]:
    """Write missing manifests; return how many were written, and how many artifacts are not as recorded."""
    written = [_write_manifest(*each) for each in _without_manifest(metadata)]
    return sum(written), len(written) - sum(written)


def _without_manifest(metadata: MetadataStore) -> Iterator[tuple[Path, str, str]]:
    """Yield directory, digest and materializer of each live artifact of zencache that has no manifest."""
    in_order = ListOptions(order_by=OrderByField.ID)
    for artifact in metadata.client.get_artifacts(list_options=in_order):
        properties = get_properties(artifact.custom_properties)
        materializer = properties.get(schema.MATERIALIZER)
        if artifact.state != pb.Artifact.LIVE or not materializer:
            continue
        folder = metadata.artifacts.folder_without_manifest(artifact.uri)
        if folder is not None:
            yield folder, properties.get(schema.DIGEST, ""), materializer


def _write_manifest(folder: Path, digest: str, materializer: str) -> bool:
    """Write an artifact's manifest if its bytes, or its value, are as recorded; return whether they are.

    What cannot be read, as a file or as a value, is left as it is.
    """
    try:
        return _has_got_manifest(folder, digest, unchecked) or _has_got_manifest(
            folder, digest, partial(_value_digest, materializer)
        )
    except (FileNotFoundError, NotADirectoryError):  # deleted
        return False
    except OSError as error:
        if error.errno in _UNREADABLE:  # another user's, or on a damaged disk
            return False
        raise StoreUnavailableError(
            f"cannot write the manifest of the artifact at {folder}: {error}. "
            "The next run goes on with the upgrade"
        ) from error


def _has_got_manifest(folder: Path, digest: str, value_digest: ValueDigest) -> bool:
    try:
        add_manifest(folder, digest, value_digest)
    except ArtifactError:
        return False
    return True


def _value_digest(materializer: str, folder: Path) -> str | None:
    """Digest a value, unless that runs code; raises ArtifactError if it cannot be read here."""
    try:
        loaded = load_materializer(materializer, allow_pickle=True)
        return None if loaded.runs_code else loaded.digest(folder)
    except Exception as error:  # users' materializers and libraries may raise anything
        raise ArtifactError(f"the value in {folder} cannot be read") from error


# -- runs ---------------------------------------------------------------------------------------------


def _stale_runs(metadata: MetadataStore) -> list[int]:
    runs: list[Any] = metadata.client.get_contexts_by_type(schema.RUN_CONTEXT)
    return [run.id for run in runs if is_stale(metadata, run)]
