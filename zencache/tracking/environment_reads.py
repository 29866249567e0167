"""Notices which environment variables the project's own code reads."""

from __future__ import annotations

import _collections_abc
import os
import sys
from typing import TYPE_CHECKING, Any

from zencache.tracking.audit_events import recorders

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator

_BETWEEN = {os.__file__, _collections_abc.__file__, os.getenv.__code__.co_filename, __file__}
_BETWEEN |= {os.environ.get.__code__.co_filename}  # frozen modules have another name than their file


class _Recording(os._Environ):  # type: ignore[type-arg]  # noqa: SLF001 - what os.environ is while a step is watched
    def __getitem__(self, key: Any) -> Any:
        try:
            value = super().__getitem__(key)
        except KeyError:
            _read(key, None)
            raise
        _read(key, value)
        return value

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        _assigned(key)

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        _assigned(key)

    def __iter__(self) -> Iterator[Any]:
        _read_all()
        return super().__iter__()


# Where a frame reads all variables, it goes on to read each: that is one reading, not hundreds.
_reading_all: set[tuple[types.CodeType, int]] = set()


def install() -> None:
    """Begin to record."""
    if type(os.environ) is os._Environ:  # noqa: SLF001
        os.environ.__class__ = _Recording


def uninstall() -> None:
    """Make `os.environ` what it was."""
    if type(os.environ) is _Recording:
        os.environ.__class__ = os._Environ  # type: ignore[assignment]  # noqa: SLF001
    _reading_all.clear()


def _caller() -> types.FrameType | None:
    """Give the nearest frame that is not of the mapping's own code."""
    frame: types.FrameType | None = sys._getframe(2)  # noqa: SLF001 - inspect.stack() would read the source
    while frame is not None and frame.f_code.co_filename in _BETWEEN:
        frame = frame.f_back
    return frame


def _read(key: Any, value: str | None) -> None:
    try:
        frame = _caller()
        if frame is None or (frame.f_code, frame.f_lasti) in _reading_all:
            return
        for recorder in recorders():
            if key not in recorder.assigned and recorder.is_project(frame.f_code.co_filename):
                recorder.environment.setdefault(str(key), value)
    except Exception:  # noqa: BLE001 - what is raised here would be raised in the step
        return


def _read_all() -> None:
    try:
        frame = _caller()
        if frame is None:
            return
        for recorder in recorders():
            if recorder.is_project(frame.f_code.co_filename):
                recorder.whole_environment = True
                _reading_all.add((frame.f_code, frame.f_lasti))
    except Exception:  # noqa: BLE001 - what is raised here would be raised in the step
        return


def _assigned(key: Any) -> None:
    for recorder in recorders():
        recorder.assigned.add(str(key))
