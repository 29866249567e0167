"""Records Python's audit events for the step in whose thread they happen.

The hook records an `open` unprocessed; `file_reads` interprets it after the step. Rarer events are processed
at once, because some can be interpreted only then.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary, WeakSet

from zencache.tracking import read_owners
from zencache.util.fork_lock import fork_lock

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator, Mapping

    from zencache.code.source import Text
    from zencache.tracking.program_arguments import Arguments, Program

Opened: TypeAlias = tuple[Any, ...]  # path, mode, flags; as the event `open` has them

_COARSE_CLOCK = 5  # Linux's CLOCK_REALTIME_COARSE, which Python does not name
_UNIX = 1  # socket.AF_UNIX
_HERE = str(Path(__file__).parent)
_TOUCH = os.O_WRONLY  # without O_TRUNC: changed or removed, but not written whole
# Starts programs to inspect the machine, or to clean up.
_HOUSEKEEPERS = (
    "/platform.py",
    "/ctypes/util.py",
    "/uuid.py",
    "/resource_tracker.py",
    "/loky/backend/context.py",
)


def file_clock() -> int:
    """Give the time in nanoseconds, by the clock that file systems stamp files with."""
    if sys.platform == "linux":
        # A file written now gets the time of the last tick, which is earlier than `time.time`.
        return time.clock_gettime_ns(_COARSE_CLOCK)
    return time.time_ns()


def last_change(status: os.stat_result) -> int:
    """Give when a file was changed last, in nanoseconds; one that is moved into place is changed by that.

    The time of modification can be set by anyone. Where it has not come yet, it says nothing of changes.
    """
    if status.st_mtime_ns > file_clock():
        return status.st_ctime_ns
    return max(status.st_mtime_ns, status.st_ctime_ns)


def working_folder() -> str:
    """Give the working folder; `/` where it was removed."""
    try:
        return os.getcwd()  # noqa: PTH109 - text
    except OSError:  # it was removed
        return "/"


class CodePlace(NamedTuple):
    """Where a code object of another process comes from, under the names of its attributes."""

    co_filename: str
    co_firstlineno: int
    co_name: str


@dataclass(eq=False)
class Recorder:
    """The recorded actions of one step."""

    step: str
    is_project: Callable[[str], bool]
    began: int = field(default_factory=file_clock)
    segments: list[tuple[str, dict[Opened, None]]] = field(default_factory=lambda: [(working_folder(), {})])
    """For each working folder, in order, what was opened while it was the working folder. Each
    opening is kept once: a step may read the same files a million times."""
    relative_folders: dict[str, str] = field(default_factory=dict)
    """Working folders that the step reached by relative paths, to these; first the one where it began."""
    relative_listed: dict[str, str] = field(default_factory=dict)
    """Folders that were listed by a path relative to the working folder, to this path."""
    listed: dict[str, str] = field(default_factory=dict)
    """Folder to what was asked of its entries, a word of `tracking.listings`; "" if it was not there."""
    asked: set[tuple[Any, ...]] = field(default_factory=set)
    """The questions about paths that were recorded, each with the place in the code that asked."""
    sites: dict[tuple[Any, ...], tuple[str | None, tuple[str, ...] | None]] = field(default_factory=dict)
    """Places in the code that ask about paths, and for each the caller and what is used of the answer."""
    askers: dict[int, types.CodeType] = field(default_factory=dict)
    """The code objects of these places by their ids, which no others can get as long as they are here."""
    answers: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Kind, path and detail to the first answer; kinds are of `tracking.path_queries`."""
    relative_asked: dict[str, str] = field(default_factory=dict)
    """Paths that were asked about by a path relative to the working folder, to this path."""
    texts: set[str] = field(default_factory=set)
    """Source files that the project's own code read as text."""
    created: set[str] = field(default_factory=set)
    """Folders that did not exist before the step made them."""
    moved: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Path to the one that was renamed or linked to it, and whether that had changed since the step began."""
    hosts: dict[str, None] = field(default_factory=dict)
    programs: dict[str, None] = field(default_factory=dict)
    environment: dict[str, str | None] = field(default_factory=dict)
    """Variables that the project's code read, with what they were at first."""
    assigned: set[str] = field(default_factory=set)
    asked_folder: bool = False
    """Whether the project's code asked for the working folder."""
    whole_environment: bool = False
    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    """Kind to name to value, of `tracking.facts`: what else the step depends on."""
    imports: dict[str, str] = field(default_factory=dict)
    """Modules that were looked for because they were not loaded yet, with the files that asked for them."""
    covers: Callable[[types.CodeType], bool] | None = None
    """Says whether the step's key covers a code object; None if no code is noted."""
    ran: dict[int, tuple[types.CodeType, types.FunctionType | None]] = field(default_factory=dict)
    """By id, the code of the project that ran and is not covered; a function where it has a closure."""
    ran_elsewhere: dict[CodePlace, None] = field(default_factory=dict)
    """Code that ran in forked processes, and is not covered."""
    classes: dict[tuple[str, str], None] = field(default_factory=dict)
    """Files and qualified names that pickles refer to, of the project's classes and functions."""
    imported: dict[str, Text | None] = field(default_factory=dict)
    """File of a module of the project that was imported, to its text; None if it has none."""
    arguments: list[tuple[dict[Opened, None], Arguments]] = field(default_factory=list)
    """What programs were given, each with the place among what was opened."""
    reports: dict[str, dict[Opened, None]] = field(default_factory=dict)
    """Files that child processes report to, each with the place among what was opened."""
    spawned: dict[str, str | None] = field(default_factory=dict)
    """Of these files, those of processes that may be unable to report, with the kinds of these processes;
    None for programs that may start none that reports."""
    remarks: dict[str, None] = field(default_factory=dict)
    """Sentences about what was not recorded, shown only on request."""
    not_kept: dict[str, None] = field(default_factory=dict)
    """What was read before, may be kept in memory by code that the step uses, and was not all noted."""
    seeded: set[str] = field(default_factory=set)
    """The modules whose global generator was seeded."""
    alone: bool = True
    """Whether no other step was watched in the meantime."""

    def __post_init__(self) -> None:
        self.relative_folders.setdefault(self.folder(), ".")

    @property
    def ident(self) -> tuple[int, int]:
        """Tell this step from others, also when it is gone."""
        return id(self), self.began

    def relative(self, path: Any, folder: str) -> str | None:
        """Give a path relative to where the step began; None if it holds from any working folder."""
        text = os.fsdecode(path)
        above = self.relative_folders.get(folder)
        return None if above is None or text.startswith("/") else os.path.normpath(f"{above}/{text}")

    def folder(self) -> str:
        """Give the working folder."""
        return self.segments[-1][0]

    def enter(self, folder: str) -> None:
        """Note that the working folder is another one."""
        # Without the lock: in a forked process, nobody may be left to release it.
        self.segments.append((folder, {}))

    def expect(self, folder: str) -> dict[Opened, None]:
        """Make a place for what another process opens from now on, by paths relative to a folder."""
        table: dict[Opened, None] = {}
        self.segments += [(folder, table), (self.folder(), {})]
        return table

    def started(self, program: Program) -> None:
        """Note that a program was started, and the files that it was given."""
        from zencache.tracking.program_arguments import Arguments  # noqa: PLC0415 - few steps start one

        if threading.get_ident() not in reporting_threads:
            self.programs.setdefault(program.name)
        folder = self.folder()
        with unwatched():
            program = program.with_scripts(folder)
            program.note_on(self, os.environ)
            self.arguments.append((self.expect(folder), Arguments.of(program, folder)))

    def opened(self, path: Any, flags: int) -> None:
        """Note that a file was opened by something that raises no event."""
        self.segments[-1][1].setdefault((path, "library", flags))
        if flags & os.O_ACCMODE != os.O_WRONLY:
            read_owners.note_file(path, sys._getframe(1))  # noqa: SLF001

    def note(self, kind: str, name: str, value: str) -> None:
        """Note a fact that the step depends on; the first value of a name counts."""
        self.facts.setdefault(kind, {}).setdefault(name, value)

    def absorb(self, inner: Recorder) -> None:
        """Take over what a step did that ran within this one, in the same thread."""
        self.segments += [*inner.segments, (inner.folder(), {})]
        for name in ("relative_listed", "relative_asked", "hosts", "programs", "imports", "remarks"):
            getattr(self, name).update(getattr(inner, name))
        for folder, asked in inner.listed.items():  # what asks for more is the greater word
            self.listed[folder] = max(asked, self.listed.get(folder, ""))
        for name, value in inner.environment.items():
            if name not in self.assigned:
                self.environment.setdefault(name, value)
        self.assigned |= inner.assigned
        self.seeded |= inner.seeded
        self.whole_environment |= inner.whole_environment
        self.asked_folder |= inner.asked_folder
        self.answers = {**inner.answers, **self.answers}
        self.arguments += inner.arguments
        self.reports.update(inner.reports)
        self.spawned.update(inner.spawned)
        self.created |= inner.created
        self.moved = {**inner.moved, **self.moved}
        self.ran.update(inner.ran)
        self.imported.update(inner.imported)
        self.classes.update(inner.classes)
        self.ran_elsewhere.update(inner.ran_elsewhere)
        self.texts |= inner.texts
        for kind, values in inner.facts.items():
            for name, value in values.items():
                self.note(kind, name, value)
        self.alone = False


