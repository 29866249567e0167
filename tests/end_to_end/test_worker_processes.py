"""Steps in processes of their own: the same results, records and keys as in threads."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.tfx]

SCRIPT = """
import os, sys
from dataclasses import dataclass
from zencache import pipeline, step
from helpers import scaled
import helpers

BY = 3

@dataclass
class Point:
    x: int

@step
def make(n: int) -> Point:
    return Point(scaled(n) * BY)

@step
def where(a: Point, b: Point) -> dict:
    engines = [name for name in ("tfx", "apache_beam", "ml_metadata") if name in sys.modules]
    return {"sum": a.x + b.x, "process": os.getpid(), "engines": engines}

@pipeline
def points():
    where(make(n=1), make(n=2))
"""
HELPERS = "FACTOR = 10\ndef scaled(n):\n    return n * FACTOR\n"


@pytest.fixture
def run(forked_script, folder):
    """Run a script that ends with these lines; give the last line that it prints, and standard error."""
    (folder / "helpers.py").write_text(HELPERS)

    def ran(lines, source=SCRIPT, **options):
        done = forked_script(source + lines, **options)
        return done.stdout.splitlines()[-1], done.stderr

    return ran


def test_results_are_those_of_threads(run):
    """Classes of the script come back as they went, and a run in threads reuses everything."""
    last, noted = run(
        'run = points().run(workers=2, worker_kind="processes")\n'
        "again = points().run()\n"
        'import json; value = run.steps["where"].output.load()\n'
        "print(json.dumps([value, os.getpid(), [s.status for s in again.steps.values()]]))"
    )
    value, process, statuses = json.loads(last)
    assert value["sum"] == 90
    assert value["process"] != process
    assert value["engines"] == []
    assert statuses == ["cached"] * 3
    assert noted == ""


def test_a_setting_of_the_project_says_so_too(run, folder):
    """`worker_kind = "processes"` holds for all runs."""
    (folder / ".zencache").mkdir()
    (folder / ".zencache" / "config.toml").write_text('format = 1\nworker_kind = "processes"\n')
    (folder / ".zencache" / "artifacts").mkdir()
    last, _ = run('print(points().run().steps["where"].output.load()["process"] != os.getpid())')
    assert last == "True"


def test_code_that_is_another_in_a_worker_is_never_used(run):
    """A global that was set at run time counts: the step is computed where it has that value, and says so."""
    last, noted = run(
        "helpers.FACTOR = 100\n"
        'run = points().run(workers=2, worker_kind="processes")\n'
        'print(run.steps["where"].output.load()["sum"])'
    )
    assert last == "900"
    assert (
        "Note: step make is computed in this process, a worker process cannot: its code is another there"
        in noted
    )


def test_a_script_that_registers_with_a_library_is_computed_there(run, folder):
    """A step by value has no module that registered anything, and that makes its code no other."""
    (folder / "shapes.py").write_text("class Shape:\n    pass\ndef reduced(shape):\n    return Shape, ()\n")
    lines = (
        "import copyreg, shapes\n"
        "copyreg.pickle(shapes.Shape, shapes.reduced)\n"
        'run = points().run(workers=2, worker_kind="processes")\n'
        'print(run.steps["where"].output.load()["process"] != os.getpid())'
    )
    assert run(lines) == ("True", "")


def test_a_step_that_cannot_be_sent_is_computed_here(run):
    """A closure over a lock has no snapshot."""
    source = (
        "import threading\nfrom zencache import pipeline, step\n"
        "def made():\n    lock = threading.Lock()\n"
        "    @step\n    def locked() -> int:\n        with lock:\n            return 7\n    return locked\n"
        "locked = made()\n@pipeline\ndef one():\n    locked()\n"
    )
    last, noted = run(
        'print(one().run(worker_kind="processes").steps["locked"].output.load())', source=source
    )
    assert last == "7"
    assert (
        "step locked is computed in this process, a worker process cannot: its code holds something" in noted
    )


def test_a_module_that_runs_its_pipeline_when_imported_is_not_run_again(run, folder):
    """A worker imports the module of a step; a run that is not under `if __name__` would start over and
    over."""
    (folder / "flow.py").write_text(
        "import pathlib\nfrom zencache import pipeline, step\n"
        "with open('imported', 'a') as file:\n    file.write('x')\n"
        "@step\ndef one() -> int:\n    return 1\n"
        "@pipeline\ndef flow():\n    one()\n"
        "run = flow().run(worker_kind='processes')\n"
    )
    last, noted = run("import flow\nprint(flow.run.steps['one'].output.load())")
    assert last == "1"
    assert (
        "a worker process cannot: DefinitionError: pipeline flow would run when its module is imported"
        in noted
    )
    assert (folder / "imported").read_text() == "xx"


def test_what_a_step_raises_is_its_own_exception(run):
    """Its class, and the traceback of where it came from."""
    last, _ = run(
        "class Odd(ValueError):\n    pass\n"
        "@step\ndef bad() -> int:\n    raise Odd('no')\n"
        "@pipeline\ndef fails():\n    bad()\n"
        "import traceback\n"
        "try:\n    fails().run(worker_kind='processes')\n"
        "except Odd as error:\n"
        "    print('raise Odd' in ''.join(traceback.format_exception(error)), error.step)"
    )
    assert last == "True bad"


def test_a_process_that_dies_fails_its_step_alone(run):
    """The run says what happened, other steps go on, and the next run works."""
    last, _ = run(
        "@step\ndef dies(alive: bool = False) -> int:\n    return 1 if alive else os._exit(3)\n"
        "@pipeline\ndef fatal(alive: bool = False):\n    dies(alive=alive)\n"
        "from zencache import ZencacheError\n"
        "try:\n    fatal().run(worker_kind='processes')\n"
        "except ZencacheError as error:\n    said = str(error)\n"
        "print(fatal(alive=True).run(worker_kind='processes').status, said)"
    )
    assert last.startswith(
        "completed step dies failed: StepProcessError: the process that computed step dies ended"
    )


def test_what_a_step_reads_is_seen_there_too(run, folder):
    """An edited file makes it run again."""
    (folder / "numbers.txt").write_text("1")
    source = (
        "from zencache import pipeline, step\n"
        "@step\ndef load() -> int:\n    with open('numbers.txt') as file:\n        return int(file.read())\n"
        "@pipeline\ndef reads():\n    load()\n"
        "step_run = reads().run(worker_kind='processes').steps['load']\n"
        "print(step_run.status, step_run.output.load(), step_run.reason)\n"
    )
    assert run("", source=source)[0].startswith("executed 1 ")
    assert run("", source=source)[0].startswith("cached 1 ")
    (folder / "numbers.txt").write_text("2")
    assert run("", source=source)[0].startswith("executed 2 numbers.txt, which it read, changed")


@pytest.mark.parametrize("whole_group", [True, False], ids=["on a terminal", "of the process alone"])
def test_ctrl_c_ends_the_workers(run, folder, whole_group):
    """One clear error, no worker is left, and the run is recorded as interrupted."""
    (folder / "script.py").write_text(
        SCRIPT
        + "@step\ndef nap(n: int) -> int:\n    import time, pathlib\n    pathlib.Path(f'pid{n}').write_text(str(os.getpid()))\n"
        "    time.sleep(600)\n    return n\n"
        "@pipeline\ndef naps():\n    nap(n=1)\n    nap(n=2)\n"
        "naps().run(workers=2, worker_kind='processes')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: (os.setsid(), signal.signal(signal.SIGINT, signal.SIG_DFL)),  # noqa: PLW1509 - no threads here
    )
    files = [folder / "pid1", folder / "pid2"]
    for _ in range(600):
        if all(file.exists() and file.read_text() for file in files):
            break
        time.sleep(0.1)
    (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
    try:
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert re.search(r"RunInterruptedError: run naps-\S+ was interrupted", err), err
    assert "was interrupted after" in out
    for file in files:
        with pytest.raises(ProcessLookupError):
            os.kill(int(file.read_text()), 0)
