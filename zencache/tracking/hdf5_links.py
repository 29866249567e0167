"""Finds the files that an HDF5 file leads to: by external links, virtual datasets and external storage."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from zencache.tracking.audit_events import recorders, unwatched

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 10_000  # objects of a file that are looked at
_MOST_FILES = 1_000  # files whose links are remembered
_RACY = 2 * 10**9  # nanoseconds in which a file may change again and keep its times
_UNSEEN = (
    "step {step} opens {path}, in which not all links were looked at ({reason}): what they lead to counts "
    "where CachePolicy(files=…) names it"
)


class _Links(NamedTuple):
    """The files that a file leads to by its own links."""

    files: tuple[str, ...]
    unseen: str = ""
    """Why there may be more."""


_remembered: dict[str, tuple[tuple[int, ...], _Links]] = {}
"""Path to the file's stamp and its links."""


def linked_files(path: str) -> list[str]:
    """Give the files that a file leads to, and those that these lead to."""
    watched = recorders()
    start = os.path.abspath(path)  # noqa: PTH100 - text
    queue, files = [start], dict.fromkeys([start])
    with unwatched():
        while queue:
            place = queue.pop()
            links = _links_of(place)
            for recorder in watched if links.unseen else ():
                recorder.remarks[_UNSEEN.format(step=recorder.step, path=place, reason=links.unseen)] = None
            for file in links.files:
                if file not in files:
                    files[file] = None
                    queue.append(file)
    return list(files)[1:]


def _links_of(path: str) -> _Links:
    """Give a file's links, remembered as long as the file stays the same."""
    try:
        stamp = _stamp(path)
    except OSError:
        return _Links(())
    entry = _remembered.get(path)
    if entry is not None and entry[0] == stamp:
        return entry[1]
    began = time.time_ns()
    links = _read(path)
    try:
        is_settled = _stamp(path) == stamp and began - max(stamp[1:3]) >= _RACY
    except OSError:
        is_settled = False
    if is_settled:
        if len(_remembered) >= _MOST_FILES:
            _remembered.clear()
        _remembered[path] = stamp, links
    return links


def _stamp(path: str) -> tuple[int, ...]:
    status = os.stat(path)  # noqa: PTH116 - text
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _read(path: str) -> _Links:
    h5py: Any = sys.modules["h5py"]  # a step opens a file by it
    names: dict[str, None] = {}
    unseen = ""
    try:
        with h5py.File(path, "r") as file:
            for name in _names_in(file, h5py):
                if name is None:
                    unseen = f"it has more than {_MOST:,} objects"
                else:
                    names[name] = None
    except OSError:  # the step itself gets it
        return _Links(())
    except Exception as error:  # noqa: BLE001 - a library's object may do anything
        unseen = type(error).__name__
    folder = os.path.dirname(path)  # noqa: PTH120 - text
    files = [os.path.normpath(os.path.join(folder, name)) for name in names if name != "."]  # noqa: PTH118
    return _Links(tuple(files), unseen)


def _names_in(file: Any, h5py: Any) -> Iterator[str | None]:
    """Give the names of files in links, as they are written; None if not all objects are looked at."""
    queue: list[Any] = [file]
    visited: set[int] = set()
    while queue:
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
            if len(visited) >= _MOST:
                yield None
                return
            visited.add(address)
            if isinstance(child, h5py.Group):
                queue.append(child)
            elif isinstance(child, h5py.Dataset):
                sources = child.virtual_sources() if child.is_virtual else ()
                yield from (source.file_name for source in sources)
                yield from (storage[0] for storage in child.external or ())
