"""Facts of the kind `logger levels`: what the project's code asks about the levels of loggers.

A step that only logs asks nothing. What a step itself sets, or an earlier one of the process, does not count.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from zencache.tracking import patching
from zencache.tracking.audit_events import Recorder, recorders

if TYPE_CHECKING:
    import types
    from collections.abc import Mapping
    from pathlib import Path

    from zencache.tracking.file_digests import FileDigests
    from zencache.tracking.patching import Wrapping

KIND = "logger levels"
_BETWEEN = {__file__, patching.__file__}
_PASSES = frozenset({"isEnabledFor", "getEffectiveLevel"})  # methods of adapters, and of each other
_LEVEL = "level"
_set_by: WeakKeyDictionary[Recorder, set[str]] = WeakKeyDictionary()
"""The loggers whose levels a step set; `_DISABLED` stands for the level of all."""
_left: dict[str, int] = {}
"""The same of all steps that ran in this process, with the levels that they set."""
_DISABLED = "logging.disable"


class LoggerLevels:
    """The kind of fact; a name is a logger's and, after a colon, the level that was asked about."""

    def now(self, recorded: Mapping[str, str], root: Path, digests: FileDigests) -> Mapping[str, str]:  # noqa: ARG002 - the protocol
        """Give what each logger would answer now."""
        return {name: _answer(*_parts(name)) for name in recorded}

    def sentence(self, name: str, before: str, now: str) -> str:
        """Name the logger with both answers.

        >>> LoggerLevels().sentence("app:10", "no", "yes"), LoggerLevels().sentence("app:level", "20", "10")
        ('logger app is enabled for DEBUG: no → yes', 'level of logger app: INFO → DEBUG')
        """
        logger, level = _parts(name)
        if level == _LEVEL:
            return f"level of logger {logger}: {_shown(before)} → {_shown(now)}"
        return f"logger {logger} is enabled for {_shown(level)}: {before} → {now}"


def _parts(name: str) -> tuple[str, str]:
    logger, _, level = name.rpartition(":")
    return logger, level


def _shown(level: str) -> str:
    return str(logging.getLevelName(int(level)))


def _answer(logger: str, level: str) -> str:
    _, effective = _deciding(logger)
    if level == _LEVEL:
        return str(effective)
    return "yes" if logging.root.manager.disable < int(level) >= effective else "no"


def _deciding(name: str) -> tuple[str, int]:
    """Give the logger whose level counts for one of that name, which may not be there, and the level."""
    while name and name != "root":
        logger = logging.root.manager.loggerDict.get(name)
        if isinstance(logger, logging.Logger) and logger.level:
            return name, logger.level
        name = name.rpartition(".")[0]
    return "root", logging.root.level


def wrap(wrapping: Wrapping) -> None:
    """Have it noted what is asked, and what is set."""
    wrapping.around(logging.Logger, "isEnabledFor", _asked)
    wrapping.around(logging.Logger, "getEffectiveLevel", _asked)
    wrapping.around(logging.Logger, "setLevel", _level_set)
    wrapping.around(logging, "disable", lambda level=logging.CRITICAL: _note_set(_DISABLED, level))


def _asked(logger: logging.Logger, level: Any = _LEVEL) -> None:
    frame: types.FrameType | None = sys._getframe(2)  # noqa: SLF001 - inspect.stack() would read the source
    while frame is not None and _is_between(frame.f_code):
        frame = frame.f_back
    if frame is None or frame.f_code.co_filename == logging.__file__:
        return
    name = f"{logger.name}:{level}"
    decides = _deciding(logger.name)
    for recorder in recorders():
        if recorder.is_project(frame.f_code.co_filename) and not _is_of_step(recorder, *decides, level):
            recorder.note(KIND, name, _answer(logger.name, str(level)))


def _is_between(code: types.CodeType) -> bool:
    return code.co_filename in _BETWEEN or (code.co_filename == logging.__file__ and code.co_name in _PASSES)


def _is_of_step(recorder: Recorder, decides: str, value: int, level: Any) -> bool:
    """Say whether this step or an earlier one set what decides."""
    own = _set_by.get(recorder, set())
    disabled = logging.root.manager.disable
    is_disabled = level != _LEVEL and (_DISABLED in own or _left.get(_DISABLED) == disabled)
    return decides in own or _left.get(decides) == value or is_disabled


def _level_set(logger: logging.Logger, level: Any) -> None:
    _note_set(logger.name, level)


def _note_set(name: str, level: Any) -> None:
    for recorder in recorders():
        _set_by.setdefault(recorder, set()).add(name)
        _left[name] = level if isinstance(level, int) else logging.getLevelName(level)
