"""Runs ZenML on a sample of probes, to compare the runs with the verdicts by keys."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from benchmarks.truth.judging import Judged, Project, Server

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.truth.environments import Peer
    from tests.cache_truth.harness import Outcome

SAMPLE = 6
"""The sizes of the samples of hits and of reruns; each probe takes two processes of several seconds."""
HITS = ("stale", "right hit")


def compared(peer: Peer, truths: list[Outcome], verdicts: list[Judged], root: Path) -> str:
    """Run a sample of the probes, each side in a separate process, and compare with the verdicts by keys."""
    able = [
        judged
        for truth, judged in zip(truths, verdicts, strict=True)
        if judged.kind != "not applicable"
        and is_number(truth.before.result)
        and is_number(truth.after.result)
    ]
    hits = [judged for judged in able if judged.kind in HITS]
    chosen = [*spread(hits), *spread([judged for judged in able if judged.kind not in HITS])]
    with ThreadPoolExecutor(2) as pool:
        reused = list(pool.map(lambda judged: is_reused(peer, judged, root), chosen))
    ran = [(one, judged.kind in HITS) for one, judged in zip(reused, chosen, strict=True) if one is not None]
    agreed = sum(one == by_key for one, by_key in ran)
    failed = len(chosen) - len(ran)
    return (
        f"Real runs of {len(ran)} of the probes, {sum(by_key for _, by_key in ran)} of them hits by their "
        f"keys, "
        f"did what the keys say in {agreed} cases; {failed} more failed as runs."
    )


def spread(judged: list[Judged]) -> list[Judged]:
    """Take a sample evenly from a list."""
    return judged[:: max(1, len(judged) // SAMPLE)][:SAMPLE]


def is_number(result: str | None) -> bool:
    return str(result).removeprefix("-").replace(".", "", 1).isdigit()


def is_reused(peer: Peer, judged: Judged, root: Path) -> bool | None:
    """Run the pipeline before the edit and after it; say whether the second run reused the step.

    None says that one of the two failed, which says nothing about the cache.
    """
    place = root / "runs" / str(id(judged))
    shutil.copytree(root / "scratch" / "config", place / "config")
    project = Project(judged.probe, place)
    with Server(peer, place, 1, TRUTH_RUNS="1") as server:
        before = server.look(project.before())
    with Server(peer, place, 2, TRUTH_RUNS="1") as server:
        after = server.look(project.after())
    if before.error or after.error:
        return None
    return after.reused and not before.reused
