"""What a step reads without declaring it: files, folders, environment variables; and what cannot be followed.

Python's audit hooks (PEP 578) tell of it while the step's function runs. What was seen is kept with
the execution, and compared with how things are when the execution is considered for reuse.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.caching import (
    watch_environment,
    watch_events,
    watch_files,
    watch_libraries,
    watch_randomness,
)
from zencache.caching.watch_events import Recorder, unwatched
from zencache.caching.watch_notes import notes, randomness
from zencache.caching.watch_wrapping import Wrapping

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from zencache.caching.files import FileDigests

__all__ = ["Seen", "Watch", "changed", "unwatched", "watching"]


@dataclass(frozen=True)
class Seen:
    """What a step was seen to read, with how it was then.

    >>> seen = Seen(files={"data/a.csv": "1b2"}, unstable=("counter.txt",))
    >>> Seen.from_json(seen.to_json()) == seen
    True
    """

    files: Mapping[str, str] = field(default_factory=dict)
    """Path to the digest of its content; "" for a file that the step looked for and did not find.
    Relative to the project's folder for what is inside it, else absolute."""
    folders: Mapping[str, str] = field(default_factory=dict)
    """Folder that was listed to the digest of the names in it."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variable to the digest of its value; "" for one that was not set."""
    unstable: tuple[str, ...] = ()
    """Files that changed while the step ran: a result that read such a file is never reused."""
    notes: tuple[str, ...] = ()
    """Sentences for the user about what cannot be followed, with the line to write."""
    remarks: tuple[str, ...] = ()
    """Sentences for who asks: what may bear on the result, and more often does not."""

    def to_json(self) -> str:
        """Write it as one line of JSON."""
        return json.dumps({"format": "seen/1", **asdict(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Seen:
        """Read what `to_json` wrote; what a later version added is left out."""
        data = json.loads(text)
        return cls(
            files=data.get("files", {}),
            folders=data.get("folders", {}),
            environment=data.get("environment", {}),
            unstable=tuple(data.get("unstable", ())),
            notes=tuple(data.get("notes", ())),
            remarks=tuple(data.get("remarks", ())),
        )


@dataclass
class Watch:
    """A step that is watched, or was."""

    recorder: Recorder
    root: Path
    ignore: tuple[Path, ...]
    digests: FileDigests
    uses: frozenset[str] = frozenset()
    unseeded: tuple[str, ...] = ()

    def seen(self) -> Seen:
        """Give what the step was seen to read; ask after it has ended."""
        with unwatched():
            return self._seen

    @property
    def modules(self) -> frozenset[str]:
        """The project's source files that were imported while the step ran, as absolute paths."""
        return frozenset(self._reads.modules)

    def _drawn(self, *, by_library: bool) -> tuple[str, ...]:
        """Write of the draws that the step's own code makes, or of those that libraries make in it."""
        used = {m: any(map(draws_from(m), self.uses)) for m in self.unseeded}
        chosen = [module for module, is_own in used.items() if is_own is not by_library]
        return tuple(randomness(self.recorder.step, module, by_library=by_library) for module in chosen)

    @cached_property
    def _places(self) -> watch_files.Places:
        working = [folder for folder, _ in self.recorder.segments]
        return watch_files.Places.of(self.root, self.ignore, working)

    @cached_property
    def _reads(self) -> watch_files.Reads:
        return watch_files.reads(self.recorder, self._places)

    @cached_property
    def _seen(self) -> Seen:
        name = self._places.name
        files = {name(path): self.digests.digest(Path(path)) or "" for path in self._reads.files}
        files |= {name(path): "" for path in self._reads.absent}
        folders = watch_files.folders(self.recorder, self._places)
        self.digests.flush()
        return Seen(
            files=dict(sorted(files.items())),
            folders={name(path): self.digests.listing(Path(path)) or "" for path in folders},
            environment={key: _digest(value) for key, value in sorted(self.recorder.environment.items())},
            unstable=tuple(sorted(map(name, self._reads.unstable))),
            notes=(*notes(self.recorder), *self._drawn(by_library=False)),
            remarks=self._drawn(by_library=True),
        )


@contextmanager
def watching(
    step: str,
    *,
    root: Path,
    ignore: Sequence[Path],
    digests: FileDigests,
    is_project: Callable[[str], bool],
    uses: frozenset[str] = frozenset(),
) -> Iterator[Watch]:
    """Notice what a step reads while it runs in this thread, and in threads that it starts.

    `ignore` names folders whose files never count, such as the store; `is_project` says whether a
    source file is the user's own code; `uses` are the dotted names of what its code uses of libraries.
    """
    watch = Watch(Recorder(step, is_project), root, tuple(ignore), digests, uses)
    _changes.begin(is_project)
    before = watch_randomness.State.now()
    outer = watch_events.start(watch.recorder)
    try:
        yield watch
    finally:
        watch_events.stop(watch.recorder, outer)
        _changes.end()
        if watch.recorder.alone:
            after = watch_randomness.State.now()
            watch.unseeded = tuple(watch_randomness.unseeded(before, after, watch.recorder.seeded))


class _Changes:
    """What is replaced in the process while at least one step is watched."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._watches = 0
        self._wrapping = Wrapping()
        self._finder = watch_libraries.Finder(self._wrapping)

    def begin(self, is_project: Callable[[str], bool]) -> None:
        with self._lock:
            self._watches += 1
            if self._watches == 1:
                with suppress(Exception):  # to see less is no reason to fail a step
                    self._install(is_project)

    def end(self) -> None:
        with self._lock:
            self._watches -= 1
            if not self._watches:
                self._uninstall()

    def _install(self, is_project: Callable[[str], bool]) -> None:
        if watch_libraries.wrap_loaded(self._wrapping):
            self._wrapping.rebind(_project_modules(is_project))
        self._wrapping.around(threading.Thread, "start", watch_events.adopt)
        processes: Any = sys.modules.get("multiprocessing.process")
        self._wrapping.around(getattr(processes, "BaseProcess", None), "start", _process_started)
        watch_randomness.wrap_seeders(self._wrapping)
        sys.meta_path.insert(0, self._finder)
        watch_environment.install()

    def _uninstall(self) -> None:
        watch_environment.uninstall()
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        self._wrapping.undo()


_changes = _Changes()


def draws_from(module: str) -> Callable[[str], bool]:
    """Give the test whether a dotted name is a function of a module's global generator.

    >>> draws_from("numpy.random")("numpy.random.rand"), draws_from("random")("random.Random")
    (True, False)
    """
    others = (".seed", ".Random", ".SystemRandom", ".RandomState", ".default_rng", ".Generator")
    return lambda name: name.rpartition(".")[0] == module and not name.endswith(others)


def _process_started(process: Any) -> None:
    for recorder in watch_events.recorders():
        recorder.programs.setdefault(type(process).__name__)


def _project_modules(is_project: Callable[[str], bool]) -> Iterator[types.ModuleType]:
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and "-packages/" not in file and is_project(file):
            yield module


def changed(seen: Seen, root: Path, digests: FileDigests) -> list[str]:
    """Say what is not as a step saw it; an empty list when its result still holds.

    >>> from pathlib import Path
    >>> from zencache.caching.files import FileDigests
    >>> changed(Seen(files={"data/train.csv": "1b2"}), Path.cwd(), FileDigests(None))
    ['data/train.csv, which it read, is gone']
    """
    with unwatched():
        found = [f"{name} changed while it was read" for name in seen.unstable]
        found += filter(None, (_of_file(*item, root, digests) for item in seen.files.items()))
        found += filter(None, (_of_folder(*item, root, digests) for item in seen.folders.items()))
        found += [
            f"environment variable {name} changed"
            for name, digest in seen.environment.items()
            if _digest(os.environ.get(name)) != digest
        ]
        digests.flush()
    return found


def _of_file(name: str, before: str, root: Path, digests: FileDigests) -> str | None:
    now = digests.digest(root / name) or ""
    if now == before:
        return None
    if not before:
        return f"{name}, which it looked for, is there now"
    return f"{name}, which it read, {'changed' if now else 'is gone'}"


def _of_folder(name: str, before: str, root: Path, digests: FileDigests) -> str | None:
    now = digests.listing(root / name)
    if now == before:
        return None
    shown = f"{name.rstrip('/')}/"
    return (
        f"the folder {shown}, which it listed, is gone" if now is None else f"the files in {shown} are others"
    )


def _digest(value: str | None) -> str:
    return "" if value is None else blake3(value.encode("utf-8", "surrogateescape")).hexdigest()
