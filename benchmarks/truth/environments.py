"""Lists the peers, each with its own environment."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import CACHE, Environment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
BESIDE = (
    *("numpy==1.26.4", "pydantic==2.12.5", "pandas==1.5.3"),
    *("pyarrow==10.0.1", "lxml==6.1.3", "h5py==3.14.0"),
)
"""Imports of the probes beside the standard library, in the versions of each environment."""


@dataclass(frozen=True)
class Peer:
    """A library that caches, and the table's text about it."""

    name: str
    title: str
    requirements: tuple[str, ...]
    python: str
    how: str
    remedy: str
    apart: str

    @property
    def version(self) -> str:
        return self.requirements[0].partition("==")[2]

    @property
    def environment(self) -> Environment:
        return Environment(str(self), CACHE / "peers" / self.name, (*self.requirements, *BESIDE), self.python)

    @property
    def executable(self) -> Path:
        return self.environment.executable

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


def peers() -> dict[str, Peer]:
    """Read the peers' file."""
    peers_file = tomllib.loads((HERE / "peers.toml").read_text())
    return {
        name: Peer(name, **{**words, "requirements": tuple(words["requirements"])})
        for name, words in peers_file.items()
    }
