"""Provides the rows with sizes, temporary folders and child processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.environments import usual_environment
from benchmarks.goals import inside

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Sizes:
    """The sizes and the repeats of a benchmark."""

    often: int
    """Repeats of measures that take milliseconds or a second."""
    seldom: int
    """Repeats of measures that take many seconds."""
    executions: int
    """In the store of the row `history`."""
    reuses: int
    """Of each key, in the same row."""
    array: int
    """Bytes of the large array."""
    nap: float
    """Seconds that a sleeping step takes."""
    steps: int
    """Of the long chain; the short one has a tenth."""
    layers: int
    """Of 32 steps each; the small grid has a tenth."""


FULL = Sizes(often=7, seldom=3, executions=100_000, reuses=1000, array=10**9, nap=5, steps=1000, layers=31)
QUICK = Sizes(often=3, seldom=1, executions=10_000, reuses=100, array=10**8, nap=1, steps=200, layers=20)


class Bench:
    """A run of the benchmark: its sizes and its temporary folders."""

    def __init__(self, sizes: Sizes, root: Path) -> None:
        self.sizes = sizes
        self._root = root
        self._filled: dict[str, tuple[Path, Any]] = {}

    def folder(self, name: str) -> Path:
        """Make an empty folder."""
        folder = self._root / f"{name}-{len(list(self._root.iterdir()))}"
        folder.mkdir()
        return folder

    def call(self, function: Callable[..., Any], folder: Path, **given: Any) -> Any:
        """Call a function of this package in a new process in `folder`; arguments and answer are JSON."""
        target = f"{function.__module__}:{function.__name__}"
        output = self.run(["-m", "benchmarks.goals.child", target, json.dumps(given)], folder)
        return json.loads(output.splitlines()[-1])

    def filled(
        self, function: Callable[..., Any], like: tuple[str, int] | None = None, **given: Any
    ) -> tuple[Path, Any]:
        """Call a function in a separate folder, once for all rows; return the folder and the answer.

        With `like`, the function starts with a copy of a pipeline's project (see `project`).
        """
        name = json.dumps([function.__name__, like, given])
        if name not in self._filled:
            folder = self.folder(function.__name__)
            if like:
                shutil.copytree(self.project(*like)[0], folder, dirs_exist_ok=True)
            self._filled[name] = folder, self.call(function, folder, **given)
        return self._filled[name]

    def project(self, shape: str, size: int) -> tuple[str, str, int]:
        """Run a pipeline of `pipelines.SHAPES` in a new folder, once for all rows; return all three."""
        folder, _ = self._first_run(shape, size)
        return str(folder), shape, size

    def first_run(self, shape: str, size: int) -> float:
        """Give the seconds of this first run, without the import of the engine."""
        return float(self._first_run(shape, size)[1])

    def _first_run(self, shape: str, size: int) -> tuple[Path, Any]:
        return self.filled(inside.first_run, shape=shape, size=size)

    def run(self, arguments: list[str], folder: Path) -> str:
        """Run Python in `folder`, and give its standard output; standard error is passed on."""
        return subprocess.run(
            [sys.executable, *arguments],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=environment(),
        ).stdout

    def timed(self, arguments: list[str], folder: Path) -> tuple[str, float]:
        """Run Python in `folder`; give its output, and the seconds from its start to its end."""
        started = time.perf_counter()
        return self.run(arguments, folder), time.perf_counter() - started


def environment() -> dict[str, str]:
    """Give the environment of a child process, which can import this package and zencache.

    Bytecode may be cached, as for an installed package; otherwise each process would compile zencache, but
    not the libraries it is compared with. Deprecation warnings of Beam's libraries are suppressed.
    """
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**usual_environment(), "PYTHONPATH": path, "PYTHONWARNINGS": "ignore::FutureWarning"}
