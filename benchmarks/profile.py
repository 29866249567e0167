"""Profiles a fully cached run in milliseconds: `python -m benchmarks.profile [--repeats N]`.

A fresh process does the imports of a cached run of the two-step digits pipeline one by one, and then runs it;
the parts of the run are timed. Prints medians over the repeats, as a table for `docs/performance.md`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.goals.bench import QUICK, Bench
from benchmarks.goals.processes import DIGITS, IMPORTS

MEASURED = """
import json, time
began = time.perf_counter()
parts = {{}}


def lap(name):
    global began
    now = time.perf_counter()
    parts[name] = now - began
    began = now


{imports}
lap("the user's own imports")
import sqlite3, importlib.metadata, ast, uuid, json, tomli
import pydantic
from pydantic import BaseModel
lap("import pydantic")
class First(BaseModel):
    x: int
lap("pydantic's first model: it looks for plug-ins")
import attr, absl.logging, google.protobuf, grpc
lap("import attrs, absl, protobuf, gRPC: ML Metadata needs them")
import ml_metadata
lap("import ml_metadata")
from zencache import pipeline, step, Output
import zencache.pipelines, zencache.metadata.runs, zencache.materializers
lap("import zencache's own modules")
from zencache.pipelines import runner
from zencache.metadata import session
from zencache.planning import Planner
from zencache.metadata.client import MetadataClient
from zencache.metadata.publish import ResultStore
inside = {{}}


def timed(owner, name, part):
    function = getattr(owner, name)

    def call(*args, **kwargs):
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            inside[part] = inside.get(part, 0.0) + time.perf_counter() - started

    setattr(owner, name, call)


asked = MetadataClient.__getattr__
in_store = [0.0]


def counted(self, name):
    call = asked(self, name)

    def counting(*args, **kwargs):
        started = time.perf_counter()
        try:
            return call(*args, **kwargs)
        finally:
            in_store[0] += time.perf_counter() - started

    return counting


MetadataClient.__getattr__ = counted
timed(runner, "with_snapshots", "the code's digests, and snapshots of a script's steps")
timed(Planner, "plan", "the plan: keys, look-ups, files being there")
timed(ResultStore, "publish", "publishing")
lap("")
{script}
whole = time.perf_counter() - began
del parts[""]
parts |= {{f"run: {{name}}": seconds for name, seconds in inside.items()}}
parts["run: the rest (opening the store, the version, the lines)"] = whole - sum(inside.values())
again = time.perf_counter()
in_store[0] = 0.0
digits_pipeline().run()
parts["a second run in the process"] = time.perf_counter() - again
parts["of it in calls to ML Metadata"] = in_store[0]
print(json.dumps(parts))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory(prefix="zencache-profile-") as root:
        laps = measured(Bench(QUICK, Path(root)), repeats)
    print(f"| part | ms (median of {repeats}) |\n|---|--:|")
    for name in laps[0]:
        print(f"| {name} | {1000 * statistics.median(lap[name] for lap in laps):.1f} |")


def measured(bench: Bench, repeats: int) -> list[dict[str, float]]:
    """Fill a store by a first run, and measure cached runs."""
    folder = bench.folder("digits")
    script = folder / "digits.py"
    script.write_text(DIGITS)
    bench.run([str(script)], folder)
    script.write_text(MEASURED.format(imports=IMPORTS, script=DIGITS.replace(IMPORTS, "")))
    laps = []
    for number in range(repeats + 1):
        laps.append(json.loads(bench.run([str(script)], folder).splitlines()[-1]))
        print(f"{number} of {repeats}", file=sys.stderr)
    return laps[1:]  # the first may write bytecode


if __name__ == "__main__":
    main()
