"""Runs of edited projects: what a step reads, declared or not, decides whether its result is reused."""

from __future__ import annotations

import importlib
import os
import re
import sys
import time
from pathlib import Path

import pytest

from zencache import CachePolicy, pipeline, step
from zencache.planning import PlannedStep

pytestmark = pytest.mark.tfx


class Project:
    """A project in the working folder, whose `main.py` is imported anew for each run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, **files: str) -> None:
        for name, text in files.items():
            Path(name.replace("__", "/").replace("_py", ".py")).write_text(text)

    def made(self):
        self.forget()
        importlib.invalidate_caches()
        return importlib.import_module("main").made()

    def run(self):
        time.sleep(
            0.03
        )  # a file written just before a step begins could be taken for one that changes meanwhile
        return self.made().run().steps["work"]

    def plan(self) -> PlannedStep:
        return self.made().plan().steps["work"]

    def forget(self) -> None:
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(self.folder)):
                del sys.modules[name]


@pytest.fixture
def project(folder, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made = Project(folder)
    yield made
    made.forget()


MAIN = """
import os
from pathlib import Path
from zencache import CachePolicy, pipeline, step
import prep

@step{options}
def work(x: int = 2) -> float:
    {body}

@pipeline
def made():
    work()
"""


def main(body, options=""):
    return MAIN.format(body=body, options=options)


def test_a_file_that_is_read_is_checked(project):
    """Its content decides, whenever and wherever it was written."""
    project.write(main_py=main("return float(Path('data.csv').read_text()) * x"), prep_py="")
    Path("data.csv").write_text("1")
    assert project.run().status == "executed"
    assert project.run().status == "cached"
    os.utime("data.csv", (1, 1))
    assert project.plan().action == "hit"
    Path("data.csv").write_text("3")
    changed = project.run()
    assert (changed.status, changed.output.load()) == ("executed", 6.0)
    assert changed.reason == "data.csv, which it read, changed"
    Path("data.csv").write_text("1")
    again = project.run()
    assert (again.status, again.output.load()) == ("cached", 2.0)
    Path("data.csv").unlink()
    assert project.plan().reason == "data.csv, which it read, is gone"


def test_a_file_that_a_helper_reads_at_import_counts_by_value(project):
    """A global's value is in the key, whatever it was made of."""
    Path("rate.txt").write_text("2")
    project.write(main_py=main("return prep.RATE * x"), prep_py="RATE = float(open('rate.txt').read())")
    project.run()
    Path("rate.txt").write_text("3")
    assert project.plan().reason == "global RATE in prep.py: 2.0 → 3.0"


def test_a_file_that_changes_while_it_is_read_is_never_reused(project):
    """A counter, for instance: the next run would give another result."""
    body = "p = Path('n.txt'); n = int(p.read_text()); p.write_text(str(n + 1)); return float(n)"
    project.write(main_py=main(body), prep_py="")
    Path("n.txt").write_text("1")
    assert [project.run().output.load() for _ in range(3)] == [1.0, 2.0, 3.0]
    assert project.plan().reason == "n.txt changed while it was read"


def test_what_a_step_writes_and_reads_again_is_no_input(project):
    """It made it itself: it counts as an output."""
    project.write(
        main_py=main("p = Path('aside.txt'); p.write_text('7'); return float(p.read_text())"), prep_py=""
    )
    project.run()
    assert project.plan().action == "hit"
    Path("aside.txt").write_text("8")
    assert project.plan().reason == "aside.txt, which it wrote, is not as it left it"


def test_new_files_in_a_listed_folder_are_noticed(project):
    """The names count, and the content of those that were read."""
    Path("data").mkdir()
    Path("data/a.csv").write_text("1")
    body = "return float(sum(int(p.read_text()) for p in Path('data').glob('*.csv')))"
    project.write(main_py=main(body), prep_py="")
    assert project.run().output.load() == 1.0
    assert project.plan().action == "hit"
    Path("data/b.csv").write_text("2")
    assert project.run().output.load() == 3.0


