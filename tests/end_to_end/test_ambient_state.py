"""Runs of edited projects: the state that a module sets in a library at import decides with the code."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.tfx

FLOW = """
from zencache import pipeline, step
{above}

@step
def work() -> str:
    {body}

@step
def other() -> str:
    return "other"

@pipeline
def made():
    {order}
"""
DRIVER = """
import sys; sys.dont_write_bytecode = True; sys.path.insert(0, ".")
import main
ask = sys.argv[1]
run = main.made()
for word in ask.split():
    if word == "run":
        print(run.run().steps["work"].output.load())
    else:
        step = run.plan().steps["work"]
        print(step.action, "-", step.reason)
"""


@pytest.fixture
def project(folder):
    (folder / "driver.py").write_text(DRIVER)
    (folder / ".zencache").mkdir(exist_ok=True)
    return folder


def flow(project, above, body, order="work()", *, workers=1, kind="threads"):
    (project / ".zencache" / "config.toml").write_text(
        f'format = 2\nallow_pickle = true\nworkers = {workers}\nworker_kind = "{kind}"\n'
    )
    text = FLOW.format(above=textwrap.dedent(above), body=body, order=order)
    (project / "main.py").write_text(text)


def asked(words, *flags):
    """Run and plan in a process of its own; give what it printed."""
    command = [sys.executable, *flags, "driver.py", words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    known = ("hit", "run", "wait")
    return [line for line in done.stdout.splitlines() if line.startswith(known) or "value" in line]


def test_options_and_seeds_set_at_import_count(project):
    """A second run in the process, and a fresh process, are hits; another value is a rerun."""
    above = """
    import random
    import numpy as np
    import pandas as pd
    np.set_printoptions(precision={p})
    random.seed({s})
    """
    body = "return f'value {np.array([1 / 3])} {random.random()}'"
    flow(project, above.format(p=3, s=1), body)
    [first, plan] = asked("run plan")
    assert plan.startswith("hit")
    [plan] = asked("plan")
    assert plan.startswith("hit")
    flow(project, above.format(p=3, s=2), body)
    assert asked("plan") == ["run - the global generator of random has another seed"]
    flow(project, above.format(p=4, s=1), body)
    [plan, second] = asked("plan run")
    assert plan == "run - numpy print option precision: 3 → 4"
    assert first.split()[-1] == second.split()[-1]
    assert len(second) == len(first) + 1


def test_a_library_that_the_step_imports_late_is_a_hit_in_a_fresh_process(project):
    flow(project, "", "import pandas; pandas.set_option('display.precision', 3); return 'value'")
    [_, plan] = asked("run plan")
    assert plan.startswith("hit")
    assert asked("plan")[0].startswith("hit")
    flow(
        project,
        "import pandas as pd\npd.set_option('display.width', 40)",
        "import pandas; pandas.set_option('display.precision', 3); return 'value'",
    )
    assert asked("plan") == ["run - pandas option display.width: 80 → 40"]


BOTH = """
import decimal
import multiprocessing
import random
import numpy as np
from sklearn import get_config, set_config
np.seterr(divide="raise")
np.set_printoptions(precision=3)
set_config(transform_output="pandas")
decimal.getcontext().prec = 5
random.seed(1)
"""
BODY = """
    import threading
    state = (decimal.Decimal(1) / 3, np.geterr()["divide"], get_config()["transform_output"], np.array([1 / 3]))
    place = f"{multiprocessing.current_process().name} {threading.current_thread().name}"
    return f"value {state} {random.random():.3f} in {place}"
"""
PLACES = [
    (1, "threads", "MainProcess MainThread"),
    (2, "threads", "MainProcess Thread"),
    (2, "processes", "LokyProcess"),
]


@pytest.mark.parametrize(("workers", "kind", "place"), PLACES)
def test_a_step_finds_the_state_of_its_module_in_any_thread_and_process(project, workers, kind, place):
    """What modules set in libraries that keep their state by thread, too; and their seeds."""
    flow(project, BOTH, BODY.strip(), "other(); work()", workers=workers, kind=kind)
    [line, plan] = asked("run plan")
    assert line.startswith("value (Decimal('0.33333'), 'raise', 'pandas', array([0.333])) 0.")
    assert f" in {place}" in line
    assert plan.startswith("hit"), plan
    [plan] = asked("plan")
    assert plan.startswith("hit"), plan


def test_a_step_is_computed_in_the_runs_process_if_a_worker_has_another_state(project):
    """The driver sets it, which a worker process does not import."""
    set_there = "import main, numpy; numpy.set_printoptions(precision=2)"
    (project / "driver.py").write_text(DRIVER.replace("import main", set_there))
    body = "return f'value {np.array([1 / 3])} {multiprocessing.current_process().name}'"
    above = "import multiprocessing\nimport numpy as np"
    flow(project, above, body, "other(); work()", workers=2, kind="processes")
    [line] = asked("run")
    assert line == "value [0.33] MainProcess"
