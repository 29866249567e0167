"""Ownership: the places where a project's own runs put artifacts, and where gc may delete them.

::

    <root>/<step>/<output>/<execution>              in the project, and below pipeline roots that records name
    <base>/_<16 hex>/<step>/<output>/<execution>    where others write too: each run has a root of its own

A base is the project's folder, its artifact store's folder, or its URL. The name of a run's root is random: a
folder of that name on this machine was made by that run. Folders of other machines' runs are not owned here,
whatever the records say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from zencache.artifacts.factory import Backends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from zencache.config import Project

_RUN = re.compile(r"_[0-9a-f]{16}")
_LONGEST = 20  # digits of an execution's number
_DEPTH = 3  # TFX's launcher puts artifacts at root/node/output/execution[/index]


@dataclass(frozen=True)
class OwnedRoots:
    """The places that a project's runs write to, as far as one of its metadata stores names them.

    >>> from pathlib import Path
    >>> from zencache.config import Settings, create_project
    >>> project = create_project(Path.cwd(), Settings(artifact_store="s3://bucket/team"))
    >>> owned = OwnedRoots.of(project)
    >>> run = "s3://bucket/team/_0123456789abcdef"
    >>> owned.run_root(f"{run}/load/output/7") == run, owned.is_made_by(f"{run}/load/output/7", 7)
    (True, True)
    """

    roots: tuple[str, ...]
    """Those that runs share."""
    bases: tuple[str, ...]
    """Those below which each run has a root of its own."""
    _backends: Backends = field(repr=False, compare=False)

    @classmethod
    def of(cls, project: Project, named: Iterable[Path] = ()) -> OwnedRoots:
        """Give the places of a project; `named` are the pipeline roots that SQLite files of it name.

        A server's records may name folders of another machine, so only the project's own count there.
        """
        backends = Backends(project)
        roots = () if project.database.is_server else (*_shared_root(project), *named)
        base = backends.of(project.artifact_store or "").base()
        bases = dict.fromkeys((str(project.own_artifacts), str(project.artifacts), base))
        return cls(tuple(map(str, roots)), tuple(bases), backends)

    def is_made_by(self, place: str, execution: int) -> bool:
        """Say whether an execution of this project puts its outputs there, with no link on the way."""
        run = self.run_root(place)
        roots = self.roots if run is None else (run,)
        return any(
            is_output_of(place, root, execution)
            and not self._backends.of(place).has_link(root, _names_below(place, root))
            for root in roots
        )

    def may_be_output(self, place: str) -> bool:
        """Say whether a place is below one of the project's, named as an output, with no link on the way."""
        return any(
            is_output_of(place, root, _number(place, root))
            and not self._backends.of(place).has_link(root, _names_below(place, root))
            for root in (self.run_root(place), *self.roots, *self.bases)
            if root is not None
        )

    def run_root(self, place: str) -> str | None:
        """Give the root of a single run that a place is in or is; None without one on this machine."""
        for base in self.bases:
            names = _names_below(place, base)
            if names and _RUN.fullmatch(names[0]):
                root = f"{base}/{names[0]}"
                return root if self._backends.of(root).is_run_root(root) else None
        return None


def _shared_root(project: Project) -> tuple[Path, ...]:
    """Give the project's folder; not for another file of records while the project's own may name it."""
    is_other = project.metadata is None and project.database != project.default_database
    return () if is_other and project.default_database.is_there() else (project.own_artifacts,)


def is_output_of(place: str, root: str, execution: int) -> bool:
    """Say whether a place is named as TFX's launcher names an output of an execution below a root.

    >>> is_output_of("/r/load/output/7", "/r", 7), is_output_of("s3://b/load/output/7", "s3://b", 7)
    (True, True)
    >>> is_output_of("/data/7", "/r", 7)
    False
    """
    names = _names_below(place, root)
    if not _DEPTH <= len(names) <= _DEPTH + 1 or names[_DEPTH - 1] != str(execution):
        return False
    return all(names) and ".." not in names and "." not in names


def _number(place: str, root: str) -> int:
    """Give the number of the execution in the name of an output's place; -1 if there is none."""
    number = [*_names_below(place, root), "", "", ""][_DEPTH - 1]
    return int(number) if number.isascii() and number.isdecimal() and len(number) < _LONGEST else -1


def enclosing(place: str) -> Iterator[str]:
    """Give the places that one lies in, nearest first.

    >>> list(enclosing("/mnt/a/b")), list(enclosing("s3://bucket/a"))
    (['/mnt/a', '/mnt', '/'], ['s3://bucket'])
    """
    start, mark, path = place.rpartition("://")
    for parent in PurePosixPath(path).parents:
        if str(parent) != ".":
            yield f"{start}{mark}{parent}"


def _names_below(place: str, root: str) -> list[str]:
    """Give the names on the way from a root to a place; none if it is not below."""
    return place[len(root) + 1 :].split("/") if place.startswith(f"{root}/") else []
