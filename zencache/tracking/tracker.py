"""Tracks the undeclared inputs of a running step: files, folders, environment variables, and others.

Python's audit hooks (PEP 578) report them while the step's function runs. They are recorded with the
execution, and compared with the current state before the execution is reused.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.tracking import (
    ambient_state,
    audit_events,
    child_interpreters,
    child_processes,
    code_readers,
    environment_reads,
    file_reads,
    generator_state,
    import_reads,
    logger_levels,
    path_events,
    path_queries,
    read_owners,
    running_code,
    sqlite_reads,
    third_party_reads,
    working_folder,
)
from zencache.tracking import randomness as generators
from zencache.tracking.ambient_state import Begun
from zencache.tracking.audit_events import Recorder, unwatched
from zencache.tracking.child_reports import collect
from zencache.tracking.late_modules import LateModules
from zencache.tracking.notes import left_settings, notes, randomness
from zencache.tracking.observed_inputs import ALL, Seen, digest_of_all, digest_of_variable
from zencache.tracking.owned_reads import OwnedReads
from zencache.tracking.patching import Wrapping
from zencache.util.fork_lock import fork_lock
from zencache.util.imports import remove_finders

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Collection, Iterator, Sequence

    from zencache.code.source import Text
    from zencache.tracking.file_digests import FileDigests
    from zencache.tracking.owned_reads import Reader
    from zencache.tracking.written_files import Written


@dataclass
class Watch:
    """A step that is watched, or was."""

    recorder: Recorder
    root: Path
    ignore: tuple[Path, ...]
    digests: FileDigests
    uses: frozenset[str] = frozenset()
    unseeded: tuple[str, ...] = ()
    digested: Callable[[], Collection[str]] = tuple
    """Gives the files of modules whose use the step's key covers, though they are imported when it runs."""
    began: Begun | None = None
    state: dict[str, str] = field(default_factory=dict)
    """What the step depends on of the state of libraries, as `ambient_state` names it."""
    left: tuple[str, ...] = ()
    """The settings of libraries that an earlier step left as they are."""

    def seen(self) -> Seen:
        """Give what the step was seen to read; ask after it has ended."""
        with unwatched():
            return self._seen

    def so_far(self) -> Seen:
        """Give what a step that still runs was seen to read until now."""
        with suppress(Exception):  # a step must not fail because less is seen
            collect(self.recorder, is_over=False)
        return Watch(
            self.recorder, self.root, self.ignore, self.digests, self.uses, digested=self.digested
        ).seen()

    def owned(self, reader: Reader) -> OwnedReads:
        """Give the reads of code that the step reaches; `reader` says who read for it in some frames."""
        return OwnedReads(self._places, self.digests, reader)

    def adopt_answers(self, reader: Reader) -> None:
        """Record what code that the step reaches asked about paths; call it before `seen`."""
        for read in read_owners.reads():
            if read.answers and reader(read.frames, lambda _: False) is not None:
                for question, answer in read.answers.items():
                    self.recorder.answers.setdefault(question, answer)
                if read.partly - {self.recorder.ident}:
                    name = read.frames[0][0].co_name
                    self.recorder.not_kept.setdefault(f"questions of `{name}` about paths")
        if read_owners.is_full:
            self.recorder.not_kept.setdefault("reads of very many places in the code")

    @property
    def modules(self) -> frozenset[str]:
        """The project's source files that were imported while the step ran, as absolute paths."""
        return frozenset(self._reads.modules)

    @property
    def shaped(self) -> frozenset[str]:
        """The source files that the facts of kind `code` cover, by the shapes of what ran in them."""
        files = self.recorder.imported if self.recorder.covers is not None else ()
        return frozenset(map(os.path.normpath, files))

    @cached_property
    def _written(self) -> Written | None:
        """What the step wrote; None if it wrote nothing."""
        if not self._reads.written:
            return None
        from zencache.tracking.written_files import written_files  # noqa: PLC0415 - not if it writes nothing

        return written_files(self.recorder, self._reads, self._places)

    def _facts(self) -> dict[str, dict[str, str]]:
        facts = {
            kind: dict(sorted(values.copy().items())) for kind, values in list(self.recorder.facts.items())
        }
        if self.recorder.answers:
            from zencache.tracking.path_facts import facts_of  # noqa: PLC0415 - only where a step ran

            asked = facts_of(self.recorder, self._places, self._reads, self.root)
            facts |= {kind: dict(sorted(values.copy().items())) for kind, values in asked.items()}
        imported = {f: t for f, t in list(self.recorder.imported.items()) if f not in self.digested()}
        facts |= self._code(imported)
        if state := self._state():
            facts[ambient_state.KIND] = state
        if self.recorder.programs:
            facts["unseen programs"] = dict.fromkeys(list(self.recorder.programs), "")
        if self.recorder.not_kept:
            facts["unseen reads"] = dict.fromkeys(list(self.recorder.not_kept), "")
        return facts

    def _code(self, imported: dict[str, Text | None]) -> dict[str, dict[str, str]]:
        recorder = self.recorder
        noted = (recorder.ran, recorder.ran_elsewhere, recorder.classes, imported)
        if recorder.covers is None or not any(noted):
            return {}
        from zencache.tracking.seen_code import KIND, code_facts  # noqa: PLC0415 - few steps need it

        ran, elsewhere, classes = list(recorder.ran.values()), list(recorder.ran_elsewhere), recorder.classes
        return {
            KIND: code_facts(
                ran,
                imported,
                self.root,
                classes=list(classes),
                elsewhere=elsewhere,
                remember=self.digests,
            )
        }

    def _environment(self) -> dict[str, str]:
        read = sorted(self.recorder.environment.items())
        named = {key: digest_of_variable(value) for key, value in read}
        return {**named, **({ALL: digest_of_all()} if self.recorder.whole_environment else {})}

    def _drawn(self, *, by_library: bool) -> tuple[str, ...]:
        """Write of the draws that the step's own code makes, or of those that libraries make in it."""
        used = {m: any(map(draws_from(m), self.uses)) for m in self.unseeded}
        chosen = [module for module, is_own in used.items() if is_own is not by_library]
        return tuple(randomness(self.recorder.step, module, by_library=by_library) for module in chosen)

    def _state(self) -> dict[str, str]:
        if self.recorder.asked_folder or not self.uses.isdisjoint(working_folder.ASKERS):
            folder = ambient_state.folder_text(self.root, self.recorder.segments[0][0])
            return dict(sorted({**self.state, ambient_state.FOLDER: folder}.items()))
        return dict(sorted(self.state.items()))

    def ended(self, before: generators.State) -> None:
        """Compare the state of libraries and generators with what it was when the step began."""
        try:
            self._compare(before)
        finally:
            if self.began is not None:
                self.began.ended()

    def _compare(self, before: generators.State) -> None:
        recorder, after = self.recorder, generators.State.now()
        moved = [
            module
            for module in generator_state.MODULES
            if generator_state.has_moved(before.of(module), after.of(module))
        ]
        if recorder.alone:
            self.unseeded = tuple(generators.unseeded(before, after, recorder.seeded))
        if self.began is None:
            return
        drawn = {
            module: self.began.origins[module]
            for module in generator_state.MODULES
            if module not in recorder.seeded and self._drew(module, moved=moved)
        }
        self.state = {
            **self.began.facts(self.uses),
            **{m: how for m, how in drawn.items() if how is not None},
        }
        self.left = tuple(self.began.left_by_others(self.uses))
        for module in generator_state.MODULES:
            generator_state.ended(module, seeded=module in recorder.seeded)

    def _drew(self, module: str, *, moved: Collection[str]) -> bool:
        """Say whether the step drew from a global generator; of steps at one time, those that may have."""
        if self.recorder.alone:
            return module in moved
        return any(map(draws_from(module), self.uses))

    @cached_property
    def _places(self) -> file_reads.Places:
        working = [folder for folder, _ in list(self.recorder.segments)]
        return file_reads.Places.of(self.root, self.ignore, working)

    @cached_property
    def _reads(self) -> file_reads.Reads:
        return file_reads.reads(self.recorder, self._places)

    @cached_property
    def _seen(self) -> Seen:
        name = self._places.name
        files = {name(path): self.digests.digest(Path(path)) or "" for path in self._reads.files}
        files |= {name(path): "" for path in self._reads.absent}
        written = self._written
        outputs = written.outputs if written else ()
        digests = ((name(path), self.digests.digest(Path(path))) for path in outputs)
        read = (*self._reads.files, *self._reads.absent, *outputs)
        folders = file_reads.folders(self.recorder, self._places)
        relative = file_reads.relative_paths(self.recorder)
        self.digests.flush()
        return Seen(
            files=dict(sorted(files.items())),
            folders={
                name(p): self.digests.entries(Path(p), asked) if asked else "" for p, asked in folders.items()
            },
            relative={name(path): relative[path] for path in (*read, *folders) if path in relative},
            environment=self._environment(),
            writes={file: digest for file, digest in digests if digest is not None},
            modified=tuple(map(name, written.modified)) if written else (),
            facts=self._facts(),
            unstable=tuple(sorted(map(name, self._reads.unstable))),
            notes=(
                *notes(self.recorder),
                *self._drawn(by_library=False),
                *left_settings(self.recorder.step, (label for label in self.left if not _is_seed(label))),
            ),
            remarks=(
                *self._drawn(by_library=True),
                *left_settings(self.recorder.step, filter(_is_seed, self.left)),
                *self.recorder.remarks,
                *(written.remarks(self.recorder.step, name) if written else ()),
            ),
        )