_lock = fork_lock()
_active: dict[int, Recorder] = {}  # by thread
_unwatched: set[int] = set()  # threads that work for zencache itself
_between_steps: set[int] = set()  # threads that work for zencache itself while no step is watched in them
_children: WeakKeyDictionary[threading.Thread, Recorder] = WeakKeyDictionary()
_ours: WeakSet[threading.Thread] = WeakSet()  # likewise, as long as they live
reporting_threads: set[int] = set()
"""Threads that are about to start a program which reports what it reads."""
_installed = False
_note_open: Callable[[Opened], object] | None = None  # None: nothing is watched
_note_text: Callable[[str], object] = str
sole: Recorder | None = None
"""The recorder that all threads' events belong to, if there is one step and nothing to leave out."""


def extend(
    events: Mapping[str, Callable[[Recorder, Opened], None]], note_text: Callable[[str], object]
) -> None:
    """Have more events recorded, and the openings of Python's source files."""
    global _note_text  # noqa: PLW0603 - set once
    _RARE.update(events)
    _note_text = note_text


@contextmanager
def recording(recorder: Recorder) -> Iterator[Recorder | None]:
    """Record this thread's events in `recorder` meanwhile; gives the recorder that it replaces."""
    outer = _active.get(threading.get_ident())
    try:
        start(recorder)
        yield outer
    finally:  # an interruption may come at any moment, even before it has started
        stop(recorder, outer)


