"""A project with its opened records; opened once a process."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zencache.errors import ZencacheError
from zencache.tracking.file_digests import FileDigests
from zencache.util.distributions import remember_in
from zencache.util.imports import PausedCollection

if TYPE_CHECKING:
    from pathlib import Path

    from zencache.config import Project
    from zencache.metadata.runs import RunStore
    from zencache.metadata.store import MetadataStore
    from zencache.model.database import Database


@dataclass(frozen=True, eq=False)
class Records:
    """What reading and writing a project's records takes."""

    project: Project
    metadata: MetadataStore
    runs: RunStore
    digests: FileDigests


def open_others(project: Project) -> list[Records]:
    """Open the stores of a project that it is not on: its own, and those that its TFX pipelines name."""
    others = (each for each in project.databases if each != project.database)
    there = [each for each in others if each.is_there()]
    return [found for database in there if (found := _opened_other(project.on(database)))]


def _opened_other(project: Project) -> Records | None:
    """Open a store that only helps; one that cannot be read is left out, and told of once."""
    try:
        records = open_records(project)
        _ = records.metadata.context_types
    except ZencacheError as error:
        if project.database not in _unreadable:
            _unreadable.add(project.database)
            print(f"Note: a store of this project is left out: {error}.", file=sys.stderr)  # noqa: T201 - beside the run's lines
        return None
    return records


_unreadable: set[Database] = set()


_opened: dict[tuple[Path, int, Database], Records] = {}


def open_records(project: Project) -> Records:
    """Open a project's records, or give those that are open; one that was made or set up anew is opened anew."""
    with PausedCollection():
        from zencache.metadata.runs import RunStore  # noqa: PLC0415 - imports ml_metadata
        from zencache.metadata.store import MetadataStore  # noqa: PLC0415 - imports ml_metadata

    key = (project.root, project.folder.stat().st_ino, project.database)
    inode = _inodes.setdefault(key, None) or _inode(project.database)
    if key not in _opened or _opened[key].project != project or inode != _inode(project.database):
        remember_in(project.installed)
        metadata = MetadataStore(project)
        if _inode(project.database) is None:
            _ = metadata.context_types  # makes the file
        metadata.check_format()
        _opened[key] = Records(project, metadata, RunStore(metadata), FileDigests(project.digests))
    _inodes[key] = _inode(project.database)
    return _opened[key]


_inodes: dict[tuple[Path, int, Database], int | None] = {}
"""The database that is open, once it is there: another one may lie in its place by now."""


def _inode(database: Database) -> int | None:
    """Give the number of a database's file; None of one that is not there, or is none."""
    try:
        return database.path.stat().st_ino if database.path else None
    except OSError:
        return None
