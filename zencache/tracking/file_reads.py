"""Sorts what a step opened: input files, imported modules, and files that changed meanwhile."""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
import sysconfig
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.tracking.audit_events import absolute, last_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zencache.tracking.audit_events import Recorder

_SYSTEM = (
    *("/proc", "/sys", "/dev", "/usr", "/etc", "/bin", "/sbin", "/run", "/var/run"),
    *("/lib", "/lib32", "/lib64", "/libx32"),
)
_INSTALLED = ("/site-packages/", "/dist-packages/", "/__pycache__/")


@dataclass(frozen=True)
class Places:
    """Which folders hold inputs, and which do not; of several that hold a file, the innermost decides."""

    root: str
    counted: Mapping[str, str]
    """Folder to "yes", "no", "found" (only what exists), or "older" (only what is older than the step)."""

    @classmethod
    def of(cls, root: Path, ignore: Sequence[Path], working: Iterable[str]) -> Places:
        """Make the rules for a project, what to ignore in it, and the folders a step worked in."""
        counted = dict(_elsewhere())
        counted |= dict.fromkeys(working, "yes")
        counted |= {str(root): "yes", str(root.resolve()): "yes"}
        counted |= {os.path.normpath(root / folder): "no" for folder in ignore}
        counted["/"] = "found"
        return cls(str(root), counted)

    def rule(self, path: str) -> str:
        """Say whether a file counts: the rule of the innermost folder."""
        if any(part in path for part in _INSTALLED):
            return "no"
        return next(self.counted[folder] for folder in _upward(path) if folder in self.counted)

    def name(self, path: str) -> str:
        """Give a path as it is kept: relative to the project if it is in there."""
        return path[len(self.root) + 1 :] if path.startswith(f"{self.root}/") else path


@lru_cache(maxsize=1)
def _elsewhere() -> tuple[tuple[str, str], ...]:
    """Give the rules that hold in every project: no file of Python or of the system is an input."""
    python = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    closed = {*python, *map(os.path.realpath, python)} - {"/"}
    temporary = tempfile.gettempdir()
    rules = {
        **dict.fromkeys((*_SYSTEM, *closed), "no"),
        temporary: "older",
        os.path.realpath(temporary): "older",
    }
    return tuple(rules.items())


def _upward(path: str) -> Iterator[str]:
    """Give a path and the folders that it is in, innermost first."""
    while len(path) > 1:
        yield path
        path = path.rpartition("/")[0]
    yield "/"


@dataclass
class Reads:
    """What a step read; paths are absolute."""

    files: dict[str, None] = field(default_factory=dict)
    absent: dict[str, None] = field(default_factory=dict)
    """Files that it tried to open, and which are not there."""
    unstable: dict[str, None] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    """File that was written or removed, to all flags that it was opened with for that."""
    modules: set[str] = field(default_factory=set)


def reads(recorder: Recorder, places: Places) -> Reads:
    """Sort out what a step opened."""
    result = Reads()
    uses = _uses(recorder, result.written)
    sources = loaded_sources() if any(path.endswith(".py") for path in uses) else frozenset()
    for path, (was_read, was_written, looked_for) in uses.items():
        if not was_read:
            continue
        source = source_of(path, sources)
        if source is not None and recorder.is_project(source):
            result.modules.add(source)
        if source is not None and path not in recorder.texts:
            continue
        if not path.endswith((".pyc", ".pyo")):
            rule = places.rule(path)
            if rule != "no":
                _sort(result, path, rule, was_written, looked_for, recorder.began)
    return result


def folders(recorder: Recorder, places: Places) -> dict[str, str]:
    """Give the folders that a step listed and did not make, sorted, with what it asked of their entries."""
    listed = ((path, asked) for path, asked in list(recorder.listed.items()) if path not in recorder.created)
    counted = ((path, asked) for path, asked in listed if places.rule(path) in {"yes", "found"})
    return dict(sorted((path, asked) for path, asked in counted if not asked or Path(path).is_dir()))


def relative_paths(recorder: Recorder) -> dict[str, str]:
    """Give what a step opened or listed by a relative path: absolute path to the path from where it began."""
    relative = recorder.relative_listed.copy()
    for folder, opened in list(recorder.segments):
        if folder in recorder.relative_folders:
            for raw, *_ in list(opened):
                with suppress(Exception):  # a path-like of the user's own may do anything
                    path = None if isinstance(raw, int) else recorder.relative(raw, folder)
                    if path is not None:
                        relative.setdefault(absolute(raw, folder), path)
    return relative


def _uses(recorder: Recorder, written: dict[str, int]) -> dict[str, tuple[bool, bool, bool]]:
    """Say for each path whether it was read before it was written, written, or looked for.

    The flags of those that were written are added to `written`.
    """
    uses: dict[str, tuple[bool, bool, bool]] = {}
    for folder, opened in list(recorder.segments):
        for raw, mode, flags in list(opened):
            if isinstance(raw, int):  # a descriptor: the file was opened by its name before
                continue
            path = _path(raw, folder)
            was_read, was_written, looked_for = uses.get(path, (False, False, False))
            writes = flags & os.O_ACCMODE == os.O_WRONLY or bool(flags & (os.O_TRUNC | os.O_EXCL))
            was_read = was_read or not (writes or was_written)
            if writes:
                written[path] = written.get(path, 0) | flags
            # os.open() may have been given a folder by its descriptor, which the event does not show.
            uses[path] = (was_read, was_written or writes, looked_for or (mode is not None and not writes))
    return uses


def _path(raw: Any, folder: str) -> str:
    try:
        return absolute(raw, folder)
    except Exception:  # noqa: BLE001 - a path-like of the user's own may do anything
        return os.devnull


def _sort(result: Reads, path: str, rule: str, was_written: bool, looked_for: bool, began: int) -> None:
    try:
        status = os.stat(path)  # noqa: PTH116 - of thousands of files
    except (OSError, ValueError):
        if was_written:
            result.unstable[path] = None
        elif looked_for and rule in {"yes", "found"}:
            result.absent[path] = None
        return
    if not stat.S_ISREG(status.st_mode):
        return
    touched = last_change(status)
    # Temporary files come and go; an empty file that was made meanwhile, such as a lock, tells nothing.
    if (rule == "older" and touched > began) or (not status.st_size and touched >= began):
        return
    if was_written or touched > began:
        result.unstable[path] = None
    else:
        result.files[path] = None


def source_of(path: str, sources: frozenset[str]) -> str | None:
    """Give the source file of a module that was imported, or None for a file that is none."""
    if path.endswith(".pyc") and "/__pycache__/" in path:
        try:
            return importlib.util.source_from_cache(path)
        except (ValueError, NotImplementedError):
            return None
    return path if path in sources else None


def loaded_sources() -> frozenset[str]:
    """Give the source files of all modules that are loaded."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return frozenset(os.path.normpath(file) for file in files if isinstance(file, str))
