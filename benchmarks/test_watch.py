"""Measures the cost of tracking a step that reads 10,000 small files, and of sorting its reads afterwards.

The hook's share is the difference between "watched" and "no hook". "hook idle" is the cost of every `open` in
the process after a step was tracked; most of it is Python's own call of a hook. Run this file alone, since a
hook cannot be removed: `python -m pytest benchmarks/test_watch.py --benchmark-only`.
"""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from zencache.tracking.file_digests import FileDigests
from zencache.tracking.observed_inputs import changed
from zencache.tracking.tracker import watching

FILES = 10_000


@pytest.fixture
def paths(folder):
    files = [folder / "data" / f"{n}.json" for n in range(FILES)]
    (folder / "data").mkdir()
    for path in files:
        path.write_text(json.dumps({"number": path.name, "values": list(range(20))}))
    return files


def read_bytes(paths):
    for path in paths:
        with open(path, "rb") as file:  # noqa: PTH123 - the cheapest way to read a file
            file.read()


def read_json(paths):
    for path in paths:
        json.loads(path.read_text())


def watch(folder, digests):
    return watching("step", root=folder, ignore=[], digests=digests, is_project=lambda _: False)


@pytest.mark.parametrize("read", [read_bytes, read_json])
@pytest.mark.parametrize("how", ["no hook", "hook idle", "watched"])
def test_reading(benchmark, folder, paths, read, how):
    """The order matters: the hook cannot be removed."""
    if how == "hook idle":
        with watch(folder, FileDigests(None)):
            pass
    with ExitStack() as stack:
        if how == "watched":
            stack.enter_context(watch(folder, FileDigests(None)))
        benchmark.pedantic(
            read, [list(map(str, paths)) if read is read_bytes else paths], rounds=15, warmup_rounds=2
        )


def test_beginning_and_ending(benchmark, folder):
    """A step that reads nothing."""

    def nothing():
        with watch(folder, FileDigests(None)) as watched:
            pass
        watched.seen()

    benchmark(nothing)


def test_sorting_out(benchmark, folder, paths):
    """`seen()` of 10,000 files, each read once for its digest."""

    def watched():
        with watch(folder, FileDigests(None)) as made:
            read_bytes(paths)
        return (made,), {}

    benchmark.pedantic(lambda made: made.seen(), setup=watched, rounds=5)


@pytest.mark.parametrize("remembered", [False, True])
def test_looking_up(benchmark, folder, paths, remembered):
    """`changed()` of 10,000 files that did not: each is read, or its status is enough."""
    import os

    for path in paths:
        os.utime(path, (1e9, 1e9))
    with watch(folder, FileDigests(folder / "files.db")) as watched:
        read_bytes(paths)
    seen = watched.seen()
    store = folder / "files.db" if remembered else None
    benchmark.pedantic(
        lambda digests: changed(seen, folder, digests), setup=lambda: ((FileDigests(store),), {}), rounds=5
    )
