"""One side of a probe: a project is loaded in a fresh process, its step's key is planned and its function
called.

Run as a script this is a server: it imports what every side needs but no user's module, reads one job a line
from its standard input, forks for each, and writes what the child found as one line of JSON.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sqlite3
import sys
import tempfile
import traceback
import types
from importlib.machinery import SourceFileLoader
from pathlib import Path

LINK = "-> "
"""Begins the text of a symbolic link; its target follows."""
LONGEST = 60
"""Seconds that one side may take."""


def main() -> None:
    sys.path.pop(0)  # this folder: a project's `harness` is its own
    sys.dont_write_bytecode = True  # two texts of one size, written in one second, are two texts
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    warm_up()
    if "--engine" in sys.argv:
        from zencache.execution.engine import load_engine

        load_engine()
    if "--records" in sys.argv:
        warm_up_records()
    for line in sys.stdin:
        job = json.loads(line)
        answers.write(in_a_child(lambda job=job: look(job)) + "\n")
        answers.flush()


def warm_up() -> None:
    """Import what planning imports, so that a child costs a fork and the project alone."""
    import numpy  # noqa: F401

    from zencache import BaseParameters, pipeline, step

    class Model(BaseParameters):
        x: int = 1

    def work(params):
        return params.x

    work.__annotations__ = {"params": Model, "return": int}

    @pipeline
    def warm():
        step(work)()

    with contextlib.suppress(Exception):  # each child will say what is wrong
        warm().plan()


def warm_up_records() -> None:
    """Import what a plan imports that looks into a store, and leave that to no child."""
    import gc

    from zencache.util import distributions

    for name in json.loads(in_a_child(modules_of_a_plan)):
        importlib.import_module(name)
    distributions.plugins()  # remembered: a child has the same packages
    gc.collect()
    gc.freeze()  # else each child's collections would look at, and copy, all that is imported


def modules_of_a_plan() -> list[str]:
    """Plan a step in a folder of its own; list what that imported of zencache."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("main.py").write_text("")
        Path(".zencache").mkdir()
        before = set(sys.modules)
        with contextlib.redirect_stdout(None), contextlib.suppress(Exception):
            warm_up()
        return sorted(name for name in sys.modules.keys() - before if name.startswith("zencache"))


def in_a_child(work, seconds: int = LONGEST) -> str:
    """Fork, and give what `work` answered in the child, as JSON; a child that takes longer is ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(seconds)
        try:
            with os.fdopen(writing, "w") as answer:
                json.dump(work(), answer)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    return answer or json.dumps({"error": f"the process ended with status {status}"})


def look(job: dict) -> dict:
    """Load the project; say its step's key and its function's result, and what failed."""
    found = {}
    try:
        if job.get("recorded") or job.get("traced"):
            begin_now()
        module = load(job)
        if job["start"] == "late":
            for name, text in job["late"].items():
                write(Path(job["folder"]) / name, text)
        made = module.pipeline_under_test()
        name = "work" if "work" in made.steps else list(made.steps)[-1]
        function = made.steps[name].entrypoint
        if job["start"] == "ran":
            call(module, function, job["arguments"])
        if job["path"]:
            forget_packages()
        if job.get("recorded"):
            found["result"] = call_in_a_child(module, function, job["arguments"])
        try:
            found["key"] = key(made, name, job.get("recorded"))
        finally:
            if job.get("traced"):
                found["unrecorded"] = traced(module, function, job)
            elif not job.get("recorded"):
                found["result"] = call(module, function, job["arguments"])
    except BaseException:  # noqa: BLE001 - a project may fail in any way
        found["error"] = traceback.format_exc()
    return found


def key(made, name: str, recorded: str | None) -> str:
    """Give the step's key; or run it, and where it has run already, give what the plan says."""
    if not recorded:
        return made.plan().steps[name].key
    os.environ.pop("PYTHONHASHSEED", None)  # the servers differ in it
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a run prints its notes
    if recorded == "run":
        made.run()
        return "hit"
    planned = made.plan().steps[name]
    if planned.action == "wait":
        ran = made.run().steps[name]
        return "hit" if ran.status == "cached" else ran.reason
    return "hit" if planned.action == "hit" else planned.reason


