"""Facts of the kind `state`: what changes a step's result without being passed to it.

A library's state counts for a step whose code reaches the library. It is recorded as what differs from the
library's defaults when the step began, so a process that has not loaded the library yet agrees with one that
has. What another step of the process left in a library, or changed for a while, does not count: a note says
so.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zencache.tracking import generator_state
from zencache.tracking.audit_events import working_folder
from zencache.tracking.library_state import ANY_LIBRARY, TABLE, Library
from zencache.util.distributions import state_readers
from zencache.util.fork_lock import fork_lock

if TYPE_CHECKING:
    import types
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from zencache.tracking.file_digests import FileDigests
    from zencache.tracking.library_state import Differences

KIND = "state"
FOLDER = "working folder"
_MOST = 4  # differences that a sentence lists

_lock = fork_lock()
_left: dict[tuple[str, str], tuple[tuple[str, str] | None, tuple[str, str] | None]] = {}
"""Library and name of a setting that a step changed, to its value afterwards and before."""


class _Overlap:
    """The steps that run, and the state of the libraries before the first of them began."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.running: dict[int, int] = {}
        """By the id of what was recorded at a step's beginning, the thread that it runs in."""
        self.threads: set[int] = set()
        """The threads in which steps ran since none did."""
        self.before: Mapping[str, Differences] = {}

    def is_elsewhere(self) -> bool:
        """Say whether steps of other threads run: what they change, they may change for a while."""
        return self.process == os.getpid() and bool(self.threads - {threading.get_ident()})


_overlap = _Overlap()


class State:
    """The kind of fact."""

    def now(self, recorded: Mapping[str, str], root: Path, digests: FileDigests) -> Mapping[str, str]:  # noqa: ARG002 - the protocol
        """Give the present values, as a step that began now would find them."""
        values: dict[str, str | None] = {}
        for name in recorded:
            if name == FOLDER:
                values[name] = folder_text(root)
            elif name in generator_state.MODULES:
                values[name] = generator_state.origin(name)
            elif library := libraries().get(name):
                values[name] = _text(_without_left(name, _present(name, library)))
        return {name: value for name, value in values.items() if value is not None}

    def sentence(self, name: str, before: str, now: str) -> str:
        """Name each setting with its two values."""
        if name == FOLDER:
            return "the working folder, which it asked for, is another"
        if name in generator_state.MODULES:
            return generator_state.sentence(name, before, now)
        return "; ".join(_differences(json.loads(before), json.loads(now)))


def _differences(before: Mapping[str, list[str]], now: Mapping[str, list[str]]) -> list[str]:
    """Write each setting that differs: its value or, where that is not recorded, the default.

    >>> _differences({"option a": ["6", "4"]}, {"option b": ["1", "0"]})
    ['option a: 6 → 4', 'option b: 0 → 1']
    """
    labels = dict.fromkeys((*before, *now))
    changes = []
    for label in labels:
        [value, default] = before.get(label) or [now[label][1]] * 2
        [present, _] = now.get(label) or [default] * 2
        if value != present:
            changes.append(f"{label}: {value or 'none'} → {present or 'none'}")
    return changes if len(changes) <= _MOST else [*changes[:_MOST], f"and {len(changes) - _MOST} others"]


def libraries() -> dict[str, Library]:
    """Give the table, with the libraries that entry points add and which are loaded."""
    added = {
        module: Library(_reader(value), module, [module])
        for module, value in state_readers().items()
        if module in sys.modules and module not in TABLE
    }
    return {**TABLE, **added}


def _reader(value: str) -> types.FunctionType:
    module, _, name = value.partition(":")
    # Only where its library is loaded: what reads a library's state may import that library.
    __import__(module)
    return getattr(sys.modules[module], name)  # type: ignore[no-any-return]


def folder_text(root: Path, folder: str | None = None) -> str:
    """Give a folder, the working folder if none is given, relative to the project if it is in there."""
    folder = folder or working_folder()
    return os.path.relpath(folder, root) if f"{folder}/".startswith(f"{root}/") else folder


def _text(differences: Mapping[str, tuple[str, str]]) -> str:
    return json.dumps(differences, sort_keys=True, ensure_ascii=False)


def _present(name: str, library: Library) -> Differences:
    """Give a library's state; the one from before if steps of other threads run."""
    with _lock:
        before = _overlap.before if _overlap.is_elsewhere() else None
    if before is not None:
        return before.get(name, {})
    raw = library.differences()
    _forget_replaced(name, raw)
    return raw


def _forget_replaced(name: str, raw: Differences) -> None:
    """Forget what a step left where another value stands now: nobody can say who sets it next."""
    with _lock:
        for key in [(owner, label) for owner, label in _left if owner == name]:
            if raw.get(key[1]) != _left[key][0]:
                del _left[key]


