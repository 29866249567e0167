"""Kills a run at its Nth write, for each N, and runs again: `python killed_run.py FOLDER CHANGED POINTS` prints
what it found as JSON lines.

All runs are forked from this process, which has imported the engine once. A point is whatever changes the
store: a file that is opened for writing, renamed, flushed or removed, and a call that writes records, before
and after it. CHANGED says whether the killed run computes something (`changed`) or finds all (`same`); POINTS
is `all`, or `records` for those alone that are after a call that writes records.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import traceback
from pathlib import Path

from zencache import Output, Repository, pipeline, step
from zencache.execution.engine import load_engine
from zencache.metadata import store
from zencache.metadata.client import MetadataClient

_CHANGES = (
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.truncate",
    "os.link",
    "os.chmod",
    "shutil.rmtree",
)
_AT_ONCE = 2
_WRITING = os.O_WRONLY | os.O_RDWR


@step
def numbers(size: int) -> list:
    return list(range(size))


@step
def halves(values: list, factor: int) -> Output(even=list, odd=list):
    return values[::2] * factor, values[1::2] * factor


@step
def total(even: list, odd: list) -> int:
    return sum(even) * 1000 + sum(odd)


@pipeline(name="killed")
def made(size: int = 4, factor: int = 1):
    even, odd = halves(numbers(size=size), factor=factor)
    total(even, odd)


def expected(size: int, factor: int) -> int:
    values = list(range(size))
    return sum(values[::2]) * factor * 1000 + sum(values[1::2]) * factor


class Points:
    """Counts what changes the store, and kills this process at the one that is chosen."""

    def __init__(self, chosen: int | None) -> None:
        self.chosen, self.seen, self.on = chosen, [], True
        self._lock = threading.Lock()
        sys.addaudithook(self._heard)
        self._wrap_records()
        flush = os.fsync
        os.fsync = lambda file: (self.at("fsync"), flush(file))[1]

    def at(self, what: str) -> None:
        with self._lock:
            if self.on:
                self.seen.append(what)
                if len(self.seen) - 1 == self.chosen:
                    os.kill(os.getpid(), signal.SIGKILL)

    def _heard(self, event: str, args: tuple) -> None:
        if event == "open" and isinstance(args[2], int) and args[2] & _WRITING and _in_store(args[0]):
            self.at("open")
        elif event in _CHANGES and _in_store(args[0]):
            self.at(event)

    def _wrap_records(self) -> None:
        asked = MetadataClient.__getattr__

        def noted(client: MetadataClient, name: str) -> object:
            call = asked(client, name)

            def writes(*args: object, **kwargs: object) -> object:
                self.at(f"before {name}")
                found = call(*args, **kwargs)
                self.at(f"after {name}")
                return found

            return writes if name.startswith("put_") else call

        MetadataClient.__getattr__ = noted


def _in_store(path: object) -> bool:
    return isinstance(path, str | bytes | os.PathLike) and ".zencache" in os.fsdecode(path)


def fork(work: object) -> int:
    """Do it in a forked process, and give its number."""
    if (child := os.fork()) == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - told by how it ends
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


def in_child(work: object) -> dict | None:
    """Do it in a forked process; None where that was killed."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.close(reading)
        try:
            found = work()
        except BaseException as error:  # noqa: BLE001 - told to the parent
            found = {"error": f"{type(error).__name__}: {error}"}
        os.write(writing, json.dumps(found).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        told = file.read()
    os.waitpid(child, 0)
    return json.loads(told) if told else None


def run(size: int, factor: int) -> dict:
    done = made(size=size, factor=factor).run()
    value = done.steps["total"].output.load()
    return {"value": value, "status": {name: s.status for name, s in done.steps.items()}}


def counted(factor: int) -> dict:
    points = Points(None)
    found = run(4, factor)
    points.on = False
    return {**found, "points": points.seen}


def killed(factor: int, number: int) -> dict:
    Points(number)
    return run(4, factor)


def checked(factor: int) -> dict:
    """Run again what was killed, and what had been before it; read what is recorded, and what lies about."""
    again, before = run(4, factor), run(4, 1)
    repository = Repository()
    runs = [r.status for r in repository.get_runs()]
    states = sorted({s.status for r in repository.get_runs() for s in r.steps.values()})
    problems = [str(p) for p in repository.verify(full=True, repair=True).problems]
    after = [str(p) for p in repository.verify(full=True).problems]
    return {
        "again": again,
        "before": before,
        "runs": runs,
        "states": states,
        "problems": problems,
        "after": after,
    }


def fresh(base: Path, folder: Path, number: int = 0) -> None:
    """A copy of the store as it was before; of a server, a database that has been prepared the same way."""
    os.chdir("/")
    shutil.rmtree(folder, ignore_errors=True)
    if (url := os.environ.get("KILLING_STORE")) is None:
        shutil.copytree(base, folder)
        os.chdir(folder)
        return
    folder.mkdir()
    os.chdir(folder)
    os.environ["ZENCACHE_METADATA_STORE"] = f"{url}_{number}"
    in_child(lambda: run(4, 1))


def main(folder: Path, changed: str, which: str) -> None:
    factor = 2 if changed == "changed" else 1
    load_engine()
    # On a busy machine a run would write heartbeats too, each time at another place: the Nth write is always the same one.
    store.SERVER_INTERVAL = store.FILE_INTERVAL = 3600.0
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what runs print is not what is told
    base, work = folder / "base", folder / "work"
    base.mkdir(parents=True)
    os.chdir(base)
    if url := os.environ.get("KILLING_STORE"):
        os.environ["ZENCACHE_METADATA_STORE"] = f"{url}_base"
    first = in_child(lambda: run(4, 1))
    assert first == {
        "value": expected(4, 1),
        "status": dict.fromkeys(("numbers", "halves", "total"), "executed"),
    }, first
    fresh(base, work, 999)
    counting = in_child(lambda: counted(factor))
    points = counting.get("points") or sys.exit(f"the run that is to be killed fails: {counting}")
    chosen = [(n, p) for n, p in enumerate(points) if which == "all" or p.startswith("after put_")]

    def visit(share: int) -> None:
        for number, point in chosen[share::_AT_ONCE]:
            fresh(base, folder / f"work{share}", number)
            was_killed = in_child(lambda number=number: killed(factor, number)) is None
            told = {"point": point, "killed": was_killed, **(in_child(lambda: checked(factor)) or {})}
            os.write(out, (json.dumps(told) + "\n").encode())

    children = [fork(lambda share=share: visit(share)) for share in range(_AT_ONCE)]
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
