"""Times one round with a library, and checks its runs by the traces of executions."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.environments import usual_environment
from benchmarks.peers.registry import SCRIPTS, Peer

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 900
"""Seconds that one process may take."""
TWO = Counter(load=1, train=1)
TEN = Counter(start=1, add=9)


class WrongRunError(Exception):
    """A run failed, was not cached, or had another result than the plain functions."""


@dataclass(frozen=True)
class Round:
    """The seconds of one round with one library."""

    bare: float
    imports: float
    first: float
    cached: float
    two: tuple[float, ...]
    """Runs of two steps within one process."""
    ten: tuple[float, ...]
    """Runs of ten steps within one process."""

    @property
    def over_bare(self) -> float:
        return self.cached - self.bare

    @property
    def over_imports(self) -> float:
        return self.cached - self.imports


def plain(peer: Peer, scratch: Path) -> dict[str, Any]:
    """Compute the results in the peer's environment without the peer."""
    scratch.mkdir(parents=True)
    return process([str(peer.executable), str(SCRIPTS / "work.py"), "plain"], scratch)[1]


def timed(peer: Peer, store: Path, right: dict[str, Any]) -> Round:
    """Time one round in an empty store; raise WrongRunError if a step was not cached or a result is wrong."""
    store.mkdir(parents=True)
    first, answer = process(peer.command("run", store), store)
    check(peer, "first run", store, TWO, {"two": [answer["two"]]}, right)
    imports, _ = process(peer.command("imports", store), store)
    bare, _ = process([str(peer.executable), str(SCRIPTS / "work.py")], store)
    cached, answer = process(peer.command("run", store), store)
    check(peer, "cached run", store, TWO, {"two": [answer["two"]]}, right)
    _, answer = process(peer.command("warm", store), store)
    results = {pipeline: answer[pipeline]["results"] for pipeline in ("two", "ten")}
    check(peer, "runs in one process", store, TWO + TEN, results, right)
    return Round(
        bare, imports, first, cached, tuple(answer["two"]["seconds"]), tuple(answer["ten"]["seconds"])
    )


def process(command: list[str], folder: Path) -> tuple[float, dict[str, Any]]:
    """Run a process to its end; give its seconds and the last line of its standard output."""
    temporary = folder.parent / "temporary"  # removed with the benchmark's folder: Beam leaves files there
    temporary.mkdir(exist_ok=True)
    began = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env=usual_environment() | {"TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    seconds = time.perf_counter() - began
    *_, last = done.stdout.splitlines() or [""]
    if done.returncode or not last.startswith("{"):
        raise WrongRunError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return seconds, json.loads(last)


def check(
    peer: Peer, what: str, store: Path, executed: Counter, results: dict[str, list], right: dict[str, Any]
) -> None:
    """Compare the steps executed in a store so far, and the results of runs, with the expected ones."""
    trace = Counter((store / "executions.txt").read_text().split())
    if trace != executed:
        raise WrongRunError(f"{peer}, {what}: executed {dict(trace)}, not {dict(executed)}")
    for pipeline, values in results.items():
        if any(value != right[pipeline] for value in values):
            raise WrongRunError(f"{peer}, {what}: results {values}, not {right[pipeline]}")


def versions(peer: Peer) -> dict[str, str]:
    """Read from the peer's environment the versions of the library, of Python, and of the work's imports."""
    code = (
        "import json, platform, sys; from importlib.metadata import version; "
        "print(json.dumps({'Python': platform.python_version(), **{p: version(p) for p in sys.argv[1:]}}))"
    )
    command = [str(peer.executable), "-c", code, peer.package, "numpy", "scikit-learn"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
