"""Measures runs per second of 1, 4 and 16 processes on one store: `python -m benchmarks.writers`.

`python -m benchmarks.writers RUNS`: each process makes RUNS (by default 50) fully cached runs of two to six
steps. Their five versions all register at once. MariaDB and PostgreSQL are measured too if they are
installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.servers import Servers, missing

SCRIPT = Path(__file__).parents[1] / "tests" / "faults" / "many_users.py"
WRITERS = (1, 4, 16)


def measured(folder: Path, url: str | None, writers: int, runs: int) -> tuple[float, float]:
    """Give runs a second, and the slowest run's seconds."""
    env = {**os.environ, **({"ZENCACHE_METADATA_STORE": url} if url else {})}
    places = [folder / (f"machine{n}" if url else "machine0") for n in range(writers)]
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
    python, quiet = [sys.executable, str(SCRIPT)], {"stdout": subprocess.DEVNULL, "env": env}
    subprocess.run([*python, "prepare"], cwd=places[0], check=True, **quiet)
    go = folder / "go"
    users = [
        subprocess.Popen(
            [*python, str(n), str(runs), "no", str(go)],
            cwd=places[n],
            stderr=subprocess.PIPE,
            text=True,
            **quiet,
        )
        for n in range(writers)
    ]
    while sum(Path(f"{go}.{n}").exists() for n in range(writers)) < writers:
        time.sleep(0.01)
    started = time.perf_counter()
    go.touch()
    outputs = [user.communicate()[1] for user in users]
    took = time.perf_counter() - started
    assert not any(user.returncode for user in users), outputs
    slowest = max(float(text.split('"slowest": ')[1].split("}")[0]) for text in outputs)
    return writers * runs / took, slowest


def main(runs: int = 50) -> None:
    servers = Servers()
    print("| store | writers | runs/s | of one writer's | slowest run, s |")
    print("|---|---|---|---|---|")
    for kind in ("sqlite", "mysql", "postgresql"):
        if missing(kind):
            print(f"| {kind} | not installed here | | | |")
            continue
        alone = 0.0
        for writers in WRITERS:
            url = None if kind == "sqlite" else servers.url(kind, f"writers{writers}")
            with tempfile.TemporaryDirectory() as folder:
                rate, slowest = measured(Path(folder), url, writers, runs)
            alone = alone or rate
            print(f"| {kind} | {writers} | {rate:.1f} | {rate / alone:.2f} | {slowest:.2f} |", flush=True)
    servers.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
