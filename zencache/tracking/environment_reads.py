"""Notices which environment variables the project's own code reads, itself or by a library that acts for it.

What a library reads for itself (`OMP_NUM_THREADS`, a proxy) does not count.
"""

from __future__ import annotations

import _collections_abc
import linecache
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.tracking.audit_events import recorders, unwatched

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator

_BETWEEN = {os.__file__, _collections_abc.__file__, os.getenv.__code__.co_filename, __file__}
_BETWEEN |= {os.environ.get.__code__.co_filename}  # frozen modules have another name than their file

_ACTING = frozenset(
    {"argparse", "collections", "configparser", "copy", "getpass", "pathlib", "posixpath", "string"}
    | {"click", "typer", "configargparse", "hydra", "omegaconf", "dynaconf", "starlette"}
    | {"pydantic", "pydantic_settings", "decouple", "environs", "environ", "dotenv", "everett", "prettyconf"}
)
"""Modules that read variables by names, or for fields, that their caller chose."""
_OF_TERMINALS = ("_", "TERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS")
_OURS = str(Path(__file__).parent.parent)


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
    for mapping in (os.environ, getattr(os, "environb", None)):
        if type(mapping) is os._Environ:  # noqa: SLF001
            mapping.__class__ = _Recording


def uninstall() -> None:
    """Make `os.environ` what it was."""
    for mapping in (os.environ, getattr(os, "environb", None)):
        if type(mapping) is _Recording:
            mapping.__class__ = os._Environ  # type: ignore[assignment]  # noqa: SLF001
    _reading_all.clear()


def _caller() -> types.FrameType | None:
    """Give the nearest frame that is not of the mapping's own code."""
    frame: types.FrameType | None = sys._getframe(2)  # noqa: SLF001 - inspect.stack() would read the source
    while frame is not None and frame.f_code.co_filename in _BETWEEN:
        frame = frame.f_back
    return frame


def _acted_for(frame: types.FrameType, key: str) -> types.FrameType:
    """Give the frame that a read is made for: the caller of libraries that act for their caller."""
    caller: types.FrameType | None = frame
    while caller is not None and _top(caller) in _ACTING and caller.f_code.co_name != "<module>":
        caller = caller.f_back
    is_own = key.startswith(_OF_TERMINALS) and _top(frame) not in sys.stdlib_module_names
    return frame if caller is None or is_own else caller


def _top(frame: types.FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _named_by_project(frame: types.FrameType | None, key: str, is_project: Callable[[str], bool]) -> bool:
    """Say whether a library was called by code of the project whose file has a variable's name as a text."""
    if key.startswith(_OF_TERMINALS):
        return False
    while frame is not None and not frame.f_code.co_filename.startswith(_OURS):
        file = frame.f_code.co_filename
        if is_project(file) and any(f"{quote}{key}{quote}" in _text(file) for quote in "'\""):
            return True
        frame = frame.f_back
    return False


def _text(file: str) -> str:
    if file.startswith("<"):  # a notebook's cell
        return "".join(linecache.getlines(file))
    try:
        with unwatched():
            status = os.stat(file)  # noqa: PTH116 - text
            return _text_at(file, status.st_mtime_ns, status.st_size)
    except OSError:
        return ""


@lru_cache(maxsize=256)
def _text_at(file: str, mtime_ns: int, size: int) -> str:  # noqa: ARG001 - while the file stays the same
    return Path(file).read_text("utf-8", "replace")


def _read(key: Any, value: Any) -> None:
    try:
        frame = _caller()
        if frame is None or (frame.f_code, frame.f_lasti) in _reading_all:
            return
        name = os.fsdecode(key)
        caller = _acted_for(frame, name)
        for recorder in recorders():
            if name not in recorder.assigned and (
                recorder.is_project(caller.f_code.co_filename)
                or _named_by_project(caller, name, recorder.is_project)
            ):
                recorder.environment.setdefault(name, None if value is None else os.fsdecode(value))
    except Exception:  # noqa: BLE001 - what is raised here would be raised in the step
        return


def _read_all() -> None:
    try:
        frame = _caller()
        if frame is None:
            return
        caller = _acted_for(frame, "")
        for recorder in recorders():
            if recorder.is_project(caller.f_code.co_filename):
                recorder.whole_environment = True
                _reading_all.add((frame.f_code, frame.f_lasti))
    except Exception:  # noqa: BLE001 - what is raised here would be raised in the step
        return


def _assigned(key: Any) -> None:
    for recorder in recorders():
        recorder.assigned.add(os.fsdecode(key))
