"""Sorts what a step wrote: files that count as its outputs, and others, such as logs and databases.

A file counts if the step wrote it whole, below the project's folder. What the step added to, or changed in
place, holds more than the step's own result.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.tracking.file_digests import files_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from zencache.tracking.audit_events import Recorder
    from zencache.tracking.file_reads import Places, Reads

_WHOLE = os.O_TRUNC | os.O_EXCL
_NOT_WRITTEN_OTHERWISE = ~os.O_WRONLY
_TEMPORARY = "in a temporary or cache folder"
_LOG = "a log"
_OUTSIDE = "outside of the project"
_TEMPORARY_FOLDERS = frozenset({"tmp", "temp", "cache", "caches", "__pycache__", "node_modules"})
_LOG_FOLDERS = frozenset(
    {"log", "logs", "mlruns", "mlartifacts", "wandb", "lightning_logs", "tb_logs", "catboost_info"}
)
_BY_ENDING: Mapping[str, str] = {
    **dict.fromkeys((".log",), _LOG),
    **dict.fromkeys((".tmp", ".temp", ".swp", ".lock", ".pid", ".pyc"), "a temporary file"),
    **dict.fromkeys((".db", ".db3", ".sqlite", ".sqlite3", ".duckdb", ".mdb", ".dbm"), "a database"),
    **dict.fromkeys(("-wal", "-shm", "-journal"), "a database"),
}
_MOST = 5  # files that a remark names


@dataclass(frozen=True)
class Written:
    """What a step wrote; paths are absolute."""

    outputs: tuple[str, ...] = ()
    """Files that it wrote whole, and which count as outputs."""
    modified: tuple[str, ...] = ()
    """Files of the project that it changed, added to or removed."""
    others: Mapping[str, str] = field(default_factory=dict)
    """File that it wrote and that does not count, to the reason."""

    def remarks(self, step: str, name: Callable[[str], str]) -> tuple[str, ...]:
        """Write the sentence about the files that do not count, if there are any; `name` shortens a path."""
        return (remark(step, {name(p): reason for p, reason in self.others.items()}),) if self.others else ()


def written_files(recorder: Recorder, reads: Reads, places: Places) -> Written:
    """Sort the files that a step wrote, as they are now."""
    whole = _whole(recorder, reads.written)
    outputs, modified, others = [], [], {}
    for path in sorted({**reads.written, **dict.fromkeys(whole)}):
        rule = places.rule(path)
        if rule == "no":
            continue
        status = _status(path)
        reason = _reason(path, rule, places)
        if reason is None and (path not in reads.unstable) and _is_whole(path, whole, reads, status):
            outputs.append(path)
            continue
        if not places.name(path).startswith("/"):
            modified.append(path)
        if status is not None:
            others[path] = reason or _manner(reads.written[path])
    return Written(tuple(outputs), tuple(modified), others)


def remark(step: str, others: Mapping[str, str]) -> str:
    """Write the sentence about files that a step wrote and that do not count.

    >>> remark("train", {"run.log": "a log"})
    'step train writes run.log (a log), which is not compared before its result is reused'
    """
    shown = [f"{name} ({reason})" for name, reason in list(others.items())[:_MOST]]
    names = ", ".join([*shown, *(["…"] if len(others) > _MOST else [])])
    verb = "are" if len(others) > 1 else "is"
    return f"step {step} writes {names}, which {verb} not compared before its result is reused"


def _whole(recorder: Recorder, flags: Mapping[str, int]) -> dict[str, None]:
    """Give the paths that were opened to be written whole, and those that such files were moved to."""
    whole = dict.fromkeys(path for path, each in flags.items() if each & _WHOLE)
    for target, (source, is_new) in list(recorder.moved.items()):
        others = flags.get(source, 0) & _NOT_WRITTEN_OTHERWISE
        if source in whole or (is_new and not others and not _is_folder(target)):
            whole[target] = None
        elif _is_folder(target):
            moved = (f"{target}{path[len(source) :]}" for path in whole if path.startswith(f"{source}/"))
            whole.update(dict.fromkeys([*moved, *_files_of(target, source in recorder.created)]))
    return whole


def _files_of(folder: str, is_own: bool) -> Iterator[str]:
    """Give the files below a folder that the step made."""
    return map(str, files_below(Path(folder))) if is_own else iter(())


def _is_whole(path: str, whole: Iterable[str], reads: Reads, status: os.stat_result | None) -> bool:
    if status is None:
        return False
    # A file that was only made, as `Path.touch` does, has no other content.
    is_made = reads.written.get(path, 0) & (os.O_CREAT | os.O_APPEND) == os.O_CREAT
    return path in whole or (is_made and not status.st_size)


def _reason(path: str, rule: str, places: Places) -> str | None:
    """Say why no file at this path counts; None if it does."""
    if rule == "older":
        return _TEMPORARY
    name = places.name(path)
    if name.startswith("/"):
        return _OUTSIDE
    *folders, last = name.lower().split("/")
    if any(each.startswith(".") or each in _TEMPORARY_FOLDERS or each.endswith("_cache") for each in folders):
        return _TEMPORARY
    if not _LOG_FOLDERS.isdisjoint(folders):
        return _LOG
    return next((reason for ending, reason in _BY_ENDING.items() if last.endswith(ending)), None)


def _manner(flags: int) -> str:
    return "added to" if flags & os.O_APPEND else "changed in place"


def _status(path: str) -> os.stat_result | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - text
    except (OSError, ValueError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - text
