"""Observes what a step or a native component reads while it runs. Nothing here imports TFX or Beam."""

from __future__ import annotations

import dataclasses
import os
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.code.module_origin import origin_of_file
from zencache.execution.installed_code import UsedCode, used_code
from zencache.execution.retained_reads import RetainedReads
from zencache.model.types import type_name
from zencache.tracking.audit_events import unwatched
from zencache.tracking.facts import UNKNOWN, merge_facts
from zencache.tracking.listings import GLOBS
from zencache.tracking.notes import fresh_generators, unknown_reads
from zencache.tracking.observed_inputs import Seen
from zencache.tracking.parameter_paths import parameter_facts
from zencache.tracking.tracker import watching
from zencache.util.interruptions import undisturbed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from types import CodeType

    from typing_extensions import Self

    from zencache.code.digest import CodeDigest
    from zencache.code.source import Text
    from zencache.config import Project
    from zencache.planning.bodies import Body, FunctionBody
    from zencache.planning.component_body import ComponentBody
    from zencache.policy import CachePolicy
    from zencache.tracking.file_digests import FileDigests
    from zencache.tracking.tracker import Watch


class StepTracking:
    """Watches a step inside of a `with` block, unless its policy says `watch=False`."""

    def __init__(
        self,
        body: Body,
        policy: CachePolicy,
        project: Project,
        digests: FileDigests,
        *,
        ignored: Sequence[Path],
        uses: frozenset[str] = frozenset(),
    ) -> None:
        self._step = body.spec.name
        self._policy = policy
        self._project = project
        self._digests = digests
        self._ignored = ignored
        self._uses = uses
        self._stack = ExitStack()
        self._watch: Watch | None = None
        self._error: Exception | None = None
        """Why it is not known what the step reads."""

    def takes(self, arguments: Iterable[object]) -> None:
        """Take the step's arguments: the step reaches the libraries whose values they are."""
        try:
            self._uses |= set(_type_names(arguments, deep=2))
        except Exception as error:  # noqa: BLE001 - a step must not fail because it is observed
            self._error = error

    def gives(self, returned: object) -> None:
        """Take what the step returned: files that it returns are kept as its outputs."""

    def _unknown(self, error: Exception) -> Seen:
        """Give the record of a step of which it is not known what it read: it is never reused."""
        name = type(error).__name__
        return Seen(facts={UNKNOWN: {name: ""}}, notes=(unknown_reads(self._step, name),))

    def __enter__(self) -> Self:
        try:
            with undisturbed():  # what is replaced in the process must be put back
                self._enter()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _enter(self) -> None:
        with ExitStack() as stack:
            if self._policy.watch is not False:
                self._watch = stack.enter_context(
                    watching(
                        self._step,
                        root=self._project.root,
                        ignore=self._ignored,
                        digests=self._digests,
                        is_project=lambda file: origin_of_file(file) == "project",
                        uses=self._uses,
                        covers=self._covers(),
                        digested=self._digested,
                    )
                )
                self._begin(self._watch)
            self._stack = stack.pop_all()

    def _begin(self, watch: Watch) -> None:
        """Record what a subclass compares with afterwards."""

    def _covers(self) -> Callable[[CodeType], bool] | None:
        """Say which code the key covers; None if no code that runs is noted."""
        return None

    def _digested(self) -> Collection[str]:
        """Give the files of modules that the step's key was made from without importing them."""
        return ()

    def __exit__(self, *error: object) -> None:
        with undisturbed():
            self._exit()

    def _exit(self) -> None:
        self._stack.close()


class FunctionTracking(StepTracking):
    """Tracks a step that is a Python function."""

    def __init__(
        self,
        body: FunctionBody,
        policy: CachePolicy,
        project: Project,
        digests: FileDigests,
        code: CodeDigest,
        modules: Callable[[], Mapping[str, Text]],
        types: Iterable[str] = (),
    ) -> None:
        """`modules` gives the texts of modules that the code digest was made from without importing them.

        `types` are the qualified names of the types of its inputs.
        """
        super().__init__(body, policy, project, digests, ignored=[project.folder], uses=reached_names(code))
        self._function = body.function
        self._parameters = body.spec.parameters
        self._code = code
        self._modules = modules
        self._retained: RetainedReads | None = None
        self._used = UsedCode()
        self._types = tuple(types)
        self._returned: object = None

    def _begin(self, watch: Watch) -> None:
        try:
            with unwatched():
                self._retained = RetainedReads.begin(watch, self._function, self._code.state)
        except Exception as error:  # noqa: BLE001 - a step must not fail because it is observed
            self._error = error

    def _exit(self) -> None:
        super()._exit()
        if self._watch is None:
            return
        try:  # now: storing the result may load more
            self._used = used_code(
                self._watch.recorder, self._code, self._types, self._policy, self._project.root
            )
        except Exception as failure:  # noqa: BLE001 - a step must not fail because it is observed
            self._error = failure

    def _covers(self) -> Callable[[CodeType], bool] | None:
        is_asked_for = self._policy.code in (None, "closure")
        return self._code.covered if is_asked_for and self._code.is_known else None

    def _digested(self) -> Collection[str]:
        return self._modules().keys()

    def gives(self, returned: object) -> None:
        """Take what the step returned: files that it returns are kept as its outputs."""
        self._returned = returned

    def forget(self) -> None:
        """Drop what is known of a step that was interrupted: its `seen` is never asked for."""
        if self._retained is not None:
            self._retained.forget()

    def seen(self) -> Seen | None:
        """Give what the step read; imported modules that its code digest does not cover count as files.

        A step that failed is asked too: a later step may read what it keeps in memory.
        """
        if self._watch is None:
            return None
        try:
            if self._error is None and self._retained is not None:
                return self._seen(self._watch, self._retained)
        except Exception as error:  # noqa: BLE001 - a step must not fail because it is observed
            self._error = error
        unknown = self._unknown(self._error or RuntimeError())
        if self._retained is not None:
            self._retained.end_unknown(unknown)
        return unknown

    def _seen(self, watch: Watch, retained: RetainedReads) -> Seen:
        in_key = set(self._policy.env or ())
        for name in in_key:
            watch.recorder.environment.pop(name, None)
        retained.adopt_answers()
        own = watch.seen()
        seen = retained.end(own)
        beside = parameter_facts(own, self._parameters, self._project.root)
        digested = {os.path.normpath(file): text for file, text in self._modules().items()}
        others = watch.modules - digested.keys() - watch.shaped
        imported = {f: self._digests.digest(Path(f)) or "" for f in others}
        edited = [file for file in watch.modules & digested.keys() if not digested[file].is_current]
        imported |= {file: self._digests.digest(Path(file)) or "" for file in self._used.files}
        return dataclasses.replace(
            seen,
            environment={n: digest for n, digest in seen.environment.items() if n not in in_key},
            writes=self._not_returned(seen.writes),
            files={**seen.files, **{self._name(file): digest for file, digest in imported.items()}},
            facts=merge_facts([beside, seen.facts, self._used.facts]),
            notes=(*seen.notes, *fresh_generators(self._step, self._code.unseeded)),
            unstable=(*seen.unstable, *map(self._name, edited)),
        )

    def _not_returned(self, writes: Mapping[str, str]) -> Mapping[str, str]:
        """Leave out files that the step returned; a value is looked through only if a file was written."""
        if not writes:
            return writes
        with unwatched():
            returned = frozenset(map(self._name, paths_in(self._returned)))
        return {
            name: digest
            for name, digest in writes.items()
            if not any(name == each or name.startswith(f"{each}/") for each in returned)
        }

    def _name(self, file: str) -> str:
        path, root = Path(file), self._project.root
        return str(path.relative_to(root)) if path.is_relative_to(root) else file


