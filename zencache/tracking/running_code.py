"""Notes which functions of the project run while a step is watched, beyond what its key covers.

From Python 3.12 on `sys.monitoring` reports each code object once. On 3.10 the project's functions have code
objects that report, as long as a step is watched that has not seen them run.
"""

from __future__ import annotations

import functools
import gc
import os
import sys
import tempfile
import threading
import types
from contextlib import suppress
from itertools import compress, repeat
from operator import is_
from typing import TYPE_CHECKING

from zencache.code.reporting import CAN_REPORT, Reporter, original_code
from zencache.code.source import text_now
from zencache.tracking.audit_events import file_clock, recorders, unwatched
from zencache.tracking.late_modules import functions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zencache.tracking.audit_events import Recorder

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

    def __missing__(self, file: str) -> bool:
        self[file] = "-packages/" not in file and not file.startswith("<") and self._is_source(file)
        return self[file]

    def _is_source(self, file: str) -> bool:
        """Leave out what libraries generate into temporary files, and the cells of notebooks."""
        if not self._modules:
            self._modules = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
        is_temporary = file.startswith(_TEMPORARY) and file not in self._modules
        return not is_temporary and (file.endswith(".py") or file in self._modules) and self._is_project(file)


class ReportingFunctions:
    """The functions that have reporting code objects, for the steps that are watched."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._steps: list[Recorder] = []
        self._reporters: dict[int, Reporter] = {}
        """By the id of the original, which the reporter keeps alive."""
        self._closures: dict[int, Reporter] = {}
        """Of functions with a closure, by their ids: what is in the closure counts, too."""

    def begin(self, recorder: Recorder) -> None:
        """Have the project's functions report to a step, but for those that its key covers."""
        if recorder.covers is None or not CAN_REPORT:
            return
        with self._lock:
            self._steps.append(recorder)
            self.include(project_functions(recorder.is_project))

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
        if reporter.code is None:  # it counts as if it ran
            _note(code, closure, wanting)
            return
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


_functions = ReportingFunctions()


def begin(recorder: Recorder) -> None:
    """Start to note the code that runs in a step."""
    _functions.begin(recorder)


def end(recorder: Recorder) -> None:
    """Stop to note the code that runs in a step."""
    _functions.end(recorder)


def importing(file: str) -> None:
    """Note that a module is about to be imported, with its text."""
    with unwatched():
        text = text_now(file)
    for recorder in recorders():
        if recorder.is_project(file):
            recorder.imported.setdefault(file, text)


def imported(module: types.ModuleType) -> None:
    """Have the functions of a new module report."""
    for recorder in recorders():
        if recorder.is_project(str(module.__file__)):
            of_project = ProjectFiles(recorder.is_project)
            functions = (f for f in functions_of(module) if of_project[f.__code__.co_filename])
            _functions.include(functions)