def begin_now() -> None:
    """Let this process have begun now, not when its parent did: the project's files are older than it."""
    from zencache.tracking import running_code, seen_code
    from zencache.tracking.audit_events import file_clock

    running_code.STARTED = seen_code.STARTED = file_clock()


def forget_packages() -> None:
    """Have the packages of this process looked up again: its path is another than its parent's."""
    from zencache.util import distributions

    distributions._found.cache_clear()


def load(job: dict) -> types.ModuleType:
    folder = Path(job["folder"])
    os.chdir(folder.parent if job["start"] == "elsewhere" else folder / job.get("cwd", ""))
    os.environ.update(job["environ"])
    sys.path[:0] = [str(folder), *(str(folder / entry) for entry in job["path"])]
    sys.argv = [str(folder / "main.py")]
    if job["start"] != "script":
        return importlib.import_module("main")
    module = types.ModuleType("__main__")
    module.__file__ = sys.argv[0]
    module.__loader__ = SourceFileLoader("__main__", sys.argv[0])
    sys.modules["__main__"] = module
    exec(compile(Path(sys.argv[0]).read_bytes(), sys.argv[0], "exec", dont_inherit=True), module.__dict__)
    return module


def call(module: types.ModuleType, function: object, arguments: str) -> str:
    try:
        return repr(eval(f"_function_({arguments})", {**vars(module), "_function_": function}))
    except Exception as error:  # noqa: BLE001 - what the function raises is its result
        return f"raises {error!r}"


def call_in_a_child(module: types.ModuleType, function: object, arguments: str) -> str:
    """Call the function in a process of its own: what it changes is not seen by a run that follows, nor its draws."""
    import random

    state = random.getstate()  # Python seeds the generator of a forked process

    def called() -> str:
        random.setstate(state)
        return call(module, function, arguments)

    return json.loads(in_a_child(called))


def traced(module: types.ModuleType, function: object, job: dict) -> list[str]:
    """Call the function as a step that is watched; list the code that neither its key nor its record holds."""
    from zencache.code.digest import CodeReader
    from zencache.tracking.file_digests import FileDigests
    from zencache.tracking.full_trace import FullTrace, not_recorded
    from zencache.tracking.tracker import watching

    folder = Path(job["folder"])
    reader = CodeReader()
    code = reader.of(function)
    if code.covered is None:
        return []

    def is_project(file: str) -> bool:
        return file.startswith(f"{folder}/")

    trace = FullTrace(is_project)
    with (
        watching(
            "work",
            root=folder,
            ignore=[],
            digests=FileDigests(None),
            is_project=is_project,
            covers=code.covered,
            digested=lambda: reader.modules().keys(),
        ) as watch,
        trace,
    ):
        call(module, function, job["arguments"])
    return not_recorded(trace, code.covered, watch.seen(), folder)


def write(path: Path, text: str | None) -> None:
    """Write a file, or remove it where the text is None.

    A name that ends in a slash is a folder. The text of a `.db` is SQL, that of a `.parquet`, a `.feather` or
    a `.arrow` is a table in JSON, that of a `.h5` data sets in JSON; a value there that begins with `-> ` is a
    link: `-> FILE:NAME` to another file, else to a name of this file.
    """
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if text.startswith(LINK):
        path.symlink_to(text.removeprefix(LINK))
    else:
        FORMATS.get(path.suffix, _text)(path, text)


def _text(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


def _database(path: Path, text: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(text)


def _table(path: Path, text: str) -> None:
    import pyarrow
    from pyarrow import feather, parquet

    table = pyarrow.table(json.loads(text))
    (parquet.write_table if path.suffix == ".parquet" else feather.write_feather)(table, str(path))


def _hdf5(path: Path, text: str) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        for name, value in json.loads(text).items():
            other, _, target = str(value).removeprefix(LINK).rpartition(":")
            if not str(value).startswith(LINK):
                file[name] = value
            else:
                file[name] = h5py.ExternalLink(other, target) if other else h5py.SoftLink(target)


FORMATS = {".db": _database, ".h5": _hdf5, **dict.fromkeys((".parquet", ".feather", ".arrow"), _table)}


if __name__ == "__main__":
    main()
