"""Records what a step asks about paths: whether they are there, of what kind, their sizes, times and links.

`os.stat`, `os.access` and `os.readlink` raise no audit event, so they are replaced while a step runs. A path
is recorded once for each place in the code that asks, and each way it asks; the first answer counts.
"""

from __future__ import annotations

import os
import pathlib
import stat
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from opcode import opmap
from typing import TYPE_CHECKING, Any

from zencache.tracking import audit_events, read_owners
from zencache.tracking.callers import caller_of, reads_source
from zencache.tracking.stand_ins import stand_in

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

    from zencache.tracking.audit_events import Recorder
    from zencache.tracking.patching import Wrapping

PATHS, ENTRIES, LINKS, STATUS, ACCESS = "paths", "path entries", "links", "file status", "file access"
"""Kinds of facts; `path entries` are of what a path itself names, without following a link."""

_COUNTED = {
    **{
        name: name
        for name in (
            "st_size",
            "st_mtime_ns",
            "st_ctime_ns",
            "st_mode",
            "st_nlink",
            "st_uid",
            "st_gid",
            "st_ino",
        )
    },
    "st_mtime": "st_mtime_ns",
    "st_ctime": "st_ctime_ns",
    "st_blocks": "st_size",
}
_HELPERS = ("genericpath", "posixpath", "ntpath", "pathlib", "glob")
_RESOLVERS = frozenset({"_joinrealpath", "realpath", "resolve", "expanduser", "check_eloop"})
_GLOBBERS = frozenset({"_select_from", "select_from", "_iterate_directories"})
_LOAD_ATTR, _POP_TOP, _EXTENDED = opmap["LOAD_ATTR"], opmap["POP_TOP"], opmap["EXTENDED_ARG"]
_SHIFT = 1 if sys.version_info >= (3, 12) else 0
_CACHES = f"{os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')}/"  # noqa: PTH111 - text
"""Where libraries keep what they can make again: whether it is there changes no result."""
_SETS = ("supports_dir_fd", "supports_effective_ids", "supports_fd", "supports_follow_symlinks")


def kind_of_status(status: os.stat_result | None) -> str:
    """Name the kind of a path; None stands for one that is not there."""
    if status is None:
        return "absent"
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"


def install(wrapping: Wrapping) -> None:
    """Replace the functions that ask about paths."""
    replaced = {
        name: _asking(getattr(os, name), note)
        for name, note in (("stat", _stat), ("lstat", _lstat), ("access", _access), ("readlink", _readlink))
    }
    accessor = getattr(pathlib, "_NormalAccessor", None)  # before Python 3.11
    for name, function in replaced.items():
        if accessor is not None and vars(accessor).get(name) is getattr(os, name):
            wrapping.replace(accessor, name, staticmethod(function))
        for each in _SETS:  # code asks there whether a function takes an argument
            if getattr(os, name) in getattr(os, each):
                wrapping.add(getattr(os, each), function)
        wrapping.replace(os, name, function)
    original = os.open
    wrapping.around(os, "open", _opened_in)
    if os.open is not original:
        wrapping.add(os.supports_dir_fd, os.open)


