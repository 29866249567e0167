"""Opens the stores of a project, each once in a process."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zencache.errors import ZencacheError
from zencache.tracking.file_digests import FileDigests
from zencache.util.distributions import remember_in
from zencache.util.imports import ImportedWhenUsed, PausedCollection

if TYPE_CHECKING:
    from pathlib import Path

    from zencache.config import Project
    from zencache.metadata.publish import ResultStore
    from zencache.metadata.runs import RunStore
    from zencache.metadata.store import MetadataStore
    from zencache.metadata.versions import VersionStore
    from zencache.model.database import Database


@dataclass(frozen=True, eq=False)
class ProjectRecords:
    """The open records of a project in one database."""

    project: Project
    metadata: MetadataStore
    """Contexts, executions and artifacts."""
    versions: VersionStore
    runs: RunStore
    results: ResultStore
    digests: FileDigests


@dataclass
class _OpenRecords:
    """Records that this process has open."""

    records: ProjectRecords
    inode: int | None
    """Of the database's file when it was last seen: another file may have taken its place since."""

    def is_current(self, project: Project) -> bool:
        """Return whether they are of this project's settings, and of the file that is there now."""
        is_same_file = self.inode is None or self.inode == _inode(project.database)
        return self.records.project == project and is_same_file


_open_records: dict[tuple[Path, int, Database], _OpenRecords] = {}
"""By the project's root, the inode of its folder, and the database."""
_reported: set[Database] = set()
"""Databases that cannot be read, and of which the user has been told."""


def open_records(project: Project) -> ProjectRecords:
    """Return a project's records; they are opened once, and again if settings or files were replaced."""
    key = (project.root, project.folder.stat().st_ino, project.database)
    entry = _open_records.get(key)
    if entry is None or not entry.is_current(project):
        entry = _open_records[key] = _OpenRecords(_open(project), None)
    entry.inode = _inode(project.database)
    return entry.records


def _open(project: Project) -> ProjectRecords:
    # These import ml_metadata, which imports gRPC: half of its time, and only a gRPC server needs it.
    with PausedCollection(), ImportedWhenUsed("grpc"):
        from zencache.metadata.publish import ResultStore  # noqa: PLC0415 - likewise
        from zencache.metadata.runs import RunStore  # noqa: PLC0415 - likewise
        from zencache.metadata.store import MetadataStore  # noqa: PLC0415 - likewise
        from zencache.metadata.versions import VersionStore  # noqa: PLC0415 - likewise

    remember_in(project.installed)
    project.remember_own_database()
    metadata = MetadataStore(project)
    if _inode(project.database) is None:
        _ = metadata.contexts.types  # creates the file
    metadata.check_format()
    versions = VersionStore(metadata)
    runs, results = RunStore(metadata, versions), ResultStore(metadata, versions)
    return ProjectRecords(project, metadata, versions, runs, results, FileDigests(project.digests))


def _inode(database: Database) -> int | None:
    """Return the inode of a database's file; None if there is none."""
    try:
        return database.path.stat().st_ino if database.path else None
    except OSError:
        return None


def open_others(project: Project) -> list[ProjectRecords]:
    """Open the project's other stores: its own, and those that its TFX pipelines name.

    A store that cannot be read is left out, and reported once.
    """
    others = [each for each in project.databases if each != project.database and each.is_there()]
    opened = (_open_other(project.on(database)) for database in others)
    return [records for records in opened if records is not None]


def _open_other(project: Project) -> ProjectRecords | None:
    try:
        records = open_records(project)
        _ = records.metadata.contexts.types
    except ZencacheError as error:
        if project.database not in _reported:
            _reported.add(project.database)
            note = f"Note: a store of this project is left out: {error}."
            print(note, file=sys.stderr)  # noqa: T201 - beside the run's lines
        return None
    return records
