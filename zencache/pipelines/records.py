"""A project with its opened records; opened once a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zencache.imports import import_module
from zencache.installed import remember_in
from zencache.watch.digests import FileDigests

if TYPE_CHECKING:
    from pathlib import Path

    from zencache.config import Project
    from zencache.stores.metadata import MetadataStore
    from zencache.stores.runs import RunStore


@dataclass(frozen=True, eq=False)
class Records:
    """What reading and writing a project's records takes."""

    project: Project
    metadata: MetadataStore
    runs: RunStore
    digests: FileDigests


def open_others(project: Project) -> list[Records]:
    """Open the stores of a project that it is not on: its own, and those that its TFX pipelines name."""
    databases = [each for each in project.databases if each != project.database and each.is_file()]
    return [open_records(project.on(database)) for database in databases]


_opened: dict[tuple[Path, int, Path], Records] = {}


def open_records(project: Project) -> Records:
    """Open a project's records, or give those that are open; one that was made or set up anew is opened anew."""
    import_module("zencache.stores.runs")
    from zencache.stores.metadata import MetadataStore  # noqa: PLC0415 - imports ml_metadata
    from zencache.stores.runs import RunStore  # noqa: PLC0415 - imports ml_metadata

    key = (project.root, project.folder.stat().st_ino, project.database)
    if key not in _opened or _opened[key].project != project:
        remember_in(project.installed)
        metadata = MetadataStore(project)
        _opened[key] = Records(project, metadata, RunStore(metadata), FileDigests(project.digests))
    return _opened[key]
