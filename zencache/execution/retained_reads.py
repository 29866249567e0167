"""Counts a file that a step read and keeps in memory as an input of the later steps that use it.

A helper may read a file once and keep it, in a global or an `lru_cache`, for every step that calls it in
this process; only the first step is seen to read it. So reads are recorded with the state that changed
meanwhile, and count for each step whose code reaches that state.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from zencache.code.digest import CodeReader
from zencache.tracking.facts import merge_facts
from zencache.tracking.notes import left_values
from zencache.tracking.observed_inputs import Seen
from zencache.util.fork_lock import fork_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from zencache.code.digest import CodeDigest
    from zencache.tracking.tracker import Watch

_DIGEST = 64  # characters of a state that are the digest of its content; how full a cache is follows
_lock = fork_lock()
_retained: dict[tuple[Path, str], Seen] = {}
_running: dict[int, RetainedReads] = {}
_ended: dict[tuple[Path, str], Seen] = {}
"""What the steps of a project read that ended in this process, by the step's name, the last time each."""


@dataclass(eq=False)
class RetainedReads:
    """The state that the code of a running step keeps in memory, as it was when the step began."""

    watch: Watch
    function: Callable[..., Any]
    before: Mapping[str, str]
    left: tuple[Seen, ...] = ()
    """What steps read that may have left it in the state since the run was planned."""

    @classmethod
    def begin(
        cls, watch: Watch, function: Callable[..., Any], planned: Mapping[str, str] | None = None
    ) -> RetainedReads:
        """Record the state at the start of a step; `planned` is the state that its key holds."""
        retained = cls(watch, function, CodeReader().of(function).state)
        if planned is not None and (changed := list(retained.changed_values(planned))):
            watch.recorder.remarks[left_values(watch.recorder.step, changed)] = None
        with _lock:
            if planned is not None and retained.has_unexplained_change(planned):
                retained.left = tuple(seen for (root, _), seen in _ended.items() if root == watch.root)
            _running[id(retained)] = retained
        return retained

    def changed_values(self, planned: Mapping[str, str]) -> Iterator[str]:
        """List the values that are not what the step's key holds; how full a cache is does not count."""
        for name, state in self.before.items():
            if planned.get(name, state)[:_DIGEST] != state[:_DIGEST]:
                yield name

    def has_unexplained_change(self, planned: Mapping[str, str]) -> bool:
        """Say whether some state is not what the step's key holds, and no step is known to have done it."""
        changed = (name for name, state in self.before.items() if planned.get(name, state) != state)
        return any((self.watch.root, name) not in _retained for name in changed)

    def has_changed(self, now: Mapping[str, str]) -> bool:
        """Say whether some state of this step's code changed since the step began."""
        return any(name in self.before and self.before[name] != state for name, state in now.items())

    def adopt_answers(self) -> None:
        """Let what code that the step reaches asked about paths before count as asked by the step."""
        if self._code.reached is not None:
            self.watch.adopt_answers(self._code.reached.reader)

    @cached_property
    def _code(self) -> CodeDigest:
        """The step's code when it has ended."""
        return CodeReader().of(self.function)

    def end(self, seen: Seen) -> Seen:
        """Add the reads that earlier and concurrent steps retain; and record the reads of this step."""
        code, after = self._code, self._code.state
        place_of = {name: (self.watch.root, name) for name in after}
        with _lock:
            concurrent = [r for r in _running.values() if r is not self and r.has_changed(after)]
            earlier = [_retained[place] for place in place_of.values() if place in _retained]
        all_reads = merge_seen([seen, *earlier, *self.left, *(other.watch.so_far() for other in concurrent)])
        with _lock:
            for name, state in after.items():
                if self.before.get(name) != state:
                    _retained[place_of[name]] = all_reads
            _ended[self.watch.root, self.watch.recorder.step] = all_reads
            _running.pop(id(self), None)
        own = with_own(all_reads, seen)
        if code.reached is None:
            return own
        ran = frozenset(self.watch.recorder.ran)
        return self.watch.owned(partial(code.reached.reader, ran=ran)).added_to(own)

    def end_unknown(self, unknown: Seen) -> None:
        """Record for later steps that it is not known what this step read, and may have kept."""
        try:
            after = self._code.state
        except Exception:  # noqa: BLE001 - then any state may be another one
            after = dict.fromkeys(self.before, "unknown")
        with _lock:
            for name, state in after.items():
                if self.before.get(name) != state:
                    _retained[self.watch.root, name] = unknown
            _ended[self.watch.root, self.watch.recorder.step] = unknown
            _running.pop(id(self), None)

    def forget(self) -> None:
        """Drop the state of a step that was interrupted."""
        with _lock:
            _running.pop(id(self), None)


def with_own(merged: Seen, own: Seen) -> Seen:
    """Give merged reads with what is one step's alone: what it wrote, and what is said of it."""
    relative = {name: path for name, path in own.relative.items() if name in own.writes}
    return dataclasses.replace(
        merged,
        writes=own.writes,
        modified=own.modified,
        relative={**merged.relative, **relative},
        notes=own.notes,
        remarks=own.remarks,
    )


def merge_seen(parts: Iterable[Seen]) -> Seen:
    """Merge what several steps saw; of a file that several read, the first digest counts."""
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    relative: dict[str, str] = {}
    environment: dict[str, str] = {}
    unstable: dict[str, None] = {}
    every = list(parts)
    for part in reversed(every):
        files |= part.files
        folders |= part.folders
        relative |= part.relative
        environment |= part.environment
        unstable |= dict.fromkeys(part.unstable)
    facts = merge_facts([part.facts for part in every])
    return Seen(
        files,
        folders,
        environment,
        facts=facts,
        relative=relative,
        readers=_readers(every),
        unstable=tuple(unstable),
    )


def _readers(parts: Sequence[Seen]) -> dict[str, str]:
    """Merge who read what, without what one of the steps read itself."""
    readers: dict[str, str] = {}
    for part in parts:
        for name, reader in part.readers.items():
            if all(name in each.readers for each in parts if _has(each, name)):
                readers.setdefault(name, reader)
    return readers


def _has(seen: Seen, name: str) -> bool:
    return name in seen.files or name in seen.folders or name in seen.unstable or name[1:] in seen.environment
