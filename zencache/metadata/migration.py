"""From an older format to this one: a copy first, the numbers last, so that what was interrupted is begun again.

From 1 to 2: artifacts that are as recorded get their manifests; runs that nobody does any more are marked as failed.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from zencache.artifacts.integrity import unchecked
from zencache.artifacts.staging import add_manifest
from zencache.config import FORMAT
from zencache.errors import ArtifactError, StoreFormatError, StoreUnavailableError, ZencacheError
from zencache.materializers import load_materializer
from zencache.metadata import schema
from zencache.metadata.client import ListOptions, OrderByField, get_properties, pb
from zencache.metadata.schema_version import put_format, read_stamp
from zencache.metadata.sqlite_backup import back_up
from zencache.metadata.stale_runs import bury, is_dead
from zencache.util.locks import close_locked, open_locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from zencache.config import Project
    from zencache.metadata.store import MetadataStore


@dataclass(frozen=True)
class Upgraded:
    """What was done to a store, or would be."""

    since: int
    """The format that it had."""
    manifests: int = 0
    """Artifacts that have a manifest now."""
    left: int = 0
    """Artifacts that are not as recorded, and have none."""
    ended: int = 0
    """Runs that were marked as failed, as nobody does them any more."""


def outlook(metadata: MetadataStore) -> Upgraded | None:
    """Say what an upgrade would do at most, without reading what artifacts hold; None where there is nothing to do."""
    metadata.check_format()
    if metadata.format == FORMAT:
        return None
    return Upgraded(metadata.format, len(list(_without_manifest(metadata))), 0, len(_lost_runs(metadata)))


def upgrade(
    metadata: MetadataStore, *, says: Callable[[str], None], without_backup: bool = False
) -> Upgraded | None:
    """Bring a store to this format, if it is of an older one; one process does so, and others wait.

    Raises StoreFormatError for a server of which nobody says that there is a backup, and StoreUnavailableError where
    something cannot be written. What was done until then stays, and is as good for an older zencache.
    """
    with one_upgrade(metadata.project, says):
        metadata.check_format()
        if metadata.format == FORMAT:
            return None
        since, backup = metadata.format, None
        if not metadata.project.database.is_server:
            backup = _backed_up(metadata)
        elif not without_backup:
            raise StoreFormatError(
                f"the records in {metadata.project.database} are of format {since}, and no copy of a server's database can "
                "be made from here; back it up, then run `zencache migrate --yes`"
            )
        says(
            f"Upgrading the store {metadata.project.database} to format {FORMAT} (backup: {backup or 'none'})."
        )
        manifests, left = _write_manifests(metadata)
        lost = _lost_runs(metadata)
        bury(metadata, lost)
        with metadata.lock:
            put_format(metadata.client, metadata.context_types[schema.STORE_CONTEXT], FORMAT)
        metadata.check_format()
    return Upgraded(since, manifests, left, len(lost))


@contextmanager
def one_upgrade(project: Project, says: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other process of this machine upgrades the store; the lock of its writers stays free."""
    path = project.lock.with_name(f"{project.lock.name}.upgrade")
    try:
        file = open_locked(path, wait=False)
        if file is None:
            says("Waiting for another process, which upgrades the store.")
            file = open_locked(path)
    except OSError as error:
        raise StoreUnavailableError(
            f"cannot write in {path.parent}, which is of an older format: {error}. Make it writable, and it is upgraded"
        ) from error
    assert file is not None
    try:
        yield
    finally:
        close_locked(file)


# -- the copy -----------------------------------------------------------------------------------------


def _backed_up(metadata: MetadataStore) -> Path:
    """Copy the records and the settings as they were; what was interrupted has its copy already."""
    stamp = read_stamp(metadata.client)
    told = get_properties(stamp.custom_properties).get(schema.BACKUP, "") if stamp else ""
    if told and (made := metadata.project.backups / told).is_file():
        return made
    source = metadata.project.database.path
    assert source is not None
    made = _new_name(metadata.project.backups, source.stem, metadata.format)
    back_up(source, made, metadata.project.folder / "config.toml")
    put_format(metadata.client, metadata.context_types[schema.STORE_CONTEXT], metadata.format, made.name)
    return made


def _new_name(folder: Path, stem: str, number: int) -> Path:
    now = datetime.now(timezone.utc)
    free = (folder / f"{stem}-format-{number}-{now:%Y-%m-%dT%H-%M-%S}{end}.db" for end in _ends())
    return next(path for path in free if not path.exists())


def _ends() -> Iterator[str]:
    yield ""
    while True:
        yield f"-{os.urandom(2).hex()}"


# -- artifacts ----------------------------------------------------------------------------------------


def _write_manifests(metadata: MetadataStore) -> tuple[int, int]:
    """Give artifacts their manifests; tell how many got one, and how many are not as they were recorded."""
    found = [_has_got_manifest(*each) for each in _without_manifest(metadata)]
    return sum(found), len(found) - sum(found)


def _without_manifest(metadata: MetadataStore) -> Iterator[tuple[Path, str, str]]:
    """Give the live artifacts of ours that have no manifest: the folder, the digest and the materializer of each."""
    in_order = ListOptions(order_by=OrderByField.ID)
    for artifact in metadata.client.get_artifacts(list_options=in_order):
        told = get_properties(artifact.custom_properties)
        materializer = told.get(schema.MATERIALIZER)
        if artifact.state != pb.Artifact.LIVE or not materializer:
            continue
        folder = metadata.artifacts.folder_without_manifest(artifact.uri)
        if folder is not None:
            yield folder, told.get(schema.DIGEST, ""), materializer


def _has_got_manifest(folder: Path, digest: str, materializer: str) -> bool:
    """Write an artifact's manifest if it is as it was recorded: by its bytes, or else by its value."""
    try:
        add_manifest(folder, digest)
    except ArtifactError:
        return _has_got_manifest_of_value(folder, digest, materializer)
    except (PermissionError, FileNotFoundError, NotADirectoryError):  # another user's, gone, or no folder
        return False
    except OSError as error:
        raise StoreUnavailableError(
            f"cannot write the manifest of the artifact at {folder}: {error}. The next run goes on with the upgrade"
        ) from error
    return True


def _has_got_manifest_of_value(folder: Path, digest: str, materializer: str) -> bool:
    try:
        loaded = load_materializer(materializer, allow_pickle=True)
        add_manifest(folder, digest, unchecked if loaded.runs_code else loaded.digest)
    except (ZencacheError, ImportError, AttributeError):  # it has changed, or nobody can tell
        return False
    return True


# -- runs ---------------------------------------------------------------------------------------------


def _lost_runs(metadata: MetadataStore) -> list[int]:
    runs: list[Any] = metadata.client.get_contexts_by_type(schema.RUN_CONTEXT)
    return [run.id for run in runs if is_dead(metadata, run)]
