"""Records the audit events of listed folders, matched patterns, and source files that are read as text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.tracking import listings
from zencache.tracking.audit_events import absolute, called_by, caller, recorders
from zencache.tracking.callers import caller_of, reads_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from zencache.tracking.audit_events import Opened, Recorder

# Lists folders to import from them, not to read them.
_IMPORTERS = ("<frozen importlib", "/importlib/", "/importlib_metadata/", "/pkg_resources/", "/pkgutil.py")
_WITH_FOLDER = 4  # arguments of the event of `glob.glob`


def _listed(recorder: Recorder, args: Opened, *, with_entries: bool = False) -> None:
    frame = caller()
    if called_by(_IMPORTERS, deep=1) or frame is None:
        return
    asked = listings.asked_of(frame, with_entries=with_entries)
    if asked is None:
        return
    path = "." if args[0] is None else args[0]
    folder = absolute(path, recorder.folder())
    before = recorder.listed.get(folder, "")
    recorder.listed[folder] = max(before, asked) if Path(folder).is_dir() else before
    relative = None if isinstance(path, int) else recorder.relative(path, recorder.folder())
    if relative is not None:
        recorder.relative_listed.setdefault(folder, relative)


def _scanned(recorder: Recorder, args: Opened) -> None:
    _listed(recorder, args, with_entries=True)


def _globbed(recorder: Recorder, args: Opened) -> None:
    frame = caller()
    how = listings.glob_of(frame, args)
    if how is not None and caller_of(frame, recorder.is_project)[0] is not None:
        name, pattern = how
        root_dir, dir_fd = args[2:4] if len(args) == _WITH_FOLDER else (None, None)
        if root_dir is not None:
            pattern = os.path.join(os.fsdecode(root_dir), pattern)  # noqa: PTH118 - a pattern
        if dir_fd is not None:
            pattern = os.path.join(absolute(dir_fd, "/"), pattern)  # noqa: PTH118 - a pattern
        listings.matched(recorder, pattern, name)


def note_text(path: str) -> None:
    """Note a source file that the project's own code reads as text."""
    frame = caller()
    for recorder in recorders():
        if reads_source(frame, recorder.is_project):
            recorder.texts.add(absolute(path, recorder.folder()))


EVENTS: dict[str, Callable[[Recorder, Opened], None]] = {
    "os.listdir": _listed,
    "os.scandir": _scanned,
    **dict.fromkeys(("glob.glob/2", "pathlib.Path.glob", "pathlib.Path.rglob"), _globbed),
}
