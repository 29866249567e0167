"""The identity of a store, in its records and beside the project's artifacts: lost records are noticed.

::

    .zencache/artifacts/.zencache-stores.json    {"metadata.db": "<32 hex>", "<another database>": "…"}

The id follows from when the store's context was made, and under which number, so older stores have one too.
Records that are empty, missing or another store's do not have the id that lies beside the artifacts: then
nothing may be written.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.metadata.schema_version import read_stamp
from zencache.util.atomic_write import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from zencache.config import Project
    from zencache.metadata.client import MetadataClient

MARKER = ".zencache-stores.json"


def recorded_beside(project: Project) -> str:
    """Read the id that lies beside the artifacts for the project's database; empty without one."""
    return _read(_marker(project)).get(_name(project), "")


def check_identity(client: MetadataClient, project: Project, stamp: Any | None) -> str | None:
    """Compare a store's id with the one beside the artifacts; say what to do if they differ.

    Artifacts that have none beside them get it, as far as their folder can be written.
    """
    in_records = _id_of(stamp)
    beside = recorded_beside(project)
    if beside and beside != in_records:
        what = "are of another store" if in_records else "were lost: they hold nothing of it"
        return (
            f"the records in {project.database} {what}, though artifacts of this project's store "
            f"lie in {project.own_artifacts}. Nothing is written or deleted. Put the records back "
            "from a backup (`zencache store restore FILE`), or go on with these records "
            "(`zencache store adopt`)"
        )
    if in_records and not beside and not client.is_read_only:
        mark_identity(client, project)
    return None


def mark_identity(client: MetadataClient, project: Project) -> str:
    """Write a store's id beside the artifacts, and return it."""
    store_id = _id_of(read_stamp(client))
    marker = _marker(project)
    with suppress(OSError):  # a folder that only others write; the next open tries again
        if marker.parent.is_dir():
            for leftover in marker.parent.glob(f"{marker.stem}.*.partial"):  # of a process that was killed
                leftover.unlink(missing_ok=True)
            names = _read(marker) | {_name(project): store_id}
            write_whole(marker, json.dumps(names, sort_keys=True).encode())
    return store_id


def _id_of(stamp: Any | None) -> str:
    """Give the id that follows from a store's context; empty without one."""
    if stamp is None:
        return ""
    return blake3(f"store/1 {stamp.id} {stamp.create_time_since_epoch}".encode()).hexdigest()[:32]


def _marker(project: Project) -> Path:
    return project.own_artifacts / MARKER


def _read(marker: Path) -> dict[str, str]:
    try:
        names = json.loads(marker.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(names, dict):
        return {}
    return {key: value for key, value in names.items() if isinstance(value, str)}


def _name(project: Project) -> str:
    """Name a database: a file by its path from the project, which may move."""
    path = project.database.path
    return str(project.database) if path is None else os.path.relpath(path, project.folder)
