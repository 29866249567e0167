"""Notes which functions of the project run while a step is watched, beyond what its key covers.

From Python 3.12 on `sys.monitoring` reports each code object once. On 3.10 the project's functions have code
objects that report, as long as a step is watched that has not seen them run.
"""

from __future__ import annotations

import functools
import gc
import inspect
import os
import sys
import tempfile
import types
from contextlib import contextmanager, suppress
from itertools import compress, repeat
from operator import is_
from typing import TYPE_CHECKING, Any

from zencache.code.reporting import CAN_REPORT, Reporter, original_code
from zencache.code.source import text_now
from zencache.tracking.audit_events import file_clock, recorders, unwatched
from zencache.tracking.late_modules import functions_of
from zencache.util.fork_lock import fork_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from zencache.tracking.audit_events import Recorder

_ENOUGH = getattr(getattr(sys, "monitoring", None), "DISABLE", None)
_UNSEEN = (
    "what step {step} runs beyond the code that it names is not noted: this Python can tell it only to other "
    "tools, which use all places, or not at all (3.11)"
)
_TEMPORARY = tempfile.gettempdir() + os.sep
STARTED = file_clock()
"""When this process began to note code; a file that is older has the text that its module was loaded from."""


def project_functions(is_project: Callable[[str], bool]) -> list[types.FunctionType]:
    """List the functions of the project's files that there are now, whatever holds them.

    >>> project_functions(lambda file: False)
    []
    """
    objects = gc.get_objects()
    functions = list(compress(objects, map(is_, map(type, objects), repeat(types.FunctionType))))
    of_project = ProjectFiles(is_project)
    return [function for function in functions if of_project[function.__code__.co_filename]]


class ProjectFiles(dict[str, bool]):
    """Says whether a file holds code of the project that can be found again; each is asked for once."""

    def __init__(self, is_project: Callable[[str], bool]) -> None:
        super().__init__()
        self._is_project = is_project
        self._modules: set[object] = set()
        self._count = 0

    def __missing__(self, file: str) -> bool:
        self[file] = "-packages/" not in file and not file.startswith("<") and self._is_source(file)
        return self[file]

    def _is_source(self, file: str) -> bool:
        """Leave out what libraries generate into temporary files, and the cells of notebooks."""
        is_likely = file.endswith(".py") and not file.startswith(_TEMPORARY)
        return (is_likely or self._is_of_module(file)) and self._is_project(file)

    def _is_of_module(self, file: str) -> bool:
        if self._count != len(sys.modules):
            self._modules = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
            self._count = len(sys.modules)
        return file in self._modules


class ReportingFunctions:
    """The functions that have reporting code objects, for the steps that are watched."""

    def __init__(self) -> None:
        self._lock = fork_lock()
        self._steps: list[Recorder] = []
        self._reporters: dict[int, Reporter] = {}
        """By the id of the original, which the reporter keeps alive."""
        self._closures: dict[int, Reporter] = {}
        """Of functions with a closure, by their ids: what is in the closure counts, too."""

    def begin(self, recorder: Recorder) -> None:
        """Have the project's functions report to a step, but for those that its key covers."""
        if recorder.covers is None:
            return
        with self._lock:
            self._steps.append(recorder)
        self.include(project_functions(recorder.is_project))  # the search takes long: without the lock

    def include(self, functions: Iterable[types.FunctionType]) -> None:
        """Have more functions report."""
        with self._lock:
            for function in functions:
                with suppress(Exception):
                    self._include(function)

    def end(self, recorder: Recorder) -> None:
        """Put the originals back, once no step is watched."""
        with self._lock:
            if recorder not in self._steps:
                return
            self._steps.remove(recorder)
            if not self._steps:
                for reporter in (*self._reporters.values(), *self._closures.values()):
                    _put_back(reporter)
                self._closures.clear()  # a closure may hold anything

    def _include(self, function: types.FunctionType) -> None:
        code = original_code(function.__code__)
        closure = function if function.__closure__ and "__class__" not in code.co_freevars else None
        wanting = [recorder for recorder in self._steps if _is_wanted(recorder, code, closure)]
        if code is not function.__code__ or not wanting:
            return
        reporter = self._closures.get(id(function)) if closure else self._reporters.get(id(code))
        if reporter is None:
            reporter = Reporter(code, functools.partial(self._report, closure))
            (self._closures if closure else self._reporters)[id(closure or code)] = reporter
        function.__code__ = reporter.code
        reporter.functions.append(function)

    def _report(self, closure: types.FunctionType | None, reporter: Reporter) -> None:
        code = reporter.original
        _note(code, closure, recorders())
        if not any(_is_wanted(recorder, code, closure) for recorder in self._steps):
            _put_back(reporter)  # without the lock: in a forked process, nobody may be left to release it


