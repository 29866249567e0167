"""Facts of the kind `state`: what changes a step's result without being passed to it.

A library's state counts for a step whose code reaches the library. It is recorded as what differs from the
library's defaults when the step began, so a process that has not loaded the library yet agrees with one that
has. What an earlier step of the process left in a library does not count: a note says so.
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

if TYPE_CHECKING:
    import types
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from zencache.tracking.file_digests import FileDigests
    from zencache.tracking.library_state import Differences

KIND = "state"
FOLDER = "working folder"
_MOST = 4  # differences that a sentence lists

_lock = threading.Lock()
_left: dict[tuple[str, str], tuple[tuple[str, str] | None, tuple[str, str] | None]] = {}
"""Library and name of a setting that a step changed, to its value afterwards and before."""


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
                values[name] = _text(_without_left(name, library.differences()))
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

    @classmethod
    def now(cls) -> Begun:
        """Read all libraries that are loaded."""
        origins = {name: generator_state.origin(name) for name in generator_state.MODULES}
        return cls({name: library.differences() for name, library in libraries().items()}, origins)

    def left_by_others(self, uses: Iterable[str]) -> list[str]:
        """Name the settings that an earlier step left as they are, of the libraries that a step reaches."""
        names = set(reached(uses))
        return [
            label
            for (name, label), (value, was) in _left.items()
            if name in names and self.raw.get(name, {}).get(label) == value != was
        ]

    def facts(self, uses: Iterable[str]) -> dict[str, str]:
        """Give the state of the libraries that a step reached, by the names of its code."""
        return {name: _text(_without_left(name, self.raw.get(name, {}))) for name in reached(uses)}

    def ended(self) -> None:
        """Remember what the step changed: it counts for no later step."""
        for name, library in libraries().items():
            before, after = self.raw.get(name, {}), library.differences()
            for label in before.keys() | after.keys():
                if before.get(label) != after.get(label):
                    with _lock:
                        first = _left.get((name, label))
                        is_chain = first is not None and first[0] == before.get(label)
                        was = first[1] if first is not None and is_chain else before.get(label)
                        _left[name, label] = (after.get(label), was)


def values(uses: Iterable[str]) -> dict[str, str]:
    """Give the present state of the libraries that code with these names reaches."""
    table = libraries()
    return {name: _text(_without_left(name, table[name].differences())) for name in reached(uses)}


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
