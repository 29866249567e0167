"""One of several runs that need the same at once. `python slow_step.py SECONDS`: each computation is noted in
$FLYING_NOTES.

It takes that many seconds, or until there is a file `go`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from zencache import CachePolicy, pipeline, step


@step(cache=CachePolicy(watch=False))
def slow(seconds: float) -> int:
    notes = Path(os.environ["FLYING_NOTES"])
    (notes / f"computed.{os.getpid()}.{time.monotonic_ns()}").touch()
    end = time.monotonic() + seconds
    while time.monotonic() < end and not (notes / "go").exists():
        time.sleep(0.02)
    return 42


@pipeline
def flying(seconds: float):
    slow(seconds=seconds)


if __name__ == "__main__":
    run = flying(seconds=float(sys.argv[1])).run()
    print(run.steps["slow"].status, run.steps["slow"].output.load())
