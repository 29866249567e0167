"""Lists the timed libraries and their environments."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.environments import CACHE, Environment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
SCRIPTS = HERE / "scripts"
BESIDE = tuple(f"{package}=={version(package)}" for package in ("numpy", "scikit-learn"))
"""Imports of the scripts' work; every environment has the versions of the one that runs the benchmark."""


@dataclass(frozen=True)
class Peer:
    """A library, its script, and the page's text about it."""

    name: str
    title: str
    package: str
    how: str
    apart: str
    variant: str = ""
    script: str = ""
    arguments: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    python: str = ""
    slow: bool = False

    def __str__(self) -> str:
        return self.titled()

    def titled(self, version: str = "") -> str:
        """Name the library, with a version if one is given.

        >>> peers()["tfx-beam"].titled("1.16.0")
        'TFX 1.16.0 (BeamDagRunner)'
        """
        return " ".join(filter(None, (self.title, version, self.variant and f"({self.variant})")))

    @property
    def environment(self) -> Environment | None:
        """The library's environment, or None for the one that runs the benchmark."""
        if not self.requirements:
            return None
        folder = CACHE / "side-by-side" / self.name
        return Environment(self.title, folder, (*self.requirements, *BESIDE), self.python)

    @property
    def executable(self) -> Path:
        return self.environment.executable if self.environment else Path(sys.executable)

    def command(self, mode: str, store: Path) -> list[str]:
        """Give the command that starts its script."""
        script = SCRIPTS / (self.script or f"with_{self.name}.py")
        return [str(self.executable), str(script), mode, str(store), *self.arguments]


def peers() -> dict[str, Peer]:
    """Read the peers' file."""
    peers_file = tomllib.loads((HERE / "peers.toml").read_text(encoding="utf-8"))
    return {
        name: Peer(name, **{key: frozen(value) for key, value in words.items()})
        for name, words in peers_file.items()
    }


def frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
