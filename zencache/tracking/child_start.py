"""Begins to report what a spawned child process reads. Only the child imports it, so it imports little."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from zencache.tracking import (
    audit_events,
    child_interpreters,
    child_processes,
    environment_reads,
    import_reads,
    path_events,
    path_queries,
    third_party_reads,
    working_folder,
)
from zencache.tracking.audit_events import Recorder
from zencache.tracking.patching import Wrapping

_STANDARD = str(Path(os.__file__).parent)
_OURS = str(Path(__file__).parents[1])
_wrapping = Wrapping()


def start(report: str, is_there: bool) -> None:
    """Report all that this process reads; `is_there` says whether it begins in the step's working folder."""
    audit_events.extend(path_events.EVENTS, path_events.note_text)
    recorder = Recorder("", _is_project)
    if not is_there:
        recorder.relative_folders.clear()
    child_processes.report_to(recorder, report)
    import_reads.wrap_loaded(_wrapping)
    path_queries.install(_wrapping)
    if is_there:
        working_folder.wrap_askers(_wrapping)
    third_party_reads.wrap_loaded(_wrapping)
    _wrapping.around(threading.Thread, "start", audit_events.adopt)
    if processes := sys.modules.get("multiprocessing.process"):
        _wrapping.around(vars(processes).get("BaseProcess"), "start", child_processes.process_started)
    child_processes.install()
    child_interpreters.wrap(child_interpreters.MODULE, _wrapping)
    starters = third_party_reads.Finder(
        _wrapping, frozenset({child_interpreters.MODULE}), child_interpreters.wrap
    )
    sys.meta_path[:0] = [import_reads.ImportObserver(), third_party_reads.Finder(_wrapping), starters]
    environment_reads.install()
    audit_events.start(recorder)


def _is_project(file: str) -> bool:
    return "-packages/" not in file and not file.startswith((_STANDARD, _OURS, "<frozen"))
