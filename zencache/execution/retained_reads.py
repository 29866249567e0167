"""Files that a step read are inputs of later steps too, where its code keeps what it read.

A helper that reads a file once and keeps it, in a global or an `lru_cache`, reads it for every step that
calls it in this process; only the first of them is seen to read. So what was read while a memory changed
is remembered with the memory, and counts for each step whose code reaches it.
"""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zencache.code.digest import CodeReader
from zencache.tracking.observed_inputs import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from zencache.tracking.tracker import Watch

_lock = threading.Lock()
_kept: dict[tuple[Path, str], Seen] = {}
_running: dict[int, Memories] = {}


@dataclass(eq=False)
class Memories:
    """What the code of a running step keeps in memory, as it was when the step began."""

    watch: Watch
    function: Callable[..., Any]
    before: Mapping[str, str]

    @classmethod
    def begin(cls, watch: Watch, function: Callable[..., Any]) -> Memories:
        """Note how the memories are."""
        made = cls(watch, function, CodeReader().of(function).state)
        with _lock:
            _running[id(made)] = made
        return made

    def has_changed(self, now: Mapping[str, str]) -> bool:
        """Say whether something that this step's code keeps is not as it was when the step began."""
        return any(name in self.before and self.before[name] != state for name, state in now.items())

    def end(self, seen: Seen) -> Seen:
        """Add what is kept from earlier steps, or from those that run; and keep what this one read."""
        after = CodeReader().of(self.function).state
        places = {name: (self.watch.root, name) for name in after}
        with _lock:
            others = [m for m in _running.values() if m is not self and m.has_changed(after)]
            known = [_kept[place] for place in places.values() if place in _kept]
        found = merged([seen, *known, *(other.watch.so_far() for other in others)])
        with _lock:
            for name, state in after.items():
                if self.before.get(name) != state:
                    _kept[places[name]] = found
            _running.pop(id(self), None)
        return dataclasses.replace(found, notes=seen.notes, remarks=seen.remarks)

    def forget(self) -> None:
        """Leave a step that was interrupted."""
        with _lock:
            _running.pop(id(self), None)


def merged(parts: Iterable[Seen]) -> Seen:
    """Put together what several saw; the first one's digest counts for a file that several read."""
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    environment: dict[str, str] = {}
    unstable: dict[str, None] = {}
    for part in reversed(list(parts)):
        files |= part.files
        folders |= part.folders
        environment |= part.environment
        unstable |= dict.fromkeys(part.unstable)
    return Seen(files, folders, environment, unstable=tuple(unstable))