def _is_seed(label: str) -> bool:
    """Say whether a setting matters only to a step that draws from that library without seeding it itself."""
    return label.endswith(" seed")


@contextmanager
def watching(
    step: str,
    *,
    root: Path,
    ignore: Sequence[Path],
    digests: FileDigests,
    is_project: Callable[[str], bool],
    uses: frozenset[str] = frozenset(),
    covers: Callable[[types.CodeType], bool] | None = None,
    digested: Callable[[], Collection[str]] = tuple,
) -> Iterator[Watch]:
    """Notice what a step reads while it runs in this thread, and in threads that it starts.

    `ignore` names folders whose files never count, such as the store; `is_project` says whether a
    source file is the user's own code; `uses` are the dotted names of what its code uses of libraries.
    `covers` says whether the step's key holds a function's definition; the project's others are noted when
    they run. `digested` gives the files of modules of which the key holds what the step uses.
    """
    recorder = Recorder(step, is_project, covers=covers)
    watch = Watch(recorder, root, tuple(ignore), digests, uses, digested=digested)
    # Each of them is ended, wherever an interruption comes, and whatever interrupts the end of another.
    with (
        _changes.made_for(recorder),
        running_code.noting(recorder),
        audit_events.recording(recorder) as outer,
        # From here on a step of another thread makes this one not `alone`: what it draws is not this step's.
        _compared(watch),
        _collected(recorder, is_over=outer is None),
    ):
        read_owners.running_steps.add(id(watch))
        try:
            yield watch
        finally:
            read_owners.running_steps.discard(id(watch))


