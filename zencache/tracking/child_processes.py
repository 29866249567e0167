"""Has child processes of a step report what they read: each new use is appended to a file for the parent.

A forked child has the parent's hook and recorder; these write instead. A spawned child of `multiprocessing`
or `loky` installs the hook while it unpickles its preparation data. A child may be killed at any moment, and
may close all descriptors. So each use is written at once, and the file is opened again where it is needed.
"""

from __future__ import annotations

import atexit
import importlib
import itertools
import json
import os
import shutil
import sys
import tempfile
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.tracking import audit_events
from zencache.tracking.audit_events import Recorder, absolute, file_clock, recorders, unwatched

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Sequence

    from zencache.tracking.audit_events import Opened
    from zencache.tracking.program_arguments import Program

_TABLES = (
    *("listed", "relative_listed", "answers", "relative_asked"),
    *("hosts", "programs", "environment", "imports", "classes", "moved"),
)
_SPAWNERS = ("multiprocessing.spawn", "loky.backend.spawn", "joblib.externals.loky.backend.spawn")
_ROOT = str(Path(__file__).parents[2])
_START = """
try:
    import sys
    sys.path.append({root!r})
    try:
        from zencache.tracking.child_start import start
    finally:
        sys.path.remove({root!r})
    start({report!r}, {is_there!r})
except Exception:
    pass
"""
FORKED = "a copy of itself"
_numbers = itertools.count()
_folder: list[tuple[int, str]] = []
"""The folder of reports, and the process that made it."""
_writing: set[int] = set()
"""Threads that write to a report: the hook sees that they open it."""
_registered = False


# -- the child's side -----------------------------------------------------------------------------


