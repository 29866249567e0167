"""Runs generated projects, each time as in a fresh process: a server that has imported the engines, and
forks.

Run as a script this is the server: it reads one job a line from its standard input, forks, and writes what
the child found as one line of JSON. The parent opens no store and starts no thread.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import traceback
from pathlib import Path

LONGEST = 60
"""Seconds that one job may take."""


def main() -> None:
    sys.path[0] = str(Path(__file__).parents[2])
    sys.dont_write_bytecode = True  # two texts of one size, written in one second, are two texts
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    from tests.cache_truth.side import in_a_child  # before a library brings a `tests` of its own

    warm_up()
    sys.path.pop(0)  # a project's `main` and `tests` are its own
    for line in sys.stdin:
        job = json.loads(line)
        answers.write(in_a_child(lambda job=job: done(job), LONGEST) + "\n")
        answers.flush()


def warm_up() -> None:
    """Import what planning and running import, so that a child costs a fork and the project alone."""
    import numpy  # noqa: F401
    import pydantic  # noqa: F401

    from zencache.execution.engine import load_engine

    load_engine()


def done(job: dict) -> dict:
    """Do a job; what fails is the answer."""
    from tests.cache_truth.side import load

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    faulthandler.disable()
    os.environ.pop("PYTHONHASHSEED")  # the servers differ in it
    try:
        return {"plan": plan, "run": run, "truth": truth}[job["do"]](load(job), job)
    except BaseException:  # noqa: BLE001 - a project may fail in any way
        return {"error": traceback.format_exc()}


def plan(module, job: dict) -> dict:
    """Plan, and compute nothing."""
    made = getattr(module, job["pipeline"])().plan()
    return {name: [step.action, step.reason, step.key] for name, step in made.steps.items()}


def run(module, job: dict) -> dict:
    """Run with the cache on; a script has run already."""
    made = module.RUN if job["start"] == "script" else getattr(module, job["pipeline"])().run()
    return {
        name: [step.status, step.reason, step.cache_key, shown(step.output.load())]
        for name, step in made.steps.items()
    }


def truth(module, job: dict) -> dict:
    """Call the plain functions, one after the other; nothing of zencache has a part in it."""
    values = {}
    for name, function, inputs, expression in job["calls"]:
        arguments = {key: values[other] for key, other in inputs.items()}
        if expression is not None:
            arguments["n"] = eval(expression, vars(module))
        values[name] = getattr(module, function).entrypoint(**arguments)
    return {name: shown(value) for name, value in values.items()}


def shown(value) -> str:
    """Tell a value with its types."""
    if type(value).__module__ == "numpy":
        return f"{type(value).__name__}({value.dtype}, {value.tolist()!r})"
    return f"{type(value).__name__}({value!r})"


if __name__ == "__main__":
    main()