@contextmanager
def _compared(watch: Watch) -> Iterator[None]:
    """Compare the state of libraries and generators before and after."""
    with suppress(Exception), unwatched():  # a step must not fail because less is seen
        watch.began = Begun.now()
    before = generators.State.now()
    try:
        yield
    finally:
        with suppress(Exception), unwatched():
            watch.ended(before)


@contextmanager
def _collected(recorder: Recorder, *, is_over: bool) -> Iterator[None]:
    """Collect at the end what child processes reported."""
    try:
        yield
    finally:
        with suppress(Exception):  # a step must not fail because less is seen
            collect(recorder, is_over=is_over)


class _Changes:
    """What is replaced in the process while at least one step is watched."""

    def __init__(self) -> None:
        self._lock = fork_lock()
        self._watched: set[Recorder] = set()
        self._wrapping = Wrapping()
        self._finders = (
            import_reads.ImportObserver(),
            third_party_reads.Finder(self._wrapping),
            LateModules(running_code.importing, running_code.imported),
        )

    @contextmanager
    def made_for(self, recorder: Recorder) -> Iterator[None]:
        try:
            self._begin(recorder)
            yield
        finally:
            self._end(recorder)

    def _begin(self, recorder: Recorder) -> None:
        with self._lock:
            self._watched.add(recorder)
            if len(self._watched) == 1:
                with suppress(Exception):  # a step must not fail because less is seen
                    self._install(recorder.is_project)

    def _end(self, recorder: Recorder) -> None:
        with self._lock:
            self._watched.discard(recorder)
            if not self._watched:
                self._uninstall()

    def _install(self, is_project: Callable[[str], bool]) -> None:
        import_reads.wrap_loaded(self._wrapping)
        path_queries.install(self._wrapping)
        sqlite_reads.install(self._wrapping)
        third_party_reads.wrap_loaded(self._wrapping)
        self._wrapping.rebind(_project_modules(is_project))
        self._wrapping.around(threading.Thread, "start", audit_events.adopt)
        import multiprocessing.process  # noqa: PLC0415 - a cached run needs it not

        self._wrapping.around(multiprocessing.process.BaseProcess, "start", child_processes.process_started)
        child_processes.install()
        child_interpreters.wrap(child_interpreters.MODULE, self._wrapping)
        generators.wrap_seeders(self._wrapping)
        code_readers.wrap_readers(self._wrapping)
        sys.meta_path[:0] = self._finders
        working_folder.wrap_askers(self._wrapping)
        logger_levels.wrap(self._wrapping)
        environment_reads.install()

    def _uninstall(self) -> None:
        try:
            self._wrapping.undo()
        finally:  # also where an interruption comes meanwhile
            environment_reads.uninstall()
            remove_finders(*self._finders)
            child_processes.restore()


_changes = _Changes()
audit_events.extend({**path_events.EVENTS, **sqlite_reads.EVENTS}, path_events.note_text)


def draws_from(module: str) -> Callable[[str], bool]:
    """Give the test whether a dotted name is a function of a module's global generator.

    >>> draws_from("numpy.random")("numpy.random.rand"), draws_from("random")("random.Random")
    (True, False)
    """
    others = (".seed", ".Random", ".SystemRandom", ".RandomState", ".default_rng", ".Generator")
    return lambda name: name.rpartition(".")[0] == module and not name.endswith(others)


def _project_modules(is_project: Callable[[str], bool]) -> Iterator[types.ModuleType]:
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and "-packages/" not in file and is_project(file):
            yield module