def start(recorder: Recorder) -> Recorder | None:
    """Start recording this thread's events in `recorder`; gives the previous recorder."""
    global _installed  # noqa: PLW0603 - a hook is there once a process, for good
    with _lock:
        if not _installed:
            sys.addaudithook(_hook)
            _installed = True
        outer = _active.get(threading.get_ident())
        for other in _active.values():
            other.alone = recorder.alone = False
        _active[threading.get_ident()] = recorder
        choose()
    return outer


def stop(recorder: Recorder, outer: Recorder | None) -> None:
    """Stop recording in `recorder`, and continue with the previous one."""
    with _lock:
        if _active.get(threading.get_ident()) is recorder:
            _active.pop(threading.get_ident())
            if outer is not None:
                _active[threading.get_ident()] = outer
                outer.absorb(recorder)
        choose()


@contextmanager
def unwatched() -> Iterator[None]:
    """Ignore this thread's events: files that zencache itself reads are not inputs."""
    ident = threading.get_ident()
    if ident in _unwatched:
        yield
        return
    with _lock:
        _unwatched.add(ident)
        choose()
    try:
        yield
    finally:
        with _lock:
            _unwatched.discard(ident)
            choose()


@contextmanager
def between_steps() -> Iterator[None]:
    """Keep events of this thread from steps of other threads, while it plans, records and runs its own steps.

    Steps that run in this thread are still tracked.
    """
    ident = threading.get_ident()
    if ident in _between_steps:
        yield
        return
    with _lock:
        _between_steps.add(ident)
        choose()
    try:
        yield
    finally:
        with _lock:
            _between_steps.discard(ident)
            choose()


