"""Runs probes with a peer, and judges its behaviour by the expected verdicts."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.cache_truth import harness

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.truth.environments import Peer

Kind = Literal["right hit", "right rerun", "stale", "needless", "imprecise", "not applicable"]


@dataclass(frozen=True)
class Look:
    """The outcome on one side: whether the peer reused a stored result, or the key that it would look up."""

    reused: bool = False
    key: str | None = None
    result: str | None = None
    error: str = ""


@dataclass(frozen=True)
class Judged:
    """A probe, and its outcome with one library."""

    probe: harness.Probe
    kind: Kind
    why: str = ""
    """Why it is not applicable."""


# -- running --------------------------------------------------------------------------------------


class Server:
    """A process in the peer's environment that imports the peer and forks for each side."""

    def __init__(self, peer: Peer, scratch: Path, seed: int, **environ: str) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        command = [str(peer.executable), str(Path(__file__).with_name("side.py")), peer.name, str(scratch)]
        log = (scratch / f"said{seed}.txt").open("w")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed), "OPENBLAS_NUM_THREADS": "1", **environ},
        )
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{peer} does not start:\n{Path(log.name).read_text()[-3000:]}")

    def look(self, job: dict) -> Look:
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return Look(**json.loads(self._process.stdout.readline()))

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


class Project:
    """A probe's folder, and the store of the peer beside it."""

    def __init__(self, probe: harness.Probe, folder: Path) -> None:
        self.probe = probe
        self.folder = folder / "project"
        self.store = folder / "store"
        self.store.mkdir(parents=True)

    def before(self) -> dict:
        return {**harness._before(self.probe, self.folder), "store": str(self.store)}

    def after(self) -> dict:
        self.folder.mkdir(exist_ok=True)
        return {**harness._after(self.probe, self.folder), "store": str(self.store)}


@dataclass(frozen=True)
class Sides:
    """Three processes in sequence: before the edit, after it, and once more without a change."""

    before: Look
    after: Look
    again: Look


def run(peer: Peer, probes: Sequence[harness.Probe], root: Path) -> list[Sides]:
    """Run the probes in two processes with two hash seeds; successive sides have different seeds.

    The third side runs only if the step ran again after the edit.
    """
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(peer, root / "scratch", seed)) for seed in (1, 2)]
        projects = [Project(probe, root / f"{number:03}") for number, probe in enumerate(probes)]
        before = phase(servers, projects, Project.before)
        after = phase(servers[::-1], projects, Project.after)
        pending = [
            None if is_hit(*looks) else project
            for project, *looks in zip(projects, before, after, strict=True)
        ]
        repeated = phase(servers, pending, Project.after)
    return [Sides(*looks) for looks in zip(before, after, repeated, strict=True)]


def phase(
    servers: Sequence[Server], projects: Sequence[Project | None], job: Callable[[Project], dict]
) -> list[Look]:
    """Let each server process its share of the projects; None is skipped."""

    def share(first: int) -> list[Look]:
        mine = projects[first :: len(servers)]
        return [servers[first].look(job(project)) if project else Look() for project in mine]

    with ThreadPoolExecutor(len(servers)) as pool:
        shares = list(pool.map(share, range(len(servers))))
    return [shares[i % len(servers)][i // len(servers)] for i in range(len(projects))]


# -- judging --------------------------------------------------------------------------------------


def judge(truth: harness.Outcome, sides: Sides) -> Judged:
    """Judge the peer by the results of the plain function."""
    why = not_applicable(truth, sides)
    return Judged(
        truth.probe, "not applicable" if why else kind(truth.probe, is_hit(sides.before, sides.after)), why
    )


def is_hit(before: Look, after: Look) -> bool:
    """Say whether the peer reuses on the second side the result of the first."""
    return after.reused or (before.key is not None and before.key == after.key)


def not_applicable(truth: harness.Outcome, sides: Sides) -> str:
    """Say why a probe is not applicable to a peer; None if it is applicable."""
    before, after = sides.before, sides.after
    stored = truth.before if after.reused else truth.after
    another = before.reused or (before.result, after.result) != (truth.before.result, stored.result)
    needed = truth.probe.verdict == "rerun"
    reasons = {
        "it is about zencache's own interface": bool(truth.probe.unobservable),
        "its step fails, and failures are not stored": "raises " in (truth.before.result or "raises "),
        "the peer refuses it": bool(before.error or after.error),
        "its result is another there": another,
        "the peer runs it each time, whatever is edited": needed and runs_forever(sides),
    }
    return next((why for why, holds in reasons.items() if holds), "")


def runs_forever(sides: Sides) -> bool:
    """Say whether the peer runs the step again without any change."""
    return not is_hit(sides.before, sides.after) and not is_hit(sides.after, sides.again)


def kind(probe: harness.Probe, hit: bool) -> Kind:
    if probe.verdict == "rerun":
        return "stale" if hit else "right rerun"
    if hit:
        return "right hit"
    return "needless" if probe.verdict == "hit" else "imprecise"


def judge_ours(outcome: harness.Outcome) -> Judged:
    """Judge zencache itself, as `python -m tests.cache_truth.report` does."""
    if outcome.errors:
        return Judged(outcome.probe, "not applicable", "an error")
    return Judged(outcome.probe, kind(outcome.probe, outcome.is_hit))
