"""Measures the cost of verification per GB: `python -m benchmarks.verify [GB]`.

The artifacts of the store have just been written, so that most reads come from memory. Reading and digesting
the same files is a lower bound for any verification by content; both are measured in turns with it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from blake3 import blake3

from zencache import Output, Repository, pipeline, step

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGE = 64 * 2**20  # bytes of one artifact, of half of the store
_SMALL = 2**20
_TURNS = 5


@step
def one(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)


@step
def two(size: int, seed: int) -> Output(left=np.ndarray, right=np.ndarray):  # type: ignore[valid-type]
    both = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)
    return both[::2].copy(), both[1::2].copy()


@pipeline
def filled(large: int, small: int):
    for seed in range(large):
        one(size=_LARGE, seed=seed)
    for seed in range(small):
        two(size=2 * _SMALL, seed=seed)


def main(size: float) -> None:
    """Fill a store, time its verification and the references in turns, and print a table."""
    here = Path(tempfile.mkdtemp(prefix="zencache-verify-"))
    os.chdir(here)
    try:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a device
            _fill(size, nowhere.fileno())
        files = [path for path in (here / ".zencache/artifacts").rglob("*") if path.is_file()]
        total = sum(path.stat().st_size for path in files)
        print(
            f"{len(files) // 2} artifacts, {total / 1e9:.2f} GB, {os.cpu_count()} cores; medians of "
            f"{_TURNS}\n"
        )
        _table(_measured(files), total)
    finally:
        os.chdir("/")
        shutil.rmtree(here)


def _fill(size: float, nowhere: int) -> None:
    out = os.dup(1)
    os.dup2(nowhere, 1)  # the run's lines do not belong to the table
    try:
        filled(large=max(1, int(size * 5e8 // _LARGE)), small=max(1, int(size * 5e8 // (2 * _SMALL)))).run()
    finally:
        sys.stdout.flush()
        os.dup2(out, 1)


def _measured(files: list[Path]) -> dict[str, float]:
    repository = Repository()
    ways: dict[str, Callable[[], object]] = {
        "cat > /dev/null": lambda: _cat(files),
        "BLAKE3, file after file, one thread": lambda: [_digest(path) for path in files],
        "BLAKE3, files in parallel": lambda: _in_parallel(files),
        "verify --full": lambda: repository.verify(full=True),
        "verify (sizes and manifests)": repository.verify,
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_TURNS):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(each) for name, each in taken.items()}


def _cat(files: list[Path]) -> None:
    for start in range(0, len(files), 1000):
        names = [str(path) for path in files[start : start + 1000]]
        subprocess.run(["cat", *names], stdout=subprocess.DEVNULL, check=True)


def _digest(path: Path) -> str:
    hasher = blake3()
    with path.open("rb", buffering=0) as file:
        while data := file.read(2**23):
            hasher.update(data)
    return hasher.hexdigest()


def _in_parallel(files: list[Path]) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(_digest, files))


def _table(taken: dict[str, float], total: int) -> None:
    least = taken["BLAKE3, file after file, one thread"]
    print(f"{'':<38}{'seconds':>10}{'GB/s':>10}{'s per GB':>10}{'ratio':>8}")
    for name, seconds in taken.items():
        rate = total / 1e9 / seconds
        print(f"{name:<38}{seconds:>10.3f}{rate:>10.2f}{1 / rate:>10.3f}{seconds / least:>8.2f}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