class ReportingRecorder(Recorder):
    """A recorder of a child process, which writes what it records to a file."""

    report: str
    opened_report: tuple[int, tuple[int, int]]
    """The descriptor of the report, and the file that it was opened for."""

    _has_asked_folder = False

    @property
    def whole_environment(self) -> bool:
        """Whether all variables were read."""
        return "*" in self.environment

    @whole_environment.setter
    def whole_environment(self, value: bool) -> None:
        if value:
            self.environment.setdefault("*", None)

    @property
    def asked_folder(self) -> bool:
        """Whether the project's code asked for the working folder."""
        return self._has_asked_folder

    @asked_folder.setter
    def asked_folder(self, value: bool) -> None:
        if value and not self._has_asked_folder:
            self.write("asked folder")
        self._has_asked_folder = value

    def enter(self, folder: str) -> None:
        """Note that the working folder is another one."""
        table = _Reported(lambda key, _: self._write_opened(key, folder))
        self.segments.append((folder, table))

    def note(self, kind: str, name: str, value: str) -> None:
        """Report a fact."""
        if name not in self.facts.get(kind, {}):
            self.write("fact", kind, name, value)
        super().note(kind, name, value)

    def started(self, program: Program) -> None:
        """Report a program with the files that it was given."""
        from zencache.tracking.program_arguments import Arguments  # noqa: PLC0415 - few steps start a program

        self.programs.setdefault(program.name)
        with unwatched():
            program = program.with_scripts(self.folder())
            program.note_on(self, os.environ)
            arguments = Arguments.of(program, self.folder())
            for path, stamp in arguments.stamps.items():
                self.write("argument", self._place(path, self.folder()), stamp is not None)

    def write(self, kind: str, *values: Any) -> None:
        """Append a line to the report; a failure does not reach the step."""
        ident = threading.get_ident()
        if ident in _writing:
            return
        _writing.add(ident)
        try:
            line = json.dumps([file_clock(), kind, *values]) + "\n"
            os.write(self._descriptor(), line.encode())  # whole lines: the file is opened with O_APPEND
        except (OSError, TypeError, ValueError):
            return
        finally:
            _writing.discard(ident)

    def _descriptor(self) -> int:
        """Give the descriptor of the report; the child may have closed it, and opened another file since."""
        descriptor, identity = self.opened_report
        with suppress(OSError):
            if _identity(descriptor) == identity:
                return descriptor
        descriptor = os.open(self.report, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.opened_report = descriptor, _identity(descriptor)
        return descriptor

    def _write_opened(self, key: Opened, folder: str) -> None:
        path, mode, flags = key
        if not isinstance(path, int):
            self.write("opened", self._place(path, folder), mode is not None, flags)

    def _place(self, path: Any, folder: str) -> str:
        return self.relative(path, folder) or absolute(path, folder)


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


class _Reported(dict[Any, Any]):
    """A table that reports each new key before it is added."""

    def __init__(self, report: Callable[[Any, Any], None]) -> None:
        super().__init__()
        self._report = report

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            with suppress(Exception):
                self._report(key, default)
        return super().setdefault(key, default)

    def __setitem__(self, key: Any, value: Any) -> None:
        if key not in self or self[key] != value:
            with suppress(Exception):
                self._report(key, value)
        super().__setitem__(key, value)

    def update(self, other: Any) -> None:  # type: ignore[override]
        for key, value in other.items():
            self[key] = value


class _ReportedSet(set[str]):
    def __init__(self, report: Callable[[str], None]) -> None:
        super().__init__()
        self._report = report

    def add(self, item: str) -> None:
        if item not in self:
            self._report(item)
        super().add(item)


def report_to(recorder: Recorder, report: str) -> None:
    """Have a recorder of this process, which is a child, report to a file."""
    folder = recorder.folder()
    for name in ("whole_environment", "asked_folder"):  # properties take their places
        vars(recorder).pop(name, None)
    recorder.__class__ = ReportingRecorder
    assert isinstance(recorder, ReportingRecorder)
    recorder.report, recorder.opened_report = report, (-1, (-1, -1))
    for name in _TABLES:
        setattr(recorder, name, _Reported(partial(_write_row, recorder, name)))
    recorder.ran = _Reported(partial(_write_code, recorder))
    recorder.created = _ReportedSet(partial(recorder.write, "created"))
    recorder.texts = _ReportedSet(partial(recorder.write, "text"))
    recorder.segments, recorder.arguments = [], []
    recorder.enter(folder)
    recorder.write("started", os.getpid())


def _write_row(recorder: ReportingRecorder, table: str, key: Any, value: Any) -> None:
    # The parent looks the value of a variable up by itself: it may be a secret.
    recorder.write("row", table, key, None if table == "environment" else value)


def _write_code(recorder: ReportingRecorder, _: int, ran: tuple[types.CodeType, object]) -> None:
    code, _closure = ran
    recorder.write("ran", code.co_filename, code.co_firstlineno, code.co_name)


# -- forks ----------------------------------------------------------------------------------------


def install() -> None:
    """Have forked children report, from now on."""
    global _registered  # noqa: PLW0603 - a hook is there once a process, for good
    if not _registered:
        _registered = True
        os.register_at_fork(before=_before_fork, after_in_child=_after_fork)


def _before_fork() -> None:
    active = [recorder for recorder in recorders() if not isinstance(recorder, ReportingRecorder)]
    try:
        _expect_report(active)
    except Exception:  # noqa: BLE001 - what is raised here would be written to standard error
        for recorder in active:
            recorder.programs.setdefault(FORKED)


def _after_fork() -> None:
    with suppress(Exception):
        _writing.clear()  # of this process there is one thread, and it forked
        for recorder in recorders():
            if isinstance(recorder, ReportingRecorder):
                recorder.write("started", os.getpid())
            elif recorder.reports:
                report_to(recorder, next(reversed(recorder.reports)))
        audit_events.choose()


def _expect_report(active: Sequence[Recorder]) -> str:
    """Name the file of a child that is about to start, and make a place for what it will report."""
    report = _new_report() if active else ""
    for recorder in active:
        recorder.reports[report] = recorder.expect(recorder.segments[0][0])
    audit_events.choose()
    return report


def report_folder() -> str | None:
    """Give the folder of reports, if this process made one."""
    return _folder[-1][1] if _folder and _folder[-1][0] == os.getpid() else None


def _new_report() -> str:
    with unwatched():
        if not _folder or _folder[-1][0] != os.getpid():
            _folder[:] = [(os.getpid(), tempfile.mkdtemp(prefix="zencache-children-"))]
            atexit.register(_remove_folder, *_folder[0])
        return os.path.join(_folder[-1][1], str(next(_numbers)))  # noqa: PTH118 - text


def _remove_folder(process: int, folder: str) -> None:
    """Remove a folder of reports at the exit of the process that made it; a forked one exits, too."""
    if process == os.getpid():
        shutil.rmtree(folder, ignore_errors=True)


# -- spawned children -----------------------------------------------------------------------------


class _Start:
    """What a spawned child does when it unpickles this: it starts to report, if it can import zencache."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (self.code, {})


def process_started(process: Any) -> None:
    """Prepare for a process that `multiprocessing` or `loky` is about to start."""
    method = getattr(process, "_start_method", None)
    if method is None:
        method = sys.modules["multiprocessing.context"]._default_context.get_start_method()  # noqa: SLF001
    if method == "fork":
        return
    importlib.import_module("multiprocessing.spawn")  # the process that is about to start needs it
    for name in _SPAWNERS:
        module: Any = sys.modules.get(name)
        if module is not None and not hasattr(module.get_preparation_data, "reports_to_zencache"):
            module.get_preparation_data = _reporting(module.get_preparation_data, type(process).__name__)


def _reporting(original: Callable[..., Any], label: str) -> Callable[..., Any]:
    def get_preparation_data(*args: Any, **kwargs: Any) -> Any:
        data = original(*args, **kwargs)
        with suppress(Exception):
            # `multiprocessing` asks once more for its fork server, which takes two entries of the data.
            if args[:1] != ("ignore",) and (active := recorders()):
                data["zencache"] = _Start(start_code(active, label))
        return data

    get_preparation_data.reports_to_zencache = original  # type: ignore[attr-defined]
    return get_preparation_data


def start_code(active: Sequence[Recorder], label: str, *, is_moved: bool = False) -> str:
    """Give the code by which a new process starts to report, and expect its report; `label` names it.

    `is_moved` says that the process may begin in another folder than this one has.
    """
    first = active[0]
    if isinstance(first, ReportingRecorder):  # this process is a child itself
        report = first.report
    else:
        report = _expect_report(active)
        for recorder in active:
            recorder.spawned[report] = label
    is_there = not is_moved and first.relative_folders.get(first.folder()) == "."
    return _START.format(root=_ROOT, report=report, is_there=is_there)


def restore() -> None:
    """Give `multiprocessing` and `loky` their own functions back."""
    for name in _SPAWNERS:
        module: Any = sys.modules.get(name)
        original = getattr(getattr(module, "get_preparation_data", None), "reports_to_zencache", None)
        if original is not None:
            module.get_preparation_data = original
