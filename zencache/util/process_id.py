"""Identifies a process by machine, number and start time, and says whether it is still alive."""

from __future__ import annotations

import functools
import json
import os
import socket
from dataclasses import asdict, dataclass, fields
from pathlib import Path

_STARTED = 19  # the field of /proc/PID/stat after the command's name: ticks from boot to the process's start


@dataclass(frozen=True)
class Owner:
    """A process, anywhere.

    >>> Owner("node-7", "…", 4711, 99)
    Owner(host='node-7', machine='…', pid=4711, started=99)
    >>> print(Owner("node-7", "…", 4711, 99))
    process 4711 on node-7
    """

    host: str
    machine: str
    """Where its number means this process: the machine since it was booted, and the container on it."""
    pid: int
    started: int
    """Ticks from the machine's boot to the process's start."""

    @classmethod
    def of(cls, text: str) -> Owner:
        """Read a text of `to_text`, and ignore later fields; raises ValueError for other texts."""
        values = json.loads(text)
        try:
            return cls(**{field.name: values[field.name] for field in fields(cls)})
        except (KeyError, TypeError) as error:
            raise ValueError(f"no process is named by {text!r}") from error

    @classmethod
    def recorded(cls, text: str | None) -> Owner | None:
        """Read the process of a record; None if it names none, or in an unknown form."""
        try:
            return cls.of(text) if text else None
        except ValueError:
            return None

    def to_text(self) -> str:
        """Give it as JSON."""
        return json.dumps(asdict(self))

    def is_alive(self) -> bool | None:
        """Say whether it lives; None of one on another machine, or that this user may not see (`hidepid`)."""
        if self.machine != _machine():
            return None
        started = _started(self.pid)
        if started is None and _is_hidden(self.pid):
            return None
        return started == self.started

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def this_process() -> Owner:
    """Give the owner of what this process does."""
    return Owner(socket.gethostname(), _machine(), os.getpid(), _started(os.getpid()) or 0)


@functools.cache
def _machine() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot} {Path('/proc/self/ns/pid').readlink()}"


def _is_hidden(pid: int) -> bool:
    """Say whether a process exists whose folder in /proc is not shown."""
    if Path(f"/proc/{pid}").exists():
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def _started(pid: int) -> int | None:
    """Read when a process started; None of one that is not there, or has ended and was not waited for."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *fields = text.rpartition(")")[2].split()
    return None if state in "ZX" else int(fields[_STARTED - 1])
