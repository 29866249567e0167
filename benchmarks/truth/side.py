"""Runs one side of a probe in a peer's environment: loads a project in a fresh process and runs its step.

Run as a script, `side.py PEER SCRATCH`, this is a server like `tests/cache_truth/side.py`. It imports the
peer but no module of a user, and reads one job a line from its standard input. It forks for each job, and
writes the child's result as one line of JSON.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import types

HERE = Path(__file__).parent
LONGEST = 60
"""Seconds that one side may take."""
WARM = "from zencache import step\n\n\n@step\ndef work(x: int = 3) -> float:\n    return x * 2.0\n"


def main(name: str, scratch: str) -> None:
    sys.path[0] = str(HERE / "stub")  # without this folder, so that a project imports only its own modules
    sys.dont_write_bytecode = True
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    shared = module_at(HERE.parents[1] / "tests/cache_truth/side.py", "zencache_probe_side")
    peer = module_at(HERE / "peers" / f"{name}.py", "zencache_probe_peer")
    importlib.import_module("zencache").PEER = peer
    peer.warm_up(Path(scratch))
    import_what_a_run_imports(peer, shared, Path(scratch) / f"warm{os.getpid()}")
    answers.write("ready\n")
    answers.flush()
    try:
        for line in sys.stdin:
            answers.write(in_a_child(peer, shared, json.loads(line)) + "\n")
            answers.flush()
    finally:
        peer.close()


def module_at(path: Path, name: str) -> types.ModuleType:
    """Load a file as a module under a name that no project uses."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def import_what_a_run_imports(peer: types.ModuleType, shared: types.ModuleType, folder: Path) -> None:
    """Run a first step in a child, and do its imports here, so that a child needs only a fork and the run."""
    shared.write(folder / "main.py", WARM)
    job = {"folder": str(folder), "store": str(folder), "environ": {}, "path": [], "start": "import"}
    imported = json.loads(in_a_child(peer, shared, {**job, "arguments": "", "modules": True}))
    for name in imported.get("modules", ()):
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def in_a_child(peer: types.ModuleType, shared: types.ModuleType, job: dict) -> str:
    answer: str = shared.in_a_child(lambda: look(peer, shared, job), LONGEST)
    return answer


def look(peer: types.ModuleType, shared: types.ModuleType, job: dict) -> dict:
    """Load the project and run its step with the peer; report the result or the error."""
    try:
        return looked(peer, shared, job)
    except BaseException:  # noqa: BLE001 - a project and a peer may fail in any way
        return {"error": traceback.format_exc()[-4000:]}


def looked(peer: types.ModuleType, shared: types.ModuleType, job: dict) -> dict:
    """Load the project, write an edit that comes late, and run the step."""
    import zencache

    peer.begin(Path(job["store"]), Path(job["folder"]))
    module = shared.load(job)
    if job["start"] == "late":
        for name, text in job["late"].items():
            shared.write(Path(job["folder"]) / name, text)
    step = chosen(zencache.STEPS, module)
    if job["start"] == "ran":
        shared.call(module, step.function, job["arguments"])
    arguments = eval(f"_given_({job['arguments']})", {**vars(module), "_given_": lambda *a, **k: (a, k)})
    outcome, result = peer.run(step, *arguments)
    if "modules" in job:
        return {"modules": [name for name in sys.modules if name not in ("main", "__main__")]}
    return {**outcome, "result": repr(result)}


def chosen(steps: list, module: types.ModuleType) -> object:
    """Find the step of the pipeline: `work` of the main module, or the last one defined."""
    function = getattr(module, "work", None)
    return next((step for step in steps if step.made is function), steps[-1])


if __name__ == "__main__":
    main(*sys.argv[1:])
