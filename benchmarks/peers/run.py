"""Times equal pipelines in zencache and in other libraries, and writes `benchmarks/RESULTS.md`.

`python -m benchmarks.peers.run [PEER …] [--repeats N] [--slow-repeats N] [--to FILE]`. Each peer has its own
environment, which is created if it is missing. Repeats are interleaved: all peers once, then all peers again.
The result of some of the peers is printed, and written only to the file of `--to`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from benchmarks.peers import page, timing
from benchmarks.peers.registry import Peer, peers
from benchmarks.peers.setup import made

WHERE = Path(__file__).parents[1] / "RESULTS.md"
QUIET = 0.5
"""The highest load of a machine that is nearly idle."""


def main() -> None:
    options = parsed()
    able = made(peers()[name] for name in options.peers)
    repeats = {
        peer: min(options.repeats, options.slow_repeats if peer.slow else options.repeats) for peer in able
    }
    if os.getloadavg()[0] > QUIET:
        timing.say("this machine is busy, which affects the figures")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as root:
        rounds = interleaved(repeats, Path(root))
    spent = time.perf_counter() - began
    timing.say(f"done in {spent / 60:.1f} minutes")
    measured = [page.Measured(peer, timing.versions(peer), tuple(rounds[peer])) for peer in able]
    text = page.document(measured, shown(options), options.machine, spent)
    if options.to or options.peers == list(peers()):
        (options.to or WHERE).write_text(text, encoding="utf-8")
    print(text)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"of {', '.join(peers())}")
    parser.add_argument("--repeats", type=int, default=7, metavar="N")
    parser.add_argument("--slow-repeats", type=int, default=3, metavar="N", help="at most, for TFX")
    parser.add_argument("--to", type=Path, metavar="FILE", help="the file to write")
    parser.add_argument("--machine", default="two shared cores, 24 GiB", help="the machine, in words")
    options = parser.parse_args()
    unknown = set(options.peers) - set(peers())
    if unknown:
        parser.error(f"no peer named {', '.join(sorted(unknown))}; there are {', '.join(peers())}")
    options.peers = options.peers or list(peers())
    return options


def shown(options: argparse.Namespace) -> str:
    """Give the command with its options."""
    named = [] if options.peers == list(peers()) else options.peers
    numbers = f"--repeats {options.repeats} --slow-repeats {options.slow_repeats}"
    return " ".join(["python -m benchmarks.peers.run", *named, numbers])


def interleaved(repeats: dict[Peer, int], root: Path) -> dict[Peer, list[timing.Round]]:
    """Time all peers once, then all of them again, each time in an empty store."""
    right = {peer: timing.plain(peer, root / "plain" / peer.name) for peer in repeats}
    rounds = {peer: [] for peer in repeats}
    for number in range(max(repeats.values())):
        for peer in (peer for peer, times in repeats.items() if number < times):
            timed_round = timing.timed(peer, root / peer.name / str(number), right[peer])
            rounds[peer].append(timed_round)
            timing.say(
                f"repeat {number + 1} of {repeats[peer]}, {peer}: {timed_round.over_bare:.2f} s over bare, "
                f"first run {timed_round.first:.1f} s"
            )
    return rounds


if __name__ == "__main__":
    main()