def _opened_in(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> None:  # noqa: ARG001
    """Record a file that is opened relative to a folder's descriptor, which the event does not show."""
    if dir_fd is not None:
        place = audit_events.absolute(path, audit_events.absolute(dir_fd, "/"))
        for recorder in audit_events.recorders():
            recorder.opened(place, flags)


@dataclass(frozen=True)
class _Question:
    """A question about a path, and what is used of the answer."""

    recorder: Recorder
    path: str
    answer: Any
    """None where there is no such path."""
    follows: bool
    mode: int
    by_project: bool
    attributes: tuple[str, ...] | None

    def record(self, kind: str, detail: str, answer: str) -> None:
        question = (kind, self.path, detail)
        self.recorder.answers.setdefault(question, answer)
        read_owners.note_answer(question, answer, sys._getframe(1), self.recorder.ident)  # noqa: SLF001


_busy: set[int] = set()  # threads that note a question: what they ask meanwhile is no step's


def _asking(original: Callable[..., Any], note: Callable[[_Question], None]) -> Callable[..., Any]:
    frame_of, fspath, name = sys._getframe, os.fspath, original.__name__  # noqa: SLF001 - the fastest

    def asking(path: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = audit_events.sole
        try:
            frame = frame_of(1)
            above = frame.f_back
            raw = path if type(path) is str else fspath(path)
            # Not the code objects themselves: their hash takes long.
            site = (id(frame.f_code), frame.f_lasti, above and (id(above.f_code), above.f_lasti))
            key = (raw, site, name, args, tuple(kwargs.items()) if kwargs else ())
            if recorder is not None and key in recorder.asked:
                return original(path, *args, **kwargs)
        except Exception:  # noqa: BLE001 - the call itself raises what is wrong with it
            return original(path, *args, **kwargs)
        answer = None
        try:
            answer = original(path, *args, **kwargs)
        except (OSError, ValueError):
            _note(note, recorder, key, None, args, kwargs, frame)
            raise
        _note(note, recorder, key, answer, args, kwargs, frame)
        return answer

    return stand_in(original, asking, "os")  # type: ignore[no-any-return]


def _note(
    note: Callable[[_Question], None],
    recorder: Recorder | None,
    key: tuple[Any, ...],
    answer: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    frame: types.FrameType,
) -> None:
    ident = threading.get_ident()
    if isinstance(key[0], int) or ident in _busy:
        return
    _busy.add(ident)
    try:
        for each in (recorder,) if recorder is not None else audit_events.recorders():
            if key not in each.asked:
                who, attributes = _site(each, key[1], frame)
                if who is None:
                    _note_cached_text(each, key[0], frame)
                else:
                    dir_fd = kwargs.get("dir_fd")
                    path = _path(each, key[0], dir_fd)
                    if dir_fd is None:  # a descriptor may stand for another folder later
                        each.asked.add(key)
                    if who == "library" and path.startswith(_CACHES):
                        continue
                    follows = kwargs.get("follow_symlinks", True)
                    mode = args[0] if args else kwargs.get("mode", os.F_OK)
                    note(_Question(each, path, answer, follows, mode, who == "project", attributes))
    except Exception:  # noqa: BLE001 - a step must not fail because it is watched
        return
    finally:
        _busy.discard(ident)


def _note_cached_text(recorder: Recorder, raw: Any, frame: types.FrameType) -> None:
    """Note a source file whose text Python remembers: it asks only whether the file is the same."""
    if frame.f_code.co_name == "checkcache" and reads_source(frame, recorder.is_project):
        path = audit_events.absolute(raw, recorder.folder())
        recorder.texts.add(path)
        recorder.opened(path, os.O_RDONLY)


def _site(
    recorder: Recorder, site: tuple[Any, ...], frame: types.FrameType
) -> tuple[str | None, tuple[str, ...] | None]:
    """Give who asks at a place in the code, and what is used of the answer there."""
    if site in recorder.sites:
        return recorder.sites[site]
    for each in (frame, frame.f_back):
        if each is not None:
            recorder.askers[id(each.f_code)] = each.f_code
    who, asker = caller_of(frame, recorder.is_project)
    answer = who, _attributes(frame)
    if asker is frame or (asker is not None and asker is frame.f_back):
        recorder.sites[site] = answer
    return answer


def _path(recorder: Recorder, raw: Any, dir_fd: int | None) -> str:
    if dir_fd is not None:
        return audit_events.absolute(raw, audit_events.absolute(dir_fd, "/"))
    path = audit_events.absolute(raw, recorder.folder())
    relative = recorder.relative(raw, recorder.folder())
    if relative is not None:
        recorder.relative_asked.setdefault(path, relative)
    return path


def _stat(question: _Question) -> None:
    attributes, status = question.attributes, question.answer
    if attributes is None:
        return
    question.record(PATHS if question.follows else ENTRIES, "", kind_of_status(status))
    if question.follows and "st_ino" in attributes:  # which file it is; its number is another for each copy
        attributes = tuple(each for each in attributes if each != "st_ino")
        with suppress(OSError):  # no link
            question.record(LINKS, "", os.fsdecode(os.readlink(question.path)))  # noqa: PTH115 - text
    if status is None or stat.S_ISLNK(status.st_mode):
        return
    if not stat.S_ISREG(status.st_mode):  # the size of a folder tells nothing
        attributes = () if attributes == _UNKNOWN else tuple(each for each in attributes if each != "st_size")
    for name in attributes:
        if name != "st_ino" and (name == "st_size" or question.by_project):
            question.record(STATUS, name, str(getattr(status, name)))


def _lstat(question: _Question) -> None:
    _stat(replace(question, follows=False))


def _access(question: _Question) -> None:
    if question.mode & os.W_OK and not question.by_project:  # a library looks for a place to write
        return
    question.record(ACCESS, str(int(question.mode)), "yes" if question.answer else "no")


def _readlink(question: _Question) -> None:
    if question.answer is not None:
        question.record(LINKS, "", os.fsdecode(question.answer))


# -- what is used of a status ---------------------------------------------------------------------

_UNKNOWN = ("st_size", "st_mtime_ns")


def _attributes(frame: types.FrameType) -> tuple[str, ...] | None:
    """Give what is used of a status beside the kind; None for a question that another fact answers."""
    used = frame
    if _is_helper(frame) and frame.f_code.co_name in {"stat", "lstat"} and frame.f_back is not None:
        used = frame.f_back
    if not _is_helper(used):
        return _attributes_in(used)
    name = used.f_code.co_name
    if name in _RESOLVERS or _globs(used) or _globs(used.f_back):
        return None
    if name == "samefile":
        return ("st_ino",)
    return () if name in {"exists", "lexists"} or name.startswith("is") else _attributes_in(used)


def _attributes_in(frame: types.FrameType) -> tuple[str, ...]:
    """Give what the code of a frame uses of a status."""
    attribute, names = _next_attribute(frame), frame.f_code.co_names
    mentioned = set(names) if attribute is None else {attribute}
    counted = {_COUNTED[each] for each in mentioned if each in _COUNTED}
    if any(each.startswith("S_IS") for each in names):  # of the mode, the kind is asked for
        counted.discard("st_mode")
    is_told = counted or (attribute is not None and (not attribute or attribute.startswith("st_")))
    is_told = is_told or any(each.startswith("st_") for each in mentioned)
    return tuple(sorted(counted)) if is_told else _UNKNOWN


def _is_helper(frame: types.FrameType) -> bool:
    file = frame.f_code.co_filename
    if file.startswith("<frozen "):
        return file[8:-1] in _HELPERS
    return file.endswith(_HELPER_FILES) or "/pathlib/" in file


_HELPER_FILES = tuple(f"/{name}.py" for name in _HELPERS)


def _globs(frame: types.FrameType | None) -> bool:
    """Say whether a frame matches a pattern: the pattern tells more than each of its paths."""
    if frame is None or not _is_helper(frame):
        return False
    return frame.f_code.co_name in _GLOBBERS or frame.f_code.co_filename.endswith(("/glob.py", " glob>"))


def _next_attribute(frame: types.FrameType) -> str | None:
    """Name the attribute that is taken from a call's result at once; "" if the result is dropped."""
    code, index, argument = frame.f_code.co_code, frame.f_lasti + 2, 0
    while index < len(code) and code[index] in (0, _EXTENDED):  # 0: a cache of the call
        argument = (argument | code[index + 1]) << 8 if code[index] == _EXTENDED else 0
        index += 2
    if index >= len(code):
        return None
    if code[index] == _POP_TOP:
        return ""
    if code[index] == _LOAD_ATTR:
        return frame.f_code.co_names[(argument | code[index + 1]) >> _SHIFT]
    return None