def test_environment_variables_are_checked_and_told_of_once(project, monkeypatch, capsys):
    """The line to write stands in the note; the value is nowhere."""
    project.write(main_py=main("return float(os.environ['RATE']) * x"), prep_py="")
    monkeypatch.setenv("RATE", "1.5")
    project.run()
    told = capsys.readouterr().err
    assert told.startswith("Note: step work reads the environment (RATE)")
    assert told.count("\n") == 1
    assert project.plan().action == "hit"
    monkeypatch.setenv("RATE", "2.5")
    changed = project.run()
    assert (changed.output.load(), changed.reason) == (5.0, "environment variable RATE changed")
    assert capsys.readouterr().err == ""


def test_a_declared_variable_needs_no_note(project, monkeypatch, capsys):
    """It is in the key, and its change is told of there."""
    options = "(cache=CachePolicy(env=['RATE']))"
    project.write(main_py=main("return float(os.environ['RATE']) * x", options), prep_py="")
    monkeypatch.setenv("RATE", "1.5")
    project.run()
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("RATE", "2.5")
    assert project.plan().reason == "environment variable RATE changed"


def test_watching_can_be_turned_off(project):
    """Then a file that is not declared is not seen, as the user wanted."""
    options = "(cache=CachePolicy(watch=False))"
    project.write(main_py=main("return float(Path('data.csv').read_text())", options), prep_py="")
    Path("data.csv").write_text("1")
    project.run()
    Path("data.csv").write_text("3")
    assert project.plan().action == "hit"


def test_an_edited_helper_is_named_with_its_lines(project):
    """And a comment in it is no change."""
    helper = "def clean(x):\n    # all\n    y = x + 1\n    return y\n"
    project.write(main_py=main("return float(prep.clean(x))"), prep_py=helper)
    project.run()
    project.write(prep_py=helper.replace("# all", "# each"))
    assert project.plan().action == "hit"
    project.write(prep_py=helper.replace("x + 1", "x + 2").replace("return y", "return -y"))
    assert project.plan().reason == "helper clean in prep.py changed (2 lines)"


def test_a_module_that_is_imported_when_the_step_runs_counts(project):
    """It is read, not imported, to plan."""
    project.write(main_py=main("from late import clean; return float(clean(x))"), prep_py="")
    project.write(late_py="import sys\nprint('late is imported')\ndef clean(x):\n    return x + 1\n")
    assert project.run().output.load() == 3.0
    project.write(late_py=Path("late.py").read_text() + "\ndef other():\n    pass\n")
    assert project.plan().action == "hit"
    assert "late" not in sys.modules
    project.write(late_py=Path("late.py").read_text().replace("x + 1", "x + 2"))
    assert project.plan().reason == "helper clean in late.py changed (1 line)"


def test_a_module_that_no_name_tells_of_counts_as_a_file(project, monkeypatch):
    """What is imported when the step runs, and was not foreseen, was read."""
    body = "return float(getattr(__import__(prep.name()), 'clean')(x))"
    project.write(main_py=main(body), prep_py="def name(): return open('name.txt').read()")
    Path("elsewhere").mkdir()
    monkeypatch.syspath_prepend("elsewhere")
    Path("name.txt").write_text("plug")
    project.write(elsewhere__plug_py="def clean(x): return x + 1")
    assert project.run().output.load() == 3.0
    project.write(elsewhere__plug_py="def clean(x): return x + 4")
    assert project.run().output.load() == 6.0


