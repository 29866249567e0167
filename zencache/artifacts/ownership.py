"""Which places are a project's own: there its runs put artifacts, and gc may delete what they put there.

::

    <root>/<step>/<output>/<execution>                 in the project's folder, and below pipeline roots that its records name
    <base>/_<16 hex>/<step>/<output>/<execution>       where others may write too: each run has a root of its own

A base is the project's folder, its artifact store's folder, or its URL. The name of a run's root is random, so where
a folder of that name is on this machine, the run put it there: what another machine's run put into a folder of its
own is out of reach, whatever the records say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from zencache.artifacts.store import is_remote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zencache.config import Project

_RUN = re.compile(r"_[0-9a-f]{16}")
_DEPTH = 3  # TFX's launcher puts artifacts at root/node/output/execution[/index]


@dataclass(frozen=True)
class Reach:
    """The places that a project's runs write to, as far as one of its stores of records names them."""

    roots: tuple[str, ...]
    """Those that runs share."""
    bases: tuple[str, ...]
    """Those that each run has a root of its own below."""

    @classmethod
    def of(cls, project: Project, named: Iterable[Path] = ()) -> Reach:
        """Give the places of a project with its database; `named` are the pipeline roots that files of records name.

        What a server's records name outside of the project's own folders may be on another machine.
        """
        plain = () if project.database.is_server else (project.own_artifacts, *named)
        store = (project.artifact_store or "").rstrip("/")
        bases = (project.own_artifacts, project.artifacts)
        elsewhere = (store,) if is_remote(store) else ()
        return cls(tuple(map(str, plain)), tuple(dict.fromkeys((*map(str, bases), *elsewhere))))

    def is_made_by(self, place: str, execution: int) -> bool:
        """Say whether a place is one where an execution of this project puts what it makes."""
        run = self.run_root(place)
        roots = self.roots if run is None else (run,)
        return any(is_made_by(place, root, execution) for root in roots)

    def run_root(self, place: str) -> str | None:
        """Give the root that one run has for itself, and that a place is in or is; None if there is none, or not here.

        >>> Reach((), ("s3://bucket/team",)).run_root("s3://bucket/team/_0123456789abcdef/load/output/7")
        's3://bucket/team/_0123456789abcdef'
        """
        for base in self.bases:
            inside = _inside(place, base)
            if inside and _RUN.fullmatch(inside[0]):
                root = f"{base}/{inside[0]}"
                is_here = is_remote(root) or (Path(root).is_dir() and not Path(root).is_symlink())
                return root if is_here else None
        return None


def is_made_by(place: str, root: str, execution: int) -> bool:
    """Say whether a place is where TFX's launcher puts what an execution makes below a root, without detours.

    >>> is_made_by("/r/load/output/7", "/r", 7), is_made_by("/data/7", "/r", 7), is_made_by("s3://b/x/y/7", "s3://b", 7)
    (True, False, True)
    """
    inside = _inside(place, root)
    if not _DEPTH <= len(inside) <= _DEPTH + 1 or inside[_DEPTH - 1] != str(execution):
        return False
    if not all(inside) or ".." in inside or "." in inside:
        return False
    steps = () if is_remote(place) else (Path(root, *inside[: n + 1]) for n in range(len(inside)))
    return not any(step.is_symlink() for step in steps)


def around(place: str) -> Iterator[str]:
    """Give the places that one lies in, nearest first.

    >>> list(around("/mnt/a/b")), list(around("s3://bucket/a"))
    (['/mnt/a', '/mnt', '/'], ['s3://bucket'])
    """
    start, mark, path = place.rpartition("://")
    for parent in PurePosixPath(path).parents:
        if str(parent) != ".":
            yield f"{start}{mark}{parent}"


def _inside(place: str, root: str) -> list[str]:
    """Give the names on the way from a root to a place; none if it is not below."""
    return place[len(root) + 1 :].split("/") if place.startswith(f"{root}/") else []
