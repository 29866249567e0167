"""Scripts of the decorator era: unchanged by `zencache compat run`, and with zencache in their imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "scripts"
pytestmark = pytest.mark.slow


@pytest.fixture
def era(folder):
    """A folder that is not the working folder, with the script of the era and what it imports."""
    place = folder / "code"
    place.mkdir()
    for name in ("decorator_era.py", "helpers_of_the_era.py"):
        (place / name).write_text((SCRIPTS / name).read_text())
    return place


def ran(*args, check=True):
    done = subprocess.run([sys.executable, *map(str, args)], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


def compat(*args, check=True):
    return ran("-m", "zencache", "compat", "run", *args, check=check)


def line(done, start):
    return next(text for text in done.stdout.splitlines() if text.startswith(start)).partition(" ")[2]


def test_a_script_that_says_zenml_runs_unchanged(era):
    """It finds what is beside it, its arguments, and itself as `__main__`; the second run computes
    nothing."""
    first = compat(era / "decorator_era.py", "0.5")
    assert line(first, "READ") == "18.0 ['completed', 'completed']"
    assert line(first, "SEEN") == "1 True 0.5"
    assert line(first, "PLACE") == "__main__ True True"
    assert line(compat(era / "decorator_era.py", "0.5"), "READ") == "18.0 ['cached', 'cached']"
    assert line(compat(era / "decorator_era.py", "2"), "READ") == "72.0 ['cached', 'completed']"


def test_the_repository_finds_a_script_s_steps_again(era):
    """A module that says zenml is imported under the alias; without it, the error names the module."""
    compat(era / "decorator_era.py", "0.5")
    again = era / "again.py"
    again.write_text(
        "import sys\nfrom zencache import Repository\n"
        "run = Repository().get_pipeline_by_name('first_pipeline').copy(sys.argv[1]).run()\n"
        "print('RUN', *(step.status for step in run.steps.values()))"
    )
    assert line(compat(again, "one"), "RUN") == "cached cached"
    assert "CodeUnavailableError" in (alone := ran(again, "two", check=False)).stderr
    assert "No module named 'zenml'" in alone.stderr


def test_the_alias_is_not_part_of_a_key(era):
    """The same script with zencache in its imports, and run as any script, reuses all."""
    compat(era / "decorator_era.py")
    for file in era.glob("*.py"):
        file.write_text(file.read_text().replace("zenml", "zencache"))
    assert line(ran(era / "decorator_era.py"), "READ") == "0.036000000000000004 ['cached', 'cached']"


def test_an_edit_of_a_module_beside_the_script_reruns(era):
    """As it does without the alias."""
    compat(era / "decorator_era.py")
    helpers = era / "helpers_of_the_era.py"
    helpers.write_text(helpers.read_text().replace("* gamma", "* gamma * 2"))
    assert line(compat(era / "decorator_era.py"), "READ") == "0.07200000000000001 ['cached', 'completed']"


def test_options_after_the_script_are_the_script_s(folder):
    """Also those that the command knows."""
    Path("args.py").write_text(
        "import sys; print('ARGS', sys.argv, sys.path[0] == sys.argv[0].rpartition('/')[0])"
    )
    assert line(compat(folder / "args.py", "--help", "-x", "--", "a"), "ARGS") == (
        f"['{folder}/args.py', '--help', '-x', '--', 'a'] True"
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "from zenml.stack import Stack",
            "NoSuchImportError: zencache has no stack; there are no stacks here",
        ),
        (
            "from zenml.steps import BaseStp",
            "NoSuchImportError: zencache.steps has no BaseStp; did you mean BaseStep?",
        ),
        ("from zenml.integrations.mlflow import x", "zencache.integrations has no mlflow; start the tracker"),
        ("import zenml\nzenml.stepp", "module 'zencache' has no attribute 'stepp'"),
        (
            "from zenml.client import Client\nClient().active_stack",
            "NoSuchAttributeError: a Client has no active_stack",
        ),
    ],
)
def test_what_is_not_here_is_said_in_the_script_s_traceback(folder, source, said):
    """The traceback begins in the script; the exit code is 1."""
    ran("-m", "zencache", "init")
    Path("old.py").write_text(source)
    done = compat("old.py", check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.startswith(f'Traceback (most recent call last):\n  File "{folder}/old.py", line ')


def test_a_script_ends_as_it_would_alone(folder):
    """Its exit code, an error in its syntax, and one that is not there."""
    Path("ends.py").write_text("raise SystemExit(3)")
    assert compat("ends.py", check=False).returncode == 3
    Path("wrong.py").write_text("def f(:\n")
    done = compat("wrong.py", check=False)
    assert (done.returncode, "SyntaxError" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    done = compat("nothing.py", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: there is no file nothing.py in ")


def test_worker_processes_know_the_alias(era):
    """A module that says zenml is imported there as well."""
    (era / "steps_of_the_era.py").write_text(
        "from zenml.steps import step\n@step\ndef one() -> int:\n    return 1\n"
    )
    (era / "parallel.py").write_text(
        "from zenml.pipelines import pipeline\nfrom steps_of_the_era import one\n"
        "@pipeline\ndef two(a, b):\n    a()\n    b()\n"
        "run = two(a=one(), b=one()).run(workers=2, worker_kind='processes')\n"
        "print('RUN', sorted(step.status for step in run.steps.values()))\n"
    )
    done = compat(era / "parallel.py")
    assert line(done, "RUN") == "['cached', 'executed']"  # the same step twice: computed once
    assert "a worker process cannot" not in done.stdout


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_class_based_steps_run(kind):
    """In threads and in processes; the second run computes nothing, in either."""
    first = ran(SCRIPTS / "classes_of_the_era.py", kind)
    assert line(first, "READ") == "7.0 21.0"
    assert line(first, "STATUS") == "completed completed completed"
    assert "cannot" not in first.stdout
    for other in ("threads", "processes"):
        assert line(ran(SCRIPTS / "classes_of_the_era.py", other), "STATUS") == "cached cached cached"


def test_an_edit_of_a_class_reruns_its_step_alone(folder):
    """A method that the entrypoint calls is a helper of that step."""
    source = (SCRIPTS / "classes_of_the_era.py").read_text()
    script = folder / "classes.py"
    script.write_text(source)
    ran(script, "threads")
    script.write_text(
        source.replace("return sum(numbers) + self.offset", "return sum(numbers) - self.offset")
    )
    done = ran(script, "threads")
    assert line(done, "STATUS") == "cached completed completed"
    shown = ran("-m", "zencache", "explain", "latest", "Trainer").stdout
    assert "helper Trainer.weigh in classes.py changed (1 line)" in shown


def test_class_based_steps_are_found_again(folder):
    """From the repository, in another process: of a script by their snapshot, of a module by import."""
    (folder / "module_of_steps.py").write_text((SCRIPTS / "classes_of_the_era.py").read_text())
    use = "from module_of_steps import *; Training(Loader(), Trainer(offset=1), Scorer()).run()"
    ran("-c", use)
    again = (
        "from zencache import Repository; p = Repository().get_pipeline_by_name('Training'); r = "
        "p.copy('other').run(); "
        "print('RUN', *(s.status for s in r.steps.values()), r.steps['Scorer'].output.load())"
    )
    assert line(ran("-c", again), "RUN") == "cached cached cached 4.666666666666667"
    module = folder / "module_of_steps.py"
    module.write_text(
        module.read_text().replace("return sum(numbers) + self.offset", "return max(numbers) + self.offset")
    )
    done = ran("-c", again.replace("other", "third"))
    assert line(done, "RUN") == "cached executed executed 2.6666666666666665"


INHERITED = """
from base_of_steps import Base
from zencache.pipelines import pipeline

class Inner(Base):
    def work(self, x):
        return x * 100

@pipeline
def single(step):
    step()

if __name__ == "__main__":
    print("RUN", single(Inner()).run().steps["Inner"].output.load())
"""
BASE = """
from zencache.steps import BaseStep

class Base(BaseStep):
    def entrypoint(self) -> int:
        return self.work(1) + 1
"""


def test_a_script_s_step_reruns_when_the_class_that_it_inherits_from_changes(folder):
    """In the script, and from its snapshot in another process: the snapshot holds no other module's code."""
    Path("base_of_steps.py").write_text(BASE)
    Path("inherits.py").write_text(INHERITED)
    assert line(ran("inherits.py"), "RUN") == "101"
    again = (
        "import sys; from zencache import Repository; run = Repository().get_pipeline_by_name('single')"
        ".copy(sys.argv[1]).run(); print('RUN', run.steps['Inner'].status, run.steps['Inner'].output.load())"
    )
    assert line(ran("-c", again, "two"), "RUN") == "cached 101"
    Path("base_of_steps.py").write_text(BASE.replace("+ 1", "+ 2"))
    assert line(ran("-c", again, "three"), "RUN") == "executed 102"
    assert line(ran("inherits.py"), "RUN") == "102"