def _note(code: types.CodeType, closure: types.FunctionType | None, steps: Iterable[Recorder]) -> None:
    for recorder in steps:
        if _is_wanted(recorder, code, closure):
            recorder.ran[id(closure or code)] = code, closure


def _is_wanted(recorder: Recorder, code: types.CodeType, closure: types.FunctionType | None) -> bool:
    if recorder.covers is None or id(closure or code) in recorder.ran:
        return False
    return not recorder.covers(code)


def _put_back(reporter: Reporter) -> None:
    functions, reporter.functions = reporter.functions, []
    for function in functions:
        if function.__code__ is reporter.code:
            function.__code__ = reporter.original


class MonitoredCode:
    """Notes what runs by `sys.monitoring`, which reports each code object until it is told to stop."""

    def __init__(self) -> None:
        self._lock = fork_lock()
        self._steps: list[Recorder] = []
        self._tool: int | None = None
        self._of_project = ProjectFiles(lambda _: False)

    def begin(self, recorder: Recorder) -> None:
        """Have all code report, also what reported before."""
        if recorder.covers is None:
            return
        with self._lock:
            monitoring: Any = getattr(sys, "monitoring", None)
            if self._tool is None:
                self._tool = _free_tool(monitoring)
            if self._tool is None:
                recorder.remarks[_UNSEEN.format(step=recorder.step)] = None
                return
            self._of_project = ProjectFiles(recorder.is_project)
            self._steps.append(recorder)
            if len(self._steps) == 1:
                monitoring.register_callback(self._tool, monitoring.events.PY_START, self._started)
                monitoring.set_events(self._tool, monitoring.events.PY_START)
            monitoring.restart_events()

    def end(self, recorder: Recorder) -> None:
        """Stop to note what runs in a step."""
        with self._lock:
            if recorder not in self._steps:
                return
            self._steps.remove(recorder)
            if not self._steps and self._tool is not None:
                monitoring: Any = getattr(sys, "monitoring", None)
                monitoring.set_events(self._tool, 0)
                monitoring.free_tool_id(self._tool)
                self._tool = None
        _add_closures(recorder)

    def note(self, code: types.CodeType) -> None:
        """Note code of the project, as if it ran."""
        if self._of_project[code.co_filename]:
            _note(code, None, recorders())

    def _started(self, code: types.CodeType, _: int) -> Any:
        """Note code that starts; what is returned tells Python whether to report it again."""
        try:
            if (
                not code.co_flags & inspect.CO_OPTIMIZED
            ):  # a module's top level or a class's counts by its text
                return _ENOUGH
            if not self._of_project[code.co_filename]:
                return _ENOUGH
            _note(code, None, recorders())
            return None if any(_is_wanted(step, code, None) for step in self._steps) else _ENOUGH
        except Exception:  # noqa: BLE001 - what is raised here would be raised in the user's function
            return _ENOUGH


def _free_tool(monitoring: Any) -> int | None:
    """Take the id of a tool that nobody uses; the lower ones are those of debuggers and profilers."""
    for tool in (4, 3):
        if monitoring is not None and monitoring.get_tool(tool) is None:
            monitoring.use_tool_id(tool, "zencache")
            return tool
    return None


def _add_closures(recorder: Recorder) -> None:
    """Add the functions whose code ran and that have a closure: it counts, too."""
    codes = {i for i, (code, _) in recorder.ran.items() if set(code.co_freevars) - {"__class__"}}
    for function in project_functions(recorder.is_project) if codes else ():
        if id(function.__code__) in codes:
            recorder.ran[id(function)] = function.__code__, function


_code: ReportingFunctions | MonitoredCode = ReportingFunctions() if CAN_REPORT else MonitoredCode()


@contextmanager
def noting(recorder: Recorder) -> Iterator[None]:
    """Note the code that runs in a step meanwhile."""
    try:
        with suppress(Exception):  # a step must not fail because less is seen
            _code.begin(recorder)
        yield
    finally:
        with suppress(Exception):
            _code.end(recorder)


def note_read(code: types.CodeType) -> None:
    """Note code that a library reads, as if it ran; from then on it is the original."""
    last = code.co_consts[-1] if code.co_consts else None
    if isinstance(last, Reporter):
        last()
    elif isinstance(_code, MonitoredCode):
        _code.note(code)


def importing(file: str) -> None:
    """Note that a module is about to be imported, with its text."""
    with unwatched():
        text = text_now(file)
    for recorder in recorders():
        if recorder.is_project(file):
            recorder.imported.setdefault(file, text)


def imported(module: types.ModuleType) -> None:
    """Have the functions of a new module report."""
    if not isinstance(_code, ReportingFunctions):
        return
    for recorder in recorders():
        if recorder.is_project(str(module.__file__)):
            of_project = ProjectFiles(recorder.is_project)
            _code.include(f for f in functions_of(module) if of_project[f.__code__.co_filename])
