"""What the rows share: sizes, folders that go away, child processes."""

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
    """How much is measured, and how often."""

    often: int
    """Repeats of what takes milliseconds or a second."""
    seldom: int
    """Repeats of what takes many seconds."""
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
    """A run of the benchmark: its sizes, and folders below one that goes away afterwards."""

    def __init__(self, sizes: Sizes, root: Path) -> None:
        self.sizes = sizes
        self._root = root
        self._filled: dict[str, tuple[Path, Any]] = {}

    def folder(self, name: str) -> Path:
        """Make an empty folder."""
        made = self._root / f"{name}-{len(list(self._root.iterdir()))}"
        made.mkdir()
        return made

    def call(self, function: Callable[..., Any], folder: Path, **given: Any) -> Any:
        """Call a function of this package in a new process that works in `folder`; arguments and answer are
        JSON."""
        target = f"{function.__module__}:{function.__name__}"
        said = self.run(["-m", "benchmarks.goals.child", target, json.dumps(given)], folder)
        return json.loads(said.splitlines()[-1])

    def filled(
        self, function: Callable[..., Any], like: tuple[str, int] | None = None, **given: Any
    ) -> tuple[Path, Any]:
        """Call a function in a folder of its own, once for all rows: the folder as it left it, and its
        answer.

        `like` has the function begin with a copy of a pipeline's project (see `project`).
        """
        name = json.dumps([function.__name__, like, given])
        if name not in self._filled:
            folder = self.folder(function.__name__)
            if like:
                shutil.copytree(self.project(*like)[0], folder, dirs_exist_ok=True)
            self._filled[name] = folder, self.call(function, folder, **given)
        return self._filled[name]

    def project(self, shape: str, size: int) -> tuple[str, str, int]:
        """Run a pipeline of `pipelines.SHAPES` for the first time in a folder, once for all rows; name all
        three."""
        folder, _ = self._first_run(shape, size)
        return str(folder), shape, size

    def first_run(self, shape: str, size: int) -> float:
        """Give the seconds that this first run took, the engine being imported already."""
        return float(self._first_run(shape, size)[1])

    def _first_run(self, shape: str, size: int) -> tuple[Path, Any]:
        return self.filled(inside.first_run, shape=shape, size=size)

    def run(self, arguments: list[str], folder: Path) -> str:
        """Run Python in `folder`, and give what it prints; what it says on standard error stays there."""
        return subprocess.run(
            [sys.executable, *arguments],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=environment(),
        ).stdout

    def timed(self, arguments: list[str], folder: Path) -> tuple[str, float]:
        """Run Python in `folder`: what it prints, and the seconds from its start to its end."""
        started = time.perf_counter()
        return self.run(arguments, folder), time.perf_counter() - started


def environment() -> dict[str, str]:
    """Give this process's environment for a child, which finds this package, and zencache where it is.

    Compiled modules may be kept, as they are where a package is installed: not to have to compile
    zencache in each process is no merit of what it is compared with. What Beam's libraries say about
    their future in each process is kept from the progress.
    """
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**usual_environment(), "PYTHONPATH": path, "PYTHONWARNINGS": "ignore::FutureWarning"}
