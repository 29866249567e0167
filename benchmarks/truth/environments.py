"""The peers, and an environment of its own for each, made by uv below a cache folder of the user's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "zencache" / "peers"
BESIDE = ("numpy==1.26.4", "pydantic==2.12.5")
"""What the probes import beside the standard library, in the versions of each environment."""


@dataclass(frozen=True)
class Peer:
    """A library that caches, and the words of the table on it."""

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
    def executable(self) -> Path:
        return CACHE / self.name / "bin" / "python"

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


def peers() -> dict[str, Peer]:
    """Read the peers' file."""
    told = tomllib.loads((HERE / "peers.toml").read_text())
    return {
        name: Peer(name, **{**words, "requirements": tuple(words["requirements"])})
        for name, words in told.items()
    }


def make(peer: Peer) -> None:
    """Make the peer's environment, or leave it where it is of these versions already."""
    wanted = json.dumps([*peer.requirements, *BESIDE, peer.python])
    stamp = CACHE / peer.name / "made-of.json"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"making the environment of {peer}")
    uv = str(Path(sys.executable).with_name("uv"))
    python = peer.python or str(Path(sys.executable).resolve())
    folder = str(CACHE / peer.name)
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", python, folder], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", str(peer.executable)]
    subprocess.run([*install, *peer.requirements, *BESIDE], check=True)
    stamp.write_text(wanted)


def python_of(peer: Peer) -> str:
    """Give the version of the peer's Python."""
    asked = [str(peer.executable), "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
