"""Finds the files that an HDF5 file leads to: by external links, virtual datasets and external storage."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from zencache.tracking.audit_events import unwatched

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 10_000  # objects of a file that are looked at


def linked_files(path: str) -> list[str]:
    """Give the files that a file leads to, and those that these lead to."""
    queue, files = [path], dict.fromkeys([os.path.abspath(path)])  # noqa: PTH100 - text
    with unwatched():
        while queue:
            for file in _links_of(queue.pop()):
                if file not in files:
                    files[file] = None
                    queue.append(file)
    return list(files)[1:]


def _links_of(path: str) -> list[str]:
    h5py: Any = sys.modules["h5py"]  # a step opens a file by it
    folder = os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120 - text
    try:
        with h5py.File(path, "r") as file:
            names = list(_names_in(file, h5py))
    except OSError:
        return []
    return [os.path.normpath(os.path.join(folder, name)) for name in names if name != "."]  # noqa: PTH118


def _names_in(file: Any, h5py: Any) -> Iterator[str]:
    queue: list[Any] = [file]
    visited: set[int] = set()
    while queue and len(visited) < _MOST:
        group = queue.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                yield os.fsdecode(link.filename)
                continue
            if not isinstance(link, h5py.HardLink):
                continue
            child = group[name]
            address = h5py.h5o.get_info(child.id).addr
            if address in visited:
                continue
            visited.add(address)
            if isinstance(child, h5py.Group):
                queue.append(child)
            elif isinstance(child, h5py.Dataset):
                sources = child.virtual_sources() if child.is_virtual else ()
                yield from (source.file_name for source in sources)
                yield from (storage[0] for storage in child.external or ())
