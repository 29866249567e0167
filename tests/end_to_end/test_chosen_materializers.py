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