def recorders() -> tuple[Recorder, ...]:
    """Give the recorders that an event in this thread belongs to.

    That is the step's whose thread it is, or which started this thread. A thread that runs steps of its own
    works for no other. Any other thread may work for any step: its events go to all.
    """
    ident = threading.get_ident()
    # Not threading.current_thread(): it would make a thread object for a thread of C.
    thread = threading._active.get(ident)  # type: ignore[attr-defined]  # noqa: SLF001
    if ident in _unwatched or thread in _ours:
        return ()
    own = _active.get(ident) or (None if thread is None else _children.get(thread))
    active = tuple(_active.values())
    if own in active:
        return (own,)
    return () if ident in _between_steps else active


def active() -> tuple[Recorder, ...]:
    """Give the recorders of all steps that run."""
    return tuple(_active.values())


def disown(thread: threading.Thread | None = None) -> None:
    """Let what a thread does, this one if none is given, count for no step: it works for zencache itself."""
    with _lock:
        _ours.add(thread or threading.current_thread())
        choose()


def adopt(thread: threading.Thread) -> None:
    """Record that this thread is about to start another one."""
    active = recorders()
    if len(active) == 1:
        _children[thread] = active[0]


def choose() -> None:
    """Choose what the hook does with an `open`: with one step and nothing to leave out, the fastest."""
    global _note_open, sole  # noqa: PLW0603 - the hook must not look further
    sole = None
    if not _active:
        _note_open = None
    elif len(_active) == 1 and not (_unwatched or _ours) and _between_steps <= _active.keys():
        sole = next(iter(_active.values()))
        _note_open = sole.segments[-1][1].setdefault
    else:
        _note_open = _note_by_thread


def _note_by_thread(opened: Opened) -> None:
    for recorder in recorders():
        recorder.segments[-1][1].setdefault(opened)


def _hook(event: str, args: Opened) -> None:
    if _note_open is None:
        return
    try:
        if event == "open":
            _note_open(args)
            if type(args[0]) is str and args[0].endswith(".py"):
                _note_text(args[0])
        elif event in _RARE:
            for recorder in recorders():
                _RARE[event](recorder, args)
    except Exception:  # noqa: BLE001 - what is raised here would be raised in the step
        return


def absolute(path: Any, folder: str) -> str:
    """Make text of a path as events have it, and resolve it against a working folder."""
    if isinstance(path, int):
        return os.readlink(f"/proc/self/fd/{path}")  # noqa: PTH115 - text
    return os.path.normpath(os.path.join(folder, os.fsdecode(path)))  # noqa: PTH118 - hot, text


def _moved(recorder: Recorder, args: Opened) -> None:
    folder = absolute(args[0], recorder.folder())
    if Path(folder).is_dir():  # else it will fail
        relative = None if isinstance(args[0], int) else recorder.relative(args[0], recorder.folder())
        if relative is not None:
            recorder.relative_folders.setdefault(folder, relative)
        recorder.enter(folder)
        recorder.asked.clear()
        choose()


def _made(recorder: Recorder, args: Opened) -> None:
    folder = absolute(args[0], recorder.folder())
    if not Path(folder).exists():
        recorder.created.add(folder)


