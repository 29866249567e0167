"""Which process a run belongs to, and whether that is still there."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path

FORGOTTEN = timedelta(days=7)
"""After this time, a run of a process that cannot be asked about is taken for dead."""


def this_process() -> str:
    """Name this process so that no later one of the same number is mistaken for it."""
    return _named(os.getpid())


def may_be_alive(owner: str | None, since: datetime) -> bool:
    """Say whether the process that owns a run since a moment may still be there.

    One of another machine cannot be asked about: it may be, for a week.

    >>> now = datetime.now(timezone.utc)
    >>> may_be_alive(this_process(), now), may_be_alive(this_process().replace('"started": "', '"started": "1'), now)
    (True, False)
    >>> may_be_alive(None, now), may_be_alive(None, now - timedelta(days=8))
    (True, False)
    """
    try:
        told = json.loads(owner or "")
        host, pid, started = told["host"], int(told["pid"]), told["started"]
    except (ValueError, KeyError, TypeError):
        host, pid, started = None, 0, ""
    if host != _host():
        return datetime.now(timezone.utc) - since < FORGOTTEN
    return _is_there(pid) and started == _started(pid)


@lru_cache(maxsize=4)  # a process that was forked has another number
def _named(pid: int) -> str:
    return json.dumps({"host": _host(), "pid": pid, "started": _started(pid)})


@lru_cache(maxsize=1)
def _host() -> str:
    """Name the machine as booted, and the space that process numbers count in: a container has its own."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    try:
        return f"{os.uname().nodename} {boot.read_text().strip()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return os.uname().nodename


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return _state(pid) != "Z"


def _started(pid: int) -> str:
    """Give when a process was started, in ticks since the boot; empty where the system does not tell."""
    return _stat(pid, 19)


def _state(pid: int) -> str:
    return _stat(pid, 0)


def _stat(pid: int, field: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[field]  # the name before it may have blanks and brackets
