"""Ties what a step read to the paths among its parameters.

A path counts in a key by its name and content. A step may go from it to a file beside it, which is recorded
where it was then. So where a step looks at other files than its parameters name, their places are recorded.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Protocol

from zencache.tracking.audit_events import working_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zencache.tracking.file_digests import FileDigests

KIND = "parameter paths"
_PLAIN = frozenset({"paths", "path entries", "links"})  # kinds of facts whose names are paths
_PREFIXED = frozenset({"file status", "file access", "globs"})  # whose names are a word and a path


class Record(Protocol):
    """What is asked here of a step's undeclared inputs."""

    @property
    def files(self) -> Mapping[str, str]:
        """Files by name."""

    @property
    def folders(self) -> Mapping[str, str]:
        """Listed folders by name."""

    @property
    def facts(self) -> Mapping[str, Mapping[str, str]]:
        """Other facts, by kind and name."""


class ParameterPaths:
    """The kind of fact: argument to the place of its path."""

    def __init__(self, parameters: Mapping[str, str] | None) -> None:
        """`parameters` are those of the step that is planned; None if they are not known."""
        self._parameters = parameters

    def now(self, recorded: Mapping[str, str], root: Path, digests: FileDigests) -> Mapping[str, str]:  # noqa: ARG002
        """Give the places of the arguments that are recorded."""
        places = places_of(self._parameters, root) if self._parameters is not None else {}
        return {name: places.get(name, before) for name, before in recorded.items()}

    def sentence(self, name: str, before: str, now: str) -> str:
        """Explain that another path is given, whose neighbours are others."""
        return f"it read files beside its argument {name}, which is {now} now, before {before}"


def parameter_facts(seen: Record, parameters: Mapping[str, str], root: Path) -> dict[str, dict[str, str]]:
    """Give the places of a step's path parameters, if it read or looked for anything else."""
    places = places_of(parameters, root)
    own = tuple(_absolute(place, root) for place in places.values())
    if places and any(not _is_own(path, own) for path in _looked_at(seen, root)):
        return {KIND: places}
    return {}


def places_of(parameters: Mapping[str, str], root: Path) -> dict[str, str]:
    """Give the places of all paths in parameters, relative to the project for what is inside of it.

    >>> from pathlib import Path
    >>> places_of({"a": '{"$path":"/p/x/a.txt"}', "b": '[1,{"$path":"/q"}]'}, Path("/p"))
    {'a': 'x/a.txt', 'b[1]': '/q'}
    """
    texts = {name: text for name, text in parameters.items() if '"$path"' in text}
    return {
        name: _name(path, root) for top, text in texts.items() for name, path in _paths(top, json.loads(text))
    }


def _paths(name: str, data: Any) -> Iterator[tuple[str, str]]:
    if isinstance(data, list):
        for number, item in enumerate(data):
            yield from _paths(f"{name}[{number}]", item)
    elif isinstance(data, dict):
        if data.keys() == {"$path"}:
            yield name, str(data["$path"])
        else:
            for key, item in data.items():
                yield from _paths(f"{name}.{key}", item)


def _name(path: str, root: Path) -> str:
    place = _absolute(f"./{path}" if not path.startswith("/") else path, root)
    return os.path.relpath(place, root) if place.startswith(f"{root}/") else place


def _absolute(name: str, root: Path) -> str:
    folder = working_folder() if name.startswith("./") else str(root)
    return os.path.normpath(os.path.join(folder, name))  # noqa: PTH118 - `..` may be in it


def _is_own(path: str, own: tuple[str, ...]) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in own)


def _looked_at(seen: Record, root: Path) -> Iterator[str]:
    """Give all paths of a record, as absolute ones."""
    names = [*seen.files, *seen.folders]
    names += [name for kind in _PLAIN for name in seen.facts.get(kind, {})]
    names += [name.partition(" ")[2] for kind in _PREFIXED for name in seen.facts.get(kind, {})]
    return (_absolute(name, root) for name in names)
