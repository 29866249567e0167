"""Keeps copies of files that steps wrote, named by their content, and puts them back.

The copies are below `written` in the project's folder. Garbage collection deletes what no record refers to.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from zencache.errors import ArtifactError
from zencache.util.atomic_write import partial_beside
from zencache.util.hashing import file_digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from zencache.config import Project


def keep_copy(project: Project, path: Path, digest: str) -> bool:
    """Keep a copy of a file; False if its content is another one by now."""
    copy = project.written / digest
    if copy.exists():
        os.utime(copy)  # garbage collection goes by it
        return True
    project.written.mkdir(exist_ok=True)
    try:
        return _copied(path, copy, digest)
    except OSError:
        return False


def has_copy(projects: Iterable[Project], digest: str) -> bool:
    """Say whether one of the projects keeps a whole copy; a damaged one is deleted."""
    return _copy(projects, digest) is not None


def restore(projects: Iterable[Project], path: Path, digest: str) -> None:
    """Replace a file by its copy; raises ArtifactError if there is none.

    The file is replaced at once, so that nobody reads half of it.
    """
    copy = _copy(projects, digest)
    if copy is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    if copy is None or not _copied(copy, path, digest):
        raise ArtifactError(f"no copy of {path} is kept any more; run the pipeline again")


def _copied(source: Path, target: Path, digest: str) -> bool:
    """Copy a file with its mode, at once; False, and nothing is replaced, if it has another digest."""
    partial = partial_beside(target)
    try:
        shutil.copyfile(source, partial)
        if file_digest(partial) != digest:
            return False
        shutil.copymode(source, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return True


def _copy(projects: Iterable[Project], digest: str) -> Path | None:
    for project in projects:
        copy = project.written / digest
        if digest.isalnum() and copy.is_file():  # it comes from a record
            if file_digest(copy) == digest:
                return copy
            copy.unlink(missing_ok=True)
    return None
