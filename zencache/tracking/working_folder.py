"""Notices that the project's code asks for the working folder, itself or by making a path absolute."""

from __future__ import annotations

import os
import pathlib
import posixpath
import sys
from typing import TYPE_CHECKING, Any

from zencache.tracking.audit_events import recorders

if TYPE_CHECKING:
    import types

    from zencache.tracking.patching import Wrapping

_BETWEEN = {os.__file__, posixpath.__file__, pathlib.__file__, __file__, os.path.abspath.__code__.co_filename}
_PATH_METHODS: tuple[Any, ...] = (pathlib.Path.absolute, pathlib.Path.cwd)
_BETWEEN |= {method.__code__.co_filename for method in _PATH_METHODS}  # on Python 3.13 other files
ASKERS = frozenset(f"{module}.{name}" for module in ("os", "posix") for name in ("getcwd", "getcwdb"))
"""Names by which code reaches the functions that it may have taken by `from os import getcwd`."""


def wrap_askers(wrapping: Wrapping) -> None:
    """Have it noted when the working folder is asked for."""
    for name in ("getcwd", "getcwdb"):
        wrapping.around(os, name, _asked)
    # Python 3.10 keeps the function in a class.
    wrapping.around_static(getattr(pathlib, "_NormalAccessor", None), "getcwd", _asked)


def _asked(*_: Any) -> None:
    frame: types.FrameType | None = sys._getframe(2)  # noqa: SLF001 - inspect.stack() would read the source
    while frame is not None and frame.f_code.co_filename in _BETWEEN:
        frame = frame.f_back
    if frame is not None:
        for recorder in recorders():
            if recorder.is_project(frame.f_code.co_filename):
                recorder.asked_folder = True
