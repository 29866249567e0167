"""One of many users of a store: runs of a pipeline in five versions, one after the other. `python many_users.py
NUMBER RUNS COMPUTES GO`

Those that compute use values that nobody used before; the others find all results, under another pipeline's
name.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from zencache import pipeline, step
from zencache.config import create_project

STRUCTURES = 5
VALUES = 3


@step
def start(value: int) -> int:
    return value


@step
def add(x: int) -> int:
    return x + 1


def chain(length: int, name: str = "shared"):
    @pipeline(name=name)
    def made(value: int):
        value = start(value=value)
        for _ in range(length):
            value = add(value)

    return made


def prepare() -> None:
    """Compute what the others find."""
    for value in range(VALUES):
        chain(STRUCTURES, "prepared")(value=value).run()


def use(number: int, runs: int, *, computes: bool) -> dict:
    slowest = 0.0
    for i in range(runs):
        length = 1 + (number + i) % STRUCTURES
        value = 1000 + i % 10 if computes else i % VALUES
        started = time.perf_counter()
        run = chain(length)(value=value).run(run_name=f"user-{number}-{i}")
        slowest = max(slowest, time.perf_counter() - started)
        assert list(run.steps.values())[-1].output.load() == value + length
    return {"slowest": slowest}


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare()
    else:
        number, runs, computes, go = sys.argv[1:]
        create_project(Path.cwd())
        Path(f"{go}.{number}").touch()
        while not Path(go).exists():
            time.sleep(0.01)
        found = use(int(number), int(runs), computes=computes == "yes")
        print(json.dumps(found), file=sys.stderr)
        os._exit(0)  # without the time that the engine takes to end
