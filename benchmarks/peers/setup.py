"""Creates the environments of the timed libraries: `python -m benchmarks.peers.setup`."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.peers.registry import peers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.peers.registry import Peer


def made(wanted: Iterable[Peer]) -> list[Peer]:
    """Create missing environments; give the peers that can run, and report the others."""
    return [peer for peer in wanted if can_run(peer)]


def can_run(peer: Peer) -> bool:
    """Create the peer's own environment, if it has one; False, with a message, if that fails."""
    try:
        if peer.environment:
            peer.environment.make()
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        print(f"{peer} is left out: its environment cannot be made ({error})", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(len(made(peers().values())) < len(peers()))
