"""Notices which modules a step looks for, which distributions it asks about, and which entry points it lists.

A finder that finds nothing is asked about each module that is not loaded yet. `importlib.metadata` also
asks it about distributions.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.tracking.audit_events import recorders, unwatched

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator, Sequence

    from zencache.tracking.patching import Wrapping

PACKAGES = "packages"
MISSING = "missing modules"
ENTRY_POINTS = "entry points"
ALL_GROUPS = "*"
_OWN = str(Path(__file__).parent)
_OURS = str(Path(__file__).parent.parent)
_BETWEEN = ("<frozen importlib", "/importlib/", "/importlib_metadata/", _OWN)
_GROUP_NAMES = ("group", "namespace")  # what plug-in libraries call the group in their own functions
_CALLERS = 8  # frames in which a group is looked for


class ImportObserver(MetaPathFinder):
    """Records what is looked for, and leaves it to the other finders."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the import system's interface
        target: types.ModuleType | None = None,  # noqa: ARG002 - likewise
    ) -> None:
        """Record the name of a module that is not loaded yet, with the file that asks for it."""
        try:
            for recorder in recorders():
                if fullname not in recorder.imports and not (file := _caller_file()).startswith(_OURS):
                    recorder.imports[fullname] = file
        except Exception:  # noqa: BLE001 - what is raised here would be raised in the step
            return

    def find_distributions(self, context: Any = None) -> Iterator[Any]:
        """Record the distribution that is asked about, or the group whose entry points are listed."""
        try:
            _note_metadata(getattr(context, "name", None))
        except Exception:  # noqa: BLE001 - as above
            return iter(())
        return iter(())


def wrap_loaded(wrapping: Wrapping) -> None:
    """Have calls recorded that ask no finder: for loaded modules, and of setuptools' older interface."""
    resources: Any = sys.modules.get("pkg_resources")
    wrapping.around(importlib, "import_module", _note_import)
    wrapping.around(resources, "iter_entry_points", lambda group, *_, **__: note_group(group))
    wrapping.around(resources, "get_distribution", _note_requirement)


def note_group(group: str) -> None:
    """Record that the entry points of a group were listed."""
    from zencache.util.distributions import entry_point_digest  # noqa: PLC0415 - few steps ask

    active = recorders()
    with unwatched():
        digest = entry_point_digest(group)
    for recorder in active:
        recorder.note(ENTRY_POINTS, group, digest)


def note_distribution(name: str) -> None:
    """Record that a distribution was asked about."""
    from zencache.util.distributions import normalized, versions  # noqa: PLC0415 - few steps ask

    active = recorders()
    with unwatched():
        version = versions().get(normalized(name), "")
    for recorder in active:
        recorder.note(PACKAGES, normalized(name), version)


def _note_import(name: str, package: str | None = None) -> None:
    if package is None and name in sys.modules:
        for recorder in recorders():
            recorder.imports.setdefault(name, "")


def _note_requirement(requirement: Any) -> None:
    if isinstance(requirement, str):
        note_distribution(requirement)


def _note_metadata(name: str | None) -> None:
    frame = _caller()
    if not (active := recorders()) or (frame is not None and frame.f_code.co_filename.startswith(_OURS)):
        return
    if name:
        note_distribution(name)
        return
    group = _group(frame)
    if group is None and frame is not None:
        file = frame.f_code.co_filename
        group = ALL_GROUPS if any(recorder.is_project(file) for recorder in active) else None
    if group is not None:
        note_group(group)


def _group(frame: types.FrameType | None) -> str | None:
    """Find the group whose entry points are asked for among the arguments of the calls."""
    asked = _metadata_arguments().get("group")
    if isinstance(asked, str):
        return asked
    for _ in range(_CALLERS):
        if frame is None:
            return None
        for name in _GROUP_NAMES:
            group = frame.f_locals.get(name)
            if isinstance(group, str):
                return group
        frame = frame.f_back
    return None


def _metadata_arguments() -> dict[str, Any]:
    """Give the arguments of the call of `importlib.metadata.entry_points` that is running."""
    frame: types.FrameType | None = sys._getframe(1)  # noqa: SLF001 - inspect.stack() would read the source
    while frame is not None and _is_between(frame):
        if frame.f_code.co_name == "entry_points":
            arguments = frame.f_locals.get("params", {})
            return arguments if isinstance(arguments, dict) else {}
        frame = frame.f_back
    return {}


def _caller() -> types.FrameType | None:
    """Give the nearest frame that is neither of the import system nor of this package."""
    frame: types.FrameType | None = sys._getframe(1)  # noqa: SLF001 - as above
    while frame is not None and _is_between(frame):
        frame = frame.f_back
    return frame


def _caller_file() -> str:
    frame = _caller()
    return "" if frame is None else frame.f_code.co_filename


def _is_between(frame: types.FrameType) -> bool:
    return any(part in frame.f_code.co_filename for part in _BETWEEN)