def _unpickled(recorder: Recorder, args: Opened) -> None:
    """Record the module of an object that a pickle names, which is not in any syntax tree."""
    recorder.imports.setdefault(args[0], "")
    file = getattr(sys.modules.get(args[0]), "__file__", None)
    if not file:
        return
    if recorder.covers is not None and recorder.is_project(file):
        recorder.classes[file, str(args[1])] = None
    else:
        recorder.opened(file, os.O_RDONLY)


def _touched(recorder: Recorder, args: Opened) -> None:
    recorder.opened(args[0], _TOUCH)


def _renamed(recorder: Recorder, args: Opened) -> None:
    recorder.opened(args[0], _TOUCH)
    _linked(recorder, args)


def _linked(recorder: Recorder, args: Opened) -> None:
    recorder.opened(args[1], _TOUCH)
    source, target = (absolute(path, recorder.folder()) for path in args[:2])
    recorder.moved.setdefault(target, (source, _is_changed_since(source, recorder.began)))


def _symlinked(recorder: Recorder, args: Opened) -> None:
    recorder.opened(args[1], _TOUCH)


def _is_changed_since(path: str, moment: int) -> bool:
    try:
        return os.stat(path).st_mtime_ns >= moment  # noqa: PTH116 - text
    except OSError:
        return False


def _loaded(recorder: Recorder, args: Opened) -> None:
    """Record a library in C; the system finds one that is named without a folder."""
    if args[0] and "/" in (name := os.fsdecode(args[0])):
        recorder.opened(name, os.O_RDONLY)


def _looked_up(recorder: Recorder, args: Opened) -> None:
    if args[0]:
        recorder.hosts.setdefault(os.fsdecode(args[0]))


def _requested(recorder: Recorder, args: Opened) -> None:
    scheme, _, rest = str(args[0]).partition("://")
    if scheme != "file" and rest:
        recorder.hosts.setdefault(rest.partition("/")[0].rpartition("@")[2].partition(":")[0])


def _connected(recorder: Recorder, args: Opened) -> None:
    # If a name was resolved, it is more useful than its address.
    if args[0].family != _UNIX and not recorder.hosts:
        recorder.hosts.setdefault(str(args[1][0]))


def _web(recorder: Recorder, args: Opened) -> None:
    recorder.hosts.setdefault(str(args[1]))


def _program(recorder: Recorder, args: Opened) -> None:
    if not called_by(_HOUSEKEEPERS, deep=6):
        from zencache.tracking.program_arguments import Program  # noqa: PLC0415 - few steps start one

        with unwatched():
            program = Program.of(args, os.environ)
        recorder.started(program)
        choose()


def caller() -> types.FrameType | None:
    """Give the nearest frame outside the modules that record events."""
    frame: types.FrameType | None = sys._getframe(1)  # noqa: SLF001 - inspect.stack() would read the source
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return frame


def called_by(files: tuple[str, ...], *, deep: int) -> bool:
    """Say whether one of the nearest callers outside this module is in one of some files."""
    frame = caller()
    while frame is not None and deep:
        if any(part in frame.f_code.co_filename for part in files):
            return True
        frame, deep = frame.f_back, deep - 1
    return False


_RARE: dict[str, Callable[[Recorder, Opened], None]] = {
    "os.chdir": _moved,
    "os.mkdir": _made,
    **dict.fromkeys(("os.remove", "os.truncate"), _touched),
    "os.rename": _renamed,
    "os.link": _linked,
    "os.symlink": _symlinked,
    "pickle.find_class": _unpickled,
    "ctypes.dlopen": _loaded,
    **dict.fromkeys(("socket.getaddrinfo", "socket.gethostbyname"), _looked_up),
    "urllib.Request": _requested,
    "socket.connect": _connected,
    "http.client.connect": _web,
    **dict.fromkeys(("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"), _program),
}
