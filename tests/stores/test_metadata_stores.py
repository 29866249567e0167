"""Metadata stores of all kinds: what holds for one holds for each."""

from __future__ import annotations

import pytest

from zencache import Repository, pipeline, step
from zencache.config import find_project
from zencache.errors import AlreadyExistsError

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

NASTY = "back\\slash \\' quote \" line\n tab\t \ue000 é 😀"


@step
def text(value: str) -> str:
    return value


@step
def doubled(value: str) -> str:
    return value * 2


@pipeline
def doubling(value: str = "a"):
    doubled(text(value=value))


def test_a_run_is_recorded_reused_and_found_again(store_url):
    """Computed once, a hit afterwards, with the same values, versions and runs from the repository."""
    first = doubling().run()
    second = doubling().run()
    assert [s.status for s in first.steps.values()] == ["executed", "executed"]
    assert [s.status for s in second.steps.values()] == ["cached", "cached"]
    found = Repository().get_pipeline_by_name("doubling")
    assert [run.name for run in found.runs] == [first.name, second.name]
    assert [version.number for version in found.versions] == [1]
    assert found.runs[-1].steps["doubled"].output.load() == "aa"


def test_any_text_comes_back_as_it_was(store_url):
    """No character of a parameter is lost, taken for SQL, or makes two parameters one."""
    run = doubling(value=NASTY).run()
    assert Repository().get_run(run.name).steps["doubled"].output.load() == NASTY * 2
    again = Repository().get_pipeline_by_name("doubling")
    assert [s.status for s in again.run().steps.values()] == ["cached", "cached"]
    assert doubling(value=NASTY + "\\").run().steps["text"].status == "executed"


def test_the_reason_of_a_miss_is_told_from_any_store(store_url):
    """What an earlier execution recorded of its key is read back as it was written."""
    doubling(value=NASTY).run()
    plan = doubling(value="b").plan()
    assert "value" in plan.steps["text"].reason


def test_a_failure_is_recorded_with_its_text(store_url):
    """A traceback has all kinds of characters."""

    @step
    def failing() -> int:
        raise ValueError(NASTY)

    @pipeline
    def fails():
        failing()

    with pytest.raises(ValueError, match="slash"):
        fails().run()
    [run] = Repository().get_runs("fails")
    assert run.status == "failed"
    assert NASTY.splitlines()[0] in run.steps["failing"].error


def test_names_that_differ_in_case_alone_are_told_apart_or_refused(store_url):
    """No store takes two pipelines for one."""

    @pipeline(name="Case")
    def upper():
        text(value="upper")

    @pipeline(name="case")
    def lower():
        text(value="lower")

    upper().run()
    if store_url and store_url.startswith("mysql"):
        with pytest.raises(Exception, match="differs in case"):
            lower().run()
        return
    lower().run()
    assert Repository().get_pipeline_names() == ["Case", "case"]


def test_steps_whose_names_differ_in_case_alone_are_told_apart_or_refused(store_url):
    """Before anything is computed: TFX finds nodes by their names."""

    @pipeline
    def cases():
        text.with_options(name="Load")(value="upper")
        text.with_options(name="load")(value="lower")

    if store_url and store_url.startswith("mysql"):
        with pytest.raises(AlreadyExistsError, match="steps Load and load .* differ in case alone"):
            cases().run()
        return
    for _ in range(2):
        run = cases().run()
    assert {name: step.output.load() for name, step in run.steps.items()} == {
        "Load": "upper",
        "load": "lower",
    }
    assert {step.status for step in run.steps.values()} == {"cached"}


def test_nothing_tells_the_password(store_url, capfd, folder):
    """Neither what is printed nor any file of the project does."""
    run = doubling().run()
    project = find_project()
    print(project, repr(project.database), run, Repository())
    told = "".join(capfd.readouterr())
    files = [f.read_bytes() for f in folder.rglob("*") if f.is_file()]
    for secret in ("pa:ss@w/d", "pa%3Ass"):
        assert secret not in told
        assert not any(secret.encode() in content for content in files)