def _without_left(name: str, raw: Differences) -> Differences:
    """Give a library's state as if no step had changed it."""
    with _lock:
        left = {label: values for (library, label), values in _left.items() if library == name}
    before = {label: was for label, (value, was) in left.items() if raw.get(label) == value}
    state = {label: before.get(label) if label in before else raw.get(label) for label in {*raw, *before}}
    return {label: pair for label, pair in state.items() if pair is not None}


@dataclass(frozen=True)
class Begun:
    """The state when a step began."""

    raw: Mapping[str, Differences]
    origins: Mapping[str, str | None]
    state: Mapping[str, Differences]
    """The libraries' state without what steps of other threads have changed since they began."""

    @classmethod
    def now(cls) -> Begun:
        """Read all libraries that are loaded; `ended` must follow."""
        origins = {name: generator_state.origin(name) for name in generator_state.MODULES}
        raw = {name: library.differences() for name, library in libraries().items()}
        global _overlap  # noqa: PLW0603 - a forked process begins with a new one
        with _lock:
            if not _overlap.running or _overlap.process != os.getpid():
                _overlap = _Overlap()
                _overlap.before = raw
            begun = cls(raw, origins, _overlap.before if _overlap.is_elsewhere() else raw)
            _overlap.running[id(begun)] = threading.get_ident()
            _overlap.threads.add(threading.get_ident())
        if begun.state is raw:
            for name in {library for library, _ in list(_left)}:
                _forget_replaced(name, raw.get(name, {}))
        return begun

    def left_by_others(self, uses: Iterable[str]) -> list[str]:
        """Name the settings that another step left or changed, of the libraries that a step reaches."""
        names = list(reached(uses))
        labels = [
            label
            for (name, label), (value, was) in list(_left.items())
            if name in names and self.raw.get(name, {}).get(label) == value != was
        ]
        for name in names if self.state is not self.raw else ():
            labels += _unequal(self.state.get(name, {}), self.raw.get(name, {}))
        return list(dict.fromkeys(labels))

    def facts(self, uses: Iterable[str]) -> dict[str, str]:
        """Give the state of the libraries that a step reached, by the names of its code."""
        return {name: _text(_without_left(name, self.state.get(name, {}))) for name in reached(uses)}

    def ended(self) -> None:
        """Remember what the step changed: it counts for no later step.

        Where steps of several threads ran at one time, only what is changed when the last one ends was left.
        """
        with _lock:
            _overlap.running.pop(id(self), None)
            before = self.raw if len(_overlap.threads) == 1 else _overlap.before
            if len(_overlap.threads) > 1 and _overlap.running:
                return
            if not _overlap.running:
                _overlap.threads.clear()
        for name, library in libraries().items():
            was_all, after = before.get(name, {}), library.differences()
            with _lock:
                for label in _unequal(was_all, after):
                    first = _left.get((name, label))
                    is_chain = first is not None and first[0] == was_all.get(label)
                    was = first[1] if first is not None and is_chain else was_all.get(label)
                    _left[name, label] = (after.get(label), was)


def _unequal(before: Differences, after: Differences) -> list[str]:
    return [label for label in dict.fromkeys((*before, *after)) if before.get(label) != after.get(label)]


def values(uses: Iterable[str]) -> dict[str, str]:
    """Give the present state of the libraries that code with these names reaches."""
    table = libraries()
    return {name: _text(_without_left(name, _present(name, table[name]))) for name in reached(uses)}


def reached(uses: Iterable[str]) -> Iterator[str]:
    """Give the names in the table that code reaches, itself or by a library that uses another."""
    names = set(uses)
    tops = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"builtins", ""}
    for key, library in libraries().items():
        is_direct = any(map(library.is_reached, names)) or (tops and ANY_LIBRARY in library.names)
        if is_direct or (key in sys.modules and _is_installed(key) and any(_uses(top, key) for top in tops)):
            yield key


def _is_installed(module: str) -> bool:
    return module not in sys.stdlib_module_names


_uses_by_names: dict[tuple[str, str, int], bool] = {}


def _uses(user: str, used: str) -> bool:
    """Say whether a loaded library imports another."""
    if user == used:
        return True
    modules = [name for name in list(sys.modules) if name == user or name.startswith(f"{user}.")]
    key = (user, used, len(modules))
    if key not in _uses_by_names:
        _uses_by_names[key] = any(_imports(sys.modules.get(name), used) for name in modules)
    return _uses_by_names[key]


def _imports(module: types.ModuleType | None, used: str) -> bool:
    library = sys.modules.get(used)
    return any(value is library for value in list(getattr(module, "__dict__", {}).values()))
