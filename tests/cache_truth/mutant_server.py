"""Judges mutated projects, each as in a fresh process: a server that has imported the libraries, and forks.

Run as a script this is the server: it reads one job a line from its standard input, forks, and writes what
the child found as one line of JSON. The parent opens no store and starts no thread.
"""

from __future__ import annotations

import copy
import faulthandler
import gc
import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import NoReturn

LONGEST = 10
"""Seconds that the plain functions of a mutant may take."""
LIBRARIES = (
    "numpy",
    "pandas",
    "pydantic",
    "yaml",
    "sklearn.compose",
    "sklearn.linear_model",
    "sklearn.pipeline",
)
"""What the projects import."""


class Endless(BaseException):
    """A mutant's function did not end in time."""


def main() -> None:
    sys.path[0] = str(Path(__file__).parents[2])
    sys.dont_write_bytecode = True  # two texts of one size, written in one second, are two texts
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    from tests.cache_truth import side, value_digest  # noqa: F401 - the second for the children

    side.warm_up()
    warm_up()
    sys.path.pop(0)  # a project's modules are its own
    for line in sys.stdin:
        job = json.loads(line)
        answers.write(side.in_a_child(lambda job=job: done(job), 3 * LONGEST) + "\n")
        answers.flush()


def warm_up() -> None:
    """Import what planning, running and the projects import, so that a child costs a fork and the project alone."""
    for name in (
        *LIBRARIES,
        "sklearn.ensemble",
        "sklearn.preprocessing",
        "sklearn.feature_extraction.text",
        "zencache_pandas",
    ):
        importlib.import_module(name)
    from zencache.execution.engine import load_engine
    from zencache.util import distributions

    load_engine()
    distributions.plugins()  # remembered: a child has the same packages
    gc.collect()
    gc.freeze()  # else each child's collections would look at, and copy, all that is imported


def done(job: dict) -> dict:
    """Do a job; what fails is the answer."""
    from tests.cache_truth.side import begin_now

    faulthandler.disable()
    os.environ.pop("PYTHONHASHSEED")  # the servers differ in it
    os.environ.update(job["environ"])
    os.chdir(job["folder"])
    sys.path[:0] = [str(Path(job["folder"], entry)) for entry in job["path"]]
    sys.argv = ["flow.py"]
    stage = "load"
    begin_now()
    try:
        made = importlib.import_module("flow").build()
        assert made.spec, "a mutant's `build` may give anything"
        stage = job["do"]
        return {"run": run, "judge": judge, "audit": audit}[stage](made)
    except BaseException:  # noqa: BLE001 - a mutant may fail in any way
        return {"error": stage, "traceback": traceback.format_exc()}


def judge(made) -> dict:
    """Plan, and then call the plain functions."""
    plan = {name: [step.action, step.reason] for name, step in made.plan().steps.items()}
    return {"plan": plan, "fresh": fresh(made)}


def run(made) -> dict:
    """Run with the cache on."""
    from tests.cache_truth.value_digest import digest

    steps = made.run().steps
    return {
        "ran": {name: [step.status, step.reason] for name, step in steps.items()},
        "values": {name: digest(step.output.load()) for name, step in steps.items()},
    }


def audit(_made) -> dict:
    """Compute all stored results again under a complete trace, and compare what ran with key and record."""
    from zencache import Repository

    audited = Repository().audit(sample="100%", trace=True)
    return {"audited": {each.step: str(each) for each in audited}}


def fresh(made) -> dict[str, str]:
    """Give each step's value, computed by the plain functions in order, until one fails."""
    from tests.cache_truth.value_digest import digest

    values: dict = {}
    shown: dict[str, str] = {}
    signal.signal(signal.SIGALRM, _end)
    signal.alarm(LONGEST)
    for spec in made.spec.steps:
        body = made.parts.bodies[spec.name]
        try:
            inputs = {each.name: copy.deepcopy(values[each.source.step]) for each in spec.inputs}
            values[spec.name] = body.function(**copy.deepcopy(dict(body.arguments)), **inputs)
            shown[spec.name] = digest(values[spec.name])
        except Endless:
            shown[spec.name] = "does not end"
            break
        except Exception as error:  # noqa: BLE001 - what it raises is its result
            shown[spec.name] = f"raises {type(error).__name__}"
            break
    signal.alarm(0)
    return shown


def _end(*_: object) -> NoReturn:
    raise Endless


if __name__ == "__main__":
    main()
