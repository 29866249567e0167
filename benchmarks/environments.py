"""Creates environments of other libraries with uv, in a cache folder of the user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "zencache"


@dataclass(frozen=True)
class Environment:
    """An environment of some requirements; `python` is a command, or empty for the interpreter that runs
    this."""

    title: str
    folder: Path
    requirements: tuple[str, ...]
    python: str = ""

    @property
    def executable(self) -> Path:
        return self.folder / "bin" / "python"

    def make(self) -> None:
        """Create the environment unless it has these versions already."""
        requirements_text = json.dumps([*self.requirements, self.python])
        stamp = self.folder / "made-of.json"
        if stamp.exists() and stamp.read_text() == requirements_text:
            self._reinstall([each for each in self.requirements if each.startswith(".")])
            return
        print(f"making the environment of {self.title}", file=sys.stderr)
        uv = str(Path(sys.executable).with_name("uv"))
        python = self.python or str(Path(sys.executable).resolve())
        created = [uv, "venv", "--quiet", "--clear", "--python", python, str(self.folder)]
        subprocess.run(created, check=True)
        subprocess.run([*self._install(), *self.requirements], check=True, cwd=ROOT)
        stamp.write_text(requirements_text)

    def _reinstall(self, folders: list[str]) -> None:
        """Install the current content of folders of this repository."""
        if folders:
            subprocess.run([*self._install(), "--no-deps", "--reinstall", *folders], check=True, cwd=ROOT)

    def _install(self) -> list[str]:
        uv = str(Path(sys.executable).with_name("uv"))
        return [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(self.executable)]


def python_of(executable: Path) -> str:
    """Give the version of an environment's Python."""
    answer = [str(executable), "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(answer, check=True, capture_output=True, text=True).stdout.strip()


def usual_environment() -> dict[str, str]:
    """Give the variables of a usual shell, in which Python caches bytecode."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
