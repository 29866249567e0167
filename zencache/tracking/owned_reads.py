"""Turns reads that other code made before a step, or beside it, into inputs of the step."""

from __future__ import annotations

import dataclasses
import os
import stat
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.tracking import read_owners
from zencache.tracking.audit_events import last_change
from zencache.tracking.observed_inputs import digest_of_all, digest_of_variable

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Mapping, Sequence

    from zencache.tracking.file_digests import FileDigests
    from zencache.tracking.file_reads import Places
    from zencache.tracking.observed_inputs import Seen
    from zencache.tracking.read_owners import Read

    Frames = Sequence[tuple[types.CodeType, int]]
    Reader = Callable[[Frames, Callable[[str], bool]], tuple[str, str] | None]
_digests: dict[tuple[str, int], str] = {}
"""Path and time of a read to the digest of what was read: the file may change later."""


@dataclass
class OwnedReads:
    """The reads of code that a step reaches."""

    places: Places
    digests: FileDigests
    reader: Reader
    """Gives the file and the function that read for the step in some frames, or None."""
    _files: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Path to the time of the last read, and who read it."""
    _folders: dict[str, tuple[int, str]] = field(default_factory=dict)
    _variables: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    _patterns: dict[tuple[str, str], int] = field(default_factory=dict)

    def added_to(self, seen: Seen) -> Seen:
        """Add the reads to what a step itself was seen to read."""
        self._collect()
        files, folders, readers = dict(seen.files), dict(seen.folders), dict(seen.readers)
        unstable = dict.fromkeys(seen.unstable)
        written = read_owners.written()
        for path, (when, reader) in sorted(self._files.items()):
            name = self.places.name(path)
            if name in unstable or written.get(path, when + 1) <= when:
                continue
            digest = self._digest(path, when, read_owners.began[0])
            if digest is None:
                unstable[name] = None
                readers[name] = reader
            elif digest != _NO_INPUT and files.setdefault(name, digest) == digest and name not in seen.files:
                readers[name] = reader
        for path, (when, reader) in sorted(self._folders.items()):
            name = self.places.name(path)
            if name not in folders and (digest := self._listing(path, when)):
                folders[name], readers[name] = digest, reader
        environment = {**self._environment(), **seen.environment}
        readers |= {f"${n}": r for n, (_, r) in self._variables.items() if n not in seen.environment}
        return dataclasses.replace(
            seen,
            files=files,
            folders=folders,
            environment=environment,
            facts=self._with_patterns(seen.facts),
            readers=readers,
            unstable=tuple(unstable),
        )

    def _with_patterns(self, facts: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
        """Add the patterns that were matched; the step's own may be relative to its working folder."""
        if not self._patterns:
            return facts
        from zencache.tracking import path_facts  # noqa: PLC0415 - only where a pattern was matched
        from zencache.tracking.listings import GLOBS  # noqa: PLC0415 - likewise

        root, own = Path(self.places.root), facts.get(GLOBS, {})
        relative = {name.replace(" ./", " ", 1).replace(" ./", " ", 1) for name in own}
        patterns = {}
        for (how, pattern), when in sorted(self._patterns.items()):
            name = path_facts.name_of_pattern(how, pattern, self.places)
            if name is not None and name not in relative:
                key = (name, when)
                if key not in _digests:
                    _digests[key] = path_facts.digest_of_matches(name, root)
                patterns[name] = _digests[key]
        return {**facts, GLOBS: {**patterns, **own}} if patterns else facts

    def _collect(self) -> None:
        for read in read_owners.reads():
            found = self.reader(read.frames, partial(_is_outdated, read))
            if found is None:
                continue
            reader = self._named(*found)
            for collected, paths in ((self._files, read.files), (self._folders, read.folders)):
                for raw, when in paths.items():
                    path = os.path.normpath(raw)
                    collected[path] = max(collected.get(path, (0, "")), (when, reader))
            for key, when in read.patterns.items():
                self._patterns[key] = max(self._patterns.get(key, 0), when)
            for name, value in read.variables.items():
                self._variables.setdefault(name, (value, reader))

    def _named(self, file: str, function: str) -> str:
        name = self.places.name(file)
        shown = Path(name).name if name.startswith("/") else name
        return f"`{function}` in {shown}" if function else shown

    def _environment(self) -> dict[str, str]:
        return {
            name: digest_of_all() if name == read_owners.ALL else digest_of_variable(value)
            for name, (value, _) in sorted(self._variables.items())
        }

    def _digest(self, path: str, when: int, began: int) -> str | None:
        """Give the digest of what was read, "" if nothing was there; None if that cannot be told any more."""
        rule = self.places.rule(path)
        if rule == "no":
            return _NO_INPUT
        if (path, when) in _digests:
            return _digests[path, when]
        try:
            status = os.stat(path)  # noqa: PTH116
        except (OSError, ValueError):
            return "" if rule == "yes" else _NO_INPUT
        touched = last_change(status)
        is_passing = (rule == "older" or not status.st_size) and touched > began
        if not stat.S_ISREG(status.st_mode) or is_passing:
            return _NO_INPUT
        if touched > when:
            return None
        digest = _digests[path, when] = self.digests.digest(Path(path)) or ""
        return digest

    def _listing(self, path: str, when: int) -> str | None:
        if self.places.rule(path) not in ("yes", "found"):
            return None
        if (path, when) not in _digests:
            digest = self.digests.listing(Path(path))
            if digest is None:
                return None
            _digests[path, when] = digest
        return _digests[path, when]


_NO_INPUT = "no input"


def _is_outdated(read: Read, file: str) -> bool:
    """Say whether a module was executed again since it read."""
    last = max((*read.files.values(), *read.folders.values()), default=0)
    return 0 < last < read_owners.executed(file)
