"""A checkout of zencache whose code is looked at: it runs in processes of its own, by its own environment's
Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.s3 import CREDENTIALS

PROJECT = Path(__file__).parent / "project"
SECONDS = 900
_ENVIRON = {
    **CREDENTIALS,
    "COLUMNS": "200",
    "GOLDEN_REGION": "north",
    "NO_COLOR": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "ignore",
    "TERM": "dumb",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TZ": "UTC",
    "ZENCACHE_SECRET_KEY": "0123456789abcdef0123456789abcdef",
}


@dataclass(frozen=True)
class Code:
    """A checkout, in a folder with `.venv`."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / ".venv" / "bin" / "python"

    def check(self) -> None:
        """Stop unless the environment's zencache is that of the folder."""
        done = self._run(
            ["-c", "import zencache, zencache_tfx as t; print(zencache.__file__); print(t.__file__)"]
        )
        for line in done.stdout.splitlines():
            assert Path(line).is_relative_to(self.folder), f"{self.python} imports {line}"

    def script(self, project: Path, name: str, *arguments: str, **environ: str) -> str:
        """Run a script of the golden project, in it; give what it printed, its notes, and its exit code if it
        failed."""
        done = self._run([name, *arguments], project, environ)
        if done.returncode:
            raise RuntimeError(
                f"{name} failed under {self.folder}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
            )
        notes = [line for line in done.stderr.splitlines() if line.startswith("Note: ")]
        return "\n".join([done.stdout, *notes, ""])

    def command(self, project: Path, arguments: Sequence[str], **environ: str) -> str:
        """Run a command of the command line; give what it printed and its exit code."""
        done = self._run(["-m", "zencache", *arguments], project, environ)
        printed = [f"$ zencache {' '.join(arguments)}", done.stdout.rstrip(), _without_noise(done.stderr)]
        return "\n".join([*filter(None, printed), f"exit code {done.returncode}", "", ""])

    def _run(
        self, command: Sequence[str], project: Path | None = None, environ: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ZENCACHE_", "PYTHON"))
        }
        return subprocess.run(
            [str(self.python), *command],
            cwd=project or "/",
            env={**kept, **_ENVIRON, **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )


def lay_out(folder: Path) -> Path:
    """Copy the golden project into a folder that is not there yet."""
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _without_noise(text: str) -> str:
    """Leave out what other libraries log."""
    return "\n".join(
        line for line in text.splitlines() if not line.startswith(("WARNING:", "INFO:", "I0", "W0"))
    )
