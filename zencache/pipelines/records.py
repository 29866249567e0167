"""A project with its opened records; opened once a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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


_opened: dict[tuple[Path, int], Records] = {}


def open_records(project: Project) -> Records:
    """Open a project's records, or give those that are open; a project that was made anew is opened anew."""
    from zencache.stores.metadata import MetadataStore  # noqa: PLC0415 - imports ml_metadata
    from zencache.stores.runs import RunStore  # noqa: PLC0415 - imports ml_metadata

    key = (project.root, project.folder.stat().st_ino)
    known = _opened.get(key)
    if known is None or known.project != project:
        metadata = known.metadata if known else MetadataStore(project)
        _opened[key] = known = Records(project, metadata, known.runs if known else RunStore(metadata))
    return known
