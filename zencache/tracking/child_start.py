"""Begins to report what a spawned child process reads. Only the child imports it."""

from __future__ import annotations

import os
from pathlib import Path

from zencache.tracking.audit_events import Recorder
from zencache.tracking.child_processes import report_to
from zencache.tracking.tracker import watch_process

_STANDARD = str(Path(os.__file__).parent)
_OURS = str(Path(__file__).parents[1])


def start(report: str, is_there: bool) -> None:
    """Report all that this process reads; `is_there` says whether it begins in the step's working folder."""
    recorder = Recorder("", _is_project)
    if not is_there:
        recorder.relative_folders.clear()
    report_to(recorder, report)
    watch_process(recorder)


def _is_project(file: str) -> bool:
    return "-packages/" not in file and not file.startswith((_STANDARD, _OURS, "<frozen"))