def reached_names(code: CodeDigest) -> frozenset[str]:
    """Give the dotted names that code uses of libraries; an assertion uses `__debug__`."""
    has_assertions = any("assert" in unit.text for unit in code.units.values())
    return code.outside | ({"builtins.__debug__"} if has_assertions else frozenset())


def _type_names(values: Iterable[object], *, deep: int) -> Iterator[str]:
    """Give the dotted names of the types of values, and of those that they contain."""
    for value in islice(values, 100):
        kind = type(value)  # not what a subclass says of itself: its methods are the user's own code
        yield type_name(kind)
        for base, contained in _CONTAINERS.items() if deep else ():
            if issubclass(kind, base):
                yield from _type_names(contained(value), deep=deep - 1)


def paths_in(value: object, deep: int = 4) -> Iterator[str]:
    """Give the paths in what a step returns, also in containers, models and dataclasses, as absolute ones.

    >>> [path == os.path.abspath("a.csv") for path in paths_in({"data": [Path("a.csv"), "b.csv"]})]
    [True]
    """
    if isinstance(value, os.PathLike):
        yield os.path.abspath(os.fsdecode(value))  # noqa: PTH100 - Path.absolute() keeps `..`
    elif deep and type(value).__module__ not in ("numpy", "pandas.core.frame"):
        for item in _inside(value):
            yield from paths_in(item, deep - 1)


def _inside(value: Any) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if dataclasses.is_dataclass(value):
        return [getattr(value, each.name, None) for each in dataclasses.fields(value)]
    return getattr(value, "__dict__", {}).values()


_CONTAINERS: dict[type, Callable[[Any], Iterable[object]]] = {
    dict: dict.values,
    **{kind: kind.__iter__ for kind in (list, tuple, set)},
}


class ComponentTracking(StepTracking):
    """Tracks a native component, which may read and write files outside of its inputs and outputs."""

    def __init__(
        self,
        body: ComponentBody,
        policy: CachePolicy,
        project: Project,
        digests: FileDigests,
        *,
        ignored: Sequence[Path],
        is_code_current: Callable[[], bool],
    ) -> None:
        """`is_code_current` says whether the component's code still has the digest in its key."""
        super().__init__(body, policy, project, digests, ignored=[*ignored, *body.declared])
        self._body = body
        self._is_code_current = is_code_current

    def seen(self, pushed: Iterable[str]) -> Seen | None:
        """Give what the component read, and the content of what it `pushed`: both are checked at reuse."""
        if self._watch is None:
            return None
        try:
            if self._error is not None:
                return self._unknown(self._error)
            return self._seen(self._watch, pushed)
        except Exception as error:  # noqa: BLE001 - a component must not fail because it is observed
            return self._unknown(error)

    def _seen(self, watch: Watch, pushed: Iterable[str]) -> Seen:
        digest = self._digests.digest
        mentioned = {str(path.absolute()): digest(path) or "" for path in self._body.mentioned}
        targets = {path: digest(Path(path)) or "" for path in pushed}
        seen = watch.seen()
        files = {name: content for name, content in seen.files.items() if not name.endswith((".py", ".pyc"))}
        unstable = (*seen.unstable, *self._edited())
        folders = {name: listing for name, listing in seen.folders.items() if name not in mentioned}
        return Seen(
            {**files, **mentioned},
            folders,
            seen.environment,
            targets=targets,
            facts={kind: names for kind, names in seen.facts.items() if kind == GLOBS},
            relative=seen.relative,
            unstable=unstable,
        )

    def _edited(self) -> tuple[str, ...]:
        """Name a module file that was edited after it was digested: it is unknown which text ran."""
        module, folder = self._body.module
        return () if folder is None or self._is_code_current() else (f"{module}.py",)
