"""Steps that choose what stores their outputs."""

from __future__ import annotations

import pytest

from zencache import Materializer, pipeline, step
from zencache.materializers import BaseMaterializer

pytestmark = pytest.mark.tfx


class Lines(Materializer):
    def save(self, value, folder):
        (folder / "lines.txt").write_text("\n".join(map(str, value)))

    def load(self, folder):
        return [int(line) for line in (folder / "lines.txt").read_text().splitlines()]


class Commas(BaseMaterializer):
    ASSOCIATED_TYPES = (frozenset,)

    def save(self, data):
        with open(f"{self.uri}/commas.txt", "w") as file:  # noqa: PTH123
            file.write(",".join(map(str, data)))

    def load(self, data_type):
        with open(f"{self.uri}/commas.txt") as file:  # noqa: PTH123
            return data_type(map(int, file.read().split(",")))


@step
def load() -> list:
    return [1, 2, 3]


@step
def total(numbers: list) -> int:
    return sum(numbers)


@pipeline
def adding(loader):
    total(loader())


@pytest.mark.parametrize("worker_kind", ["threads", "processes"])
def test_the_chosen_one_stores_and_loads(worker_kind):
    """The next step, and who asks later, get what it loads; the files are its own."""
    run = adding(step(output_materializers=Lines)(load)).run(worker_kind=worker_kind)
    made = run.steps["load"].output
    assert (made.folder / "lines.txt").read_text() == "1\n2\n3"
    assert (made.load(), run.steps["total"].output.load()) == ([1, 2, 3], 6)


def test_one_of_an_older_release_is_chosen():
    """Also for values of a type that it does not name."""
    run = adding(load().with_return_materializers(Commas)).run()
    made = run.steps["load"].output
    assert {"commas.txt", "zencache_type.txt"} <= {file.name for file in made.folder.iterdir()}
    assert made.load() == [1, 2, 3]


def test_another_choice_runs_the_step_again():
    """And says so; the same one reuses the result."""
    adding(load()).run()
    run = adding(load().with_return_materializers({"output": Lines})).run()
    assert run.steps["load"].reason.startswith("output output: list by zencache.")
    again = adding(load.with_options(output_materializers=Lines)).run()
    assert all(each.is_cached for each in again.steps.values())


IMPORTED = """
from zencache import Materializer, step

class Lines(Materializer):
    def save(self, value, folder):
        (folder / "lines.txt").write_text(" ".join(map(str, value)))
    def load(self, folder):
        return [int(word) for word in (folder / "lines.txt").read_text().split()]

@step
def load() -> list:
    return [1, 2, 3]

@step
def total(numbers: list) -> int:
    return sum(numbers)
"""
USES = """
from steps_that_are_imported import *
from zencache import pipeline

@pipeline
def both(one, other):
    total(one())
    total(other())

run = both(load().with_return_materializers(Lines).configure(enable_cache=False), load()).run(workers=2, worker_kind="processes")
print("OUT", *(next(file.name for file in run.steps[name].output.folder.glob("[!.]*.*")) for name in ("load", "load_2")))
"""


@pytest.mark.slow
def test_a_choice_made_where_a_step_is_used_holds_everywhere(folder, forked_script):
    """In a worker process, which imports the step; and in a copy that another process makes."""
    (folder / "steps_that_are_imported.py").write_text(IMPORTED)
    done = forked_script(USES)
    assert done.stdout.splitlines()[-1] == "OUT lines.txt value.json"
    assert "a worker process cannot" not in done.stdout
    copied = forked_script(
        "from zencache import Repository, step\n@step\ndef count(numbers: list) -> int:\n    return "
        "len(numbers)\n"
        "made = Repository().get_pipeline_by_name('both').copy('copied', total_2=count())\n"
        "load = made.spec.by_name['load']\nprint(load.outputs[0].materializer, load.enable_cache)\n"
    )
    assert copied.stdout.splitlines()[-1] == "steps_that_are_imported:Lines False"