def test_the_class_of_an_inputs_value_counts(project):
    """Its methods work on the value, whatever the step's code names."""
    model = "from dataclasses import dataclass\n@dataclass\nclass Model:\n    k: int\n    def use(self, x):\n        return x * self.k\n"
    project.write(
        prep_py=model,
        main_py="import prep\nfrom zencache import pipeline, step\n"
        "@step\ndef fit() -> object:\n    return prep.Model(3)\n"
        "@step\ndef work(m: object) -> float:\n    return float(m.use(2))\n"
        "@pipeline\ndef made():\n    work(fit())\n",
    )
    assert project.run().output.load() == 6.0
    assert project.run().status == "cached"
    project.write(prep_py=model.replace("x * self.k", "x + self.k"))
    changed = project.run()
    assert (changed.output.load(), changed.status) == (5.0, "executed")


def test_code_that_was_edited_after_its_import_is_what_runs(project):
    """The result belongs to the code that ran, not to the text that is there now."""
    project.write(main_py=main("return float(prep.clean(x))"), prep_py="def clean(x):\n    return x + 1\n")
    made = project.made()
    project.write(prep_py="def clean(x):\n    return x + 5\n")
    assert made.run().steps["work"].output.load() == 3.0
    assert project.run().output.load() == 7.0


def test_a_result_expires(project):
    """The reason says since when."""

    @step(cache=CachePolicy(expires_after="PT0.001S"))
    def work() -> int:
        return 1

    @pipeline
    def aging():
        work()

    aging().run()
    time.sleep(0.01)
    assert re.match(r"expired (less than 1|\d+) s ago", aging().plan().steps["work"].reason)


@pytest.mark.parametrize(
    "helper",
    [
        "KEPT = {}\ndef rate():\n    if 'r' not in KEPT:\n        KEPT['r'] = "
        "float(open('rate.txt').read())\n    return KEPT['r']\n",
        "import functools\n@functools.lru_cache\ndef rate():\n    return float(open('rate.txt').read())\n",
    ],
    ids=["in a global", "in an lru_cache"],
)
def test_a_file_that_another_steps_call_keeps_is_an_input_too(project, helper):
    """One of two steps reads it, in whatever order, and both depend on it."""
    Path("rate.txt").write_text("2")
    project.write(
        prep_py=helper,
        main_py="import prep\nfrom zencache import pipeline, step\n"
        "@step\ndef other(x: int = 1) -> float:\n    return prep.rate()\n"
        "@step\ndef work(x: int = 2) -> float:\n    return prep.rate() * x\n"
        "@pipeline\ndef made():\n    other()\n    work()\n",
    )
    assert project.run().output.load() == 4.0
    assert project.plan().action == "hit"
    Path("rate.txt").write_text("3")
    plan = project.made().plan()
    assert [planned.action for planned in plan.steps.values()] == ["run", "run"]
    assert project.run().output.load() == 6.0


def test_what_an_earlier_step_leaves_in_a_module_is_an_input(project):
    """The later step's key was made before, and its own code reads no file."""
    Path("rate.txt").write_text("2")
    project.write(
        prep_py="KEPT = {}\n",
        main_py="import prep\nfrom zencache import pipeline, step\n"
        "@step\ndef other() -> int:\n    prep.KEPT['rate'] = float(open('rate.txt').read())\n    return 1\n"
        "@step\ndef work(x: int) -> float:\n    return prep.KEPT.get('rate', 0.0) * x\n"
        "@pipeline\ndef made():\n    work(other())\n",
    )
    assert project.run().output.load() == 2.0
    assert project.run().status == "cached"
    Path("rate.txt").write_text("3")
    changed = project.run()
    assert (changed.status, changed.output.load()) == ("executed", 3.0)
    assert changed.reason == "rate.txt, which it read, changed"


def test_a_helper_that_a_pickle_names_counts_as_a_file(project):
    """No syntax tree tells of it; the run does."""
    body = "import pickle; return float(pickle.loads(b'cnamed\\nclean\\n.')(x))"
    project.write(main_py=main(body), prep_py="", named_py="def clean(x): return x + 1")
    assert project.run().output.load() == 3.0
    assert project.plan().action == "hit"
    project.write(named_py="def clean(x): return x + 4")
    assert project.run().output.load() == 6.0
