"""Reads what child processes reported, and what became of the files that programs were given."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.tracking import audit_events
from zencache.tracking.audit_events import CodePlace, absolute, last_change, unwatched
from zencache.tracking.child_processes import FORKED, ReportingRecorder, report_folder
from zencache.tracking.file_reads import loaded_sources, source_of
from zencache.tracking.listings import TYPES
from zencache.tracking.path_queries import PATHS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zencache.tracking.audit_events import Opened, Recorder

Line = list[Any]
_WRITE = os.O_WRONLY | os.O_TRUNC


def collect(recorder: Recorder, *, is_over: bool) -> None:
    """Add to a recorder what programs were given, and what child processes reported until now.

    If the step is over, reports of processes that ended are deleted.
    """
    if isinstance(recorder, ReportingRecorder):
        return
    with unwatched():
        for table, arguments in recorder.arguments:
            table.clear()
            table.update(dict.fromkeys(arguments.uses()))
            for path in arguments.absent():
                place = absolute(path, arguments.folder)
                recorder.answers.setdefault((PATHS, place, ""), "absent")
                relative = recorder.relative(path, arguments.folder)
                if relative is not None:
                    recorder.relative_asked.setdefault(place, relative)
            for path in arguments.folders():
                recorder.listed.setdefault(absolute(path, arguments.folder), TYPES)
        if recorder.reports or report_folder():
            _collect_reports(recorder, is_over=is_over)


def _collect_reports(recorder: Recorder, *, is_over: bool) -> None:
    last: dict[Opened, None] = {}
    sources = loaded_sources()
    for report, table in list(recorder.reports.items()):
        lines = list(_lines(report))
        if not lines and (report in recorder.spawned or not _ended_at_once(report)):
            label = recorder.spawned.get(report, FORKED)
            if label is not None:
                recorder.programs.setdefault(label)
        _Merge(recorder, table, last, sources).add(lines)
        if is_over and not any(map(_is_alive, _processes(lines))):
            recorder.reports.pop(report)
            Path(report).unlink(missing_ok=True)
    for report in _others(recorder):  # of processes that an earlier step started, such as those of a pool
        lines = [line for line in _lines(report) if line[0] >= recorder.began]
        _Merge(recorder, last, last, sources).add(lines)
    if last:
        recorder.segments += [(recorder.segments[0][0], last), (recorder.folder(), {})]


def _ended_at_once(report: str) -> bool:
    """Say whether a forked child was ended before it ran a line; it would have made its report."""
    return not os.path.exists(report) and os.access(os.path.dirname(report), os.W_OK)  # noqa: PTH110, PTH120


def _others(recorder: Recorder) -> Iterator[str]:
    """List the reports that belong neither to a step nor to another one that runs."""
    owned = {report for each in (recorder, *audit_events.active()) for report in each.reports}
    folder = report_folder()
    with suppress(OSError):
        names = os.listdir(folder) if folder else []  # noqa: PTH208 - text
        yield from (path for name in names if name.isdigit() and (path := f"{folder}/{name}") not in owned)


def _lines(report: str) -> Iterator[Line]:
    with suppress(OSError):
        for text in Path(report).read_text(encoding="utf-8").splitlines():
            with suppress(ValueError):  # the child was ended while it wrote
                yield json.loads(text)


def _processes(lines: list[Line]) -> list[int]:
    return [line[2] for line in lines if line[1] == "started"]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


class _Merge:
    """Adds the report of one process to a recorder."""

    def __init__(
        self,
        recorder: Recorder,
        first: dict[Opened, None],
        last: dict[Opened, None],
        sources: frozenset[str],
    ) -> None:
        """What is in `first` was opened when the child started, and what is in `last` at the step's end."""
        self._recorder = recorder
        self._first = first
        self._last = last
        self._sources = sources
        self._written: set[str] = set()

    def add(self, lines: list[Line]) -> None:
        """Add all lines."""
        texts = {line[2] for line in lines if line[1] == "text"}
        self._recorder.texts |= texts
        for moment, kind, *values in lines:
            match kind:
                case "opened":
                    self._opened(moment, *values)
                case "argument":
                    self._argument(moment, *values)
                case "row":
                    self._row(*values)
                case "created":
                    self._recorder.created.add(values[0])
                case "ran":
                    self._ran(CodePlace(*values))
                case "asked folder":
                    self._recorder.asked_folder = True
                case "fact":
                    self._recorder.note(*values)

    def _ran(self, place: CodePlace) -> None:
        covers: Callable[[Any], bool] | None = self._recorder.covers
        if covers is not None and not covers(place):
            self._recorder.ran_elsewhere[place] = None

    def _opened(self, moment: int, path: str, looked_for: bool, flags: int) -> None:
        # A module that this process has loaded is in the key, or was opened here.
        is_module = path.endswith((".py", ".pyc")) and source_of(self._place(path), self._sources)
        if is_module in self._sources and self._place(path) not in self._recorder.texts:
            return
        key = (path, "r" if looked_for else None, flags)
        if flags & os.O_ACCMODE == os.O_WRONLY or flags & (os.O_TRUNC | os.O_EXCL):
            self._written.add(path)
            self._first.setdefault(key)
        elif path not in self._written:
            # What another process or this one wrote before is no input; what was written later is unstable.
            self._place_of_read(moment, path).setdefault(key)

    def _argument(self, moment: int, path: str, existed: bool) -> None:
        if existed and self._place_of_read(moment, path) is self._last:
            self._last.setdefault((path, "library", os.O_RDONLY))
        else:
            self._first.setdefault((path, "library", _WRITE))

    def _place_of_read(self, moment: int, path: str) -> dict[Opened, None]:
        with suppress(OSError):
            status = os.stat(self._place(path))  # noqa: PTH116 - of thousands of files
            # Within one tick of the clock, the order is not known; then the file is unstable.
            if last_change(status) >= moment:
                return self._first
        return self._last

    def _place(self, path: str) -> str:
        return absolute(path, self._recorder.segments[0][0])

    def _row(self, table: str, key: Any, value: Any) -> None:
        if table == "listed":  # what asks for more is the greater word
            self._recorder.listed[key] = max(value, self._recorder.listed.get(key, ""))
        elif table != "environment":
            getattr(self._recorder, table).setdefault(tuple(key) if isinstance(key, list) else key, value)
        elif key == "*":
            self._recorder.whole_environment = True
        elif key not in self._recorder.assigned:
            self._recorder.environment.setdefault(key, os.environ.get(key))
