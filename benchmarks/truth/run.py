"""Runs the probes of `tests/cache_truth` on other libraries, and writes `benchmarks/truth.md`.

`python -m benchmarks.truth.run [PEER ...] [--themes THEME ...] [--to FILE]`. The command creates an
environment for each peer. The result of some probes or peers is printed, and written only to the file of
`--to`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.truth import judging, table, zenml_runs
from benchmarks.truth.environments import Peer, peers
from tests.cache_truth.harness import Outcome, run_all
from tests.cache_truth.probes import PROBES, THEMES

WHERE = Path(__file__).parent.with_suffix(".md")


def main() -> None:
    options = parsed()
    probes = [probe for probe in PROBES if probe.theme in options.themes]
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as root:
        truths = run_all(probes, Path(root) / "zencache")
        results = [table.ours([judging.judge_ours(truth) for truth in truths])]
        for peer in (peers()[name] for name in options.peers):
            row = judged(peer, truths, Path(root) / peer.name)
            results += [row] if row else []
    text = table.document(results, options.machine, time.perf_counter() - began)
    whole = (options.peers, options.themes) == (list(peers()), THEMES)
    if options.to or whole:
        (options.to or WHERE).write_text(text)
    print(text)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"of {', '.join(peers())}")
    parser.add_argument("--themes", nargs="+", default=THEMES, choices=THEMES, metavar="THEME")
    parser.add_argument("--to", type=Path, help="the file to write")
    parser.add_argument("--machine", default="two shared cores", help="the machine, in words")
    options = parser.parse_args()
    options.peers = options.peers or list(peers())
    return options


def judged(peer: Peer, truths: list[Outcome], root: Path) -> table.Result | None:
    """Run all probes on a peer; None, with a message, if its environment cannot be created."""
    try:
        peer.environment.make()
    except subprocess.CalledProcessError as error:
        print(f"{peer} is left out: its environment cannot be made ({error})", file=sys.stderr)
        return None
    began = time.perf_counter()
    sides = judging.run(peer, [truth.probe for truth in truths], root)
    judged = [judging.judge(*both) for both in zip(truths, sides, strict=True)]
    checked = zenml_runs.compared(peer, truths, judged, root) if peer.name == "zenml" else ""
    print(f"{peer}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return table.Result.of(peer, judged, truths, checked)


if __name__ == "__main__":
    main()
