"""Measures large arrays: reuse without reading them, and storing beside a plain write."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.goals import inside
from benchmarks.goals.figures import Figure, amount, difference, ratio, speed
from benchmarks.goals.timing import in_turns, seconds, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from benchmarks.goals.bench import Bench

SMALL = 1000  # bytes
ITEM = 8  # bytes
AS_LONG = 1.2
MEGABYTE = 10**6
OF_THE_SPEED = 0.7
MORE_MEMORY = 64 * MEGABYTE


# -- reused, and not needed -------------------------------------------------------------------------


def unneeded(bench: Bench) -> list[Figure]:
    """Measure runs that reuse a large array without needing it, beside runs with a small one."""
    sizes = {"large": bench.sizes.array, "small": SMALL}
    folders = {name: bench.project("unneeded", size // ITEM) for name, size in sizes.items()}
    figures = []
    for work, compute in {"all steps cached": False, "another step computed": True}.items():
        measured = bench.call(
            reuse_unneeded,
            bench.folder("turns"),
            projects=folders,
            repeats=bench.sizes.often,
            compute=compute,
        )
        label = f"{amount(bench.sizes.array, 'B')} array unneeded, {work}"
        small, size_text = measured["small"], f"of {amount(SMALL, 'B')}"
        figures += [
            ratio(label, measured["large"]["seconds"], (size_text, small["seconds"]), "s", AS_LONG),
            difference(
                f"{label}: read", measured["large"]["bytes"], (size_text, small["bytes"]), "B", MEGABYTE
            ),
        ]
    return figures


def reuse_unneeded(projects: dict[str, Any], repeats: int, compute: bool) -> dict[str, dict[str, float]]:
    """Run in each project in turns, with no artifacts in the page cache; give seconds and bytes read."""
    from benchmarks.goals.pipelines import unneeded as made

    inside.load_engine()
    figures_by_project: dict[str, list[tuple[float, int]]] = {name: [] for name in projects}
    for number in range(repeats + 1):
        for name, (folder, _, items) in projects.items():
            os.chdir(folder)
            forget_pages(Path(folder, ".zencache", "artifacts"))
            before = bytes_read()
            ready = made(items, number=1 + number if compute else 0)
            took, run = timed(ready.run)
            figures_by_project[name].append(
                (took, max(now - was for now, was in zip(bytes_read(), before, strict=True)))
            )
            assert run.steps["numbers"].is_cached
            assert run.steps["start"].is_cached is not compute
    return {
        name: {"seconds": median(t for t, _ in taken[1:]), "bytes": median(b for _, b in taken[1:])}
        for name, taken in figures_by_project.items()
    }


def forget_pages(folder: Path) -> None:
    """Evict the files from the page cache, so that reads through a memory map count too."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def bytes_read() -> tuple[int, int]:
    """Give the bytes that this process read by calls, and those fetched from the disk for it."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["rchar"]), int(lines["read_bytes"])


# -- stored -------------------------------------------------------------------------------------------


def storing(bench: Bench) -> list[Figure]:
    """Measure storing a large array with its digest, beside a plain flushed write; and the memory it takes.

    The shortest times count: in a virtual machine, the kernel may have to ask the host for memory pages. That
    can take several times as long as the write, and affects both ways at random.
    """
    size = bench.sizes.array
    peaks: dict[str, list[float]] = {}

    def way(name: str) -> Callable[[], float]:
        def measure() -> float:
            took, peak = bench.call(write_in, bench.folder(name), how=name, size=size)
            peaks.setdefault(name, []).append(peak)
            return float(took)

        return measure

    took = in_turns(bench.sizes.often, {name: way(name) for name in WAYS}, choose=min)
    peak = {name: median(values) for name, values in peaks.items()}
    label = f"{amount(size, 'B')} array stored"
    return [
        speed(
            f"{label}, with its digest", took["stored"], ("written, flushed", took["written"]), OF_THE_SPEED
        ),
        difference(
            f"{label}: peak memory", peak["stored"], ("with the array", peak["made"]), "B", MORE_MEMORY
        ),
    ]


def write_in(how: str, size: int) -> tuple[float, int]:
    """Create an array, store it one way in the working folder; give the seconds and the peak memory.

    A plain write comes first, so that the kernel has free pages.
    """
    import numpy as np

    from zencache.execution import value_io  # noqa: F401 - so that all ways import the same modules

    array = np.arange(size // ITEM)
    written(array, Path.cwd())
    clear(Path.cwd())
    took = seconds(lambda: WAYS[how](array, Path.cwd()))
    peak = peak_memory()
    clear(Path.cwd())
    return took, peak


def clear(folder: Path) -> None:
    """Delete the content of a folder, and wait until the disk is idle."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    os.sync()


def stored(array: np.ndarray, folder: Path) -> None:
    from zencache.config import create_project
    from zencache.execution.value_io import store

    project = create_project(folder)  # a millisecond
    store(array, str(folder / "output"), "output", project, where="the output")


def written(array: np.ndarray, folder: Path) -> None:
    with (folder / "plain").open("wb", buffering=0) as file:
        left = memoryview(array).cast("B")
        while left:
            left = left[file.write(left) :]
        os.fsync(file.fileno())


WAYS: dict[str, Callable[[np.ndarray, Path], None]] = {
    "stored": stored,
    "written": written,
    "made": lambda *_: None,
}


def peak_memory() -> int:
    """Give the most memory that this process has had so far, in bytes."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024
