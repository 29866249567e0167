"""`zencache plan`."""

from __future__ import annotations

from pathlib import Path

import pytest

from zencache import Repository
from zencache.cli.plan import parameter
from zencache.errors import DefinitionError, NotFoundError

LIGHT = """
from zencache import pipeline, step

@step
def load(rows: int = 4) -> int:
    return rows

@pipeline
def small(rows: int = 4):
    load(rows=rows)

@pipeline
def slots(loader):
    loader()

def made(rows=5):
    return small(rows=rows)

def broken():
    return 3

ready = small()
number = 3
"""


@pytest.fixture
def light(folder, fresh):
    """A module whose pipelines have not run."""
    (folder / "other.py").write_text(LIGHT)
    return folder


@pytest.mark.parametrize(
    "target", ["other:small", "other.py:small", "other:ready", "other:made", "./other.py:made"]
)
def test_what_can_be_planned(light, zencache, target):
    """A definition, a pipeline, and a function that returns one; by module and by file."""
    done = zencache("plan", target)
    assert done.exit_code == 0
    assert "load  run" in done.stdout
    assert "no earlier result of this step" in done.stdout


def test_a_plan_makes_no_project(light, zencache):
    """Nothing is written."""
    zencache("plan", "other:small")
    assert not (light / ".zencache").exists()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1", 1),
        ("a=1e-3", 1e-3),
        ("a=None", None),
        ("a=b=c", "b=c"),
        ("a=", ""),
        ("a='1'", "1"),
        ("a=x y", "x y"),
    ],
)
def test_values_are_literals_or_else_text(text, value):
    """A value that Python reads as a literal is one; type and all."""
    assert parameter(text) == ("a", value)
    assert type(parameter(text)[1]) is type(value)


def test_a_parameter_without_a_value_is_refused(light, zencache):
    """The form is told."""
    done = zencache("plan", "other:small", "--set", "rows")
    assert done.exit_code == 2
    assert "name=value" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (("other:slots",), DefinitionError, r"slots: nothing fills loader\. .* function that returns one"),
        (("other:broken",), DefinitionError, r"broken\(\) gave a int, not a Pipeline"),
        (("other:number",), DefinitionError, "number is not a pipeline, but a int"),
        (("other:ready", "--set", "rows=1"), DefinitionError, "ready is a Pipeline already"),
        (("other:made", "--set", "row=1"), NotFoundError, "no parameter named 'row'; did you mean 'rows'"),
        (("other:smal",), NotFoundError, "no pipeline named 'smal'; did you mean 'small'"),
        (("other",), NotFoundError, "say which pipeline of other is meant: other:small, "),
        (("othr:small",), NotFoundError, "there is no module othr"),
        (("othr.py:small",), NotFoundError, r"there is no file othr\.py"),
    ],
)
def test_what_cannot_be_planned_says_why(light, zencache, arguments, kind, words):
    """The error says what to name instead."""
    error = zencache("plan", *arguments).exception
    with pytest.raises(kind, match=words):
        raise error


def test_a_module_that_lacks_another_fails_as_itself(light, zencache):
    """Its own import error is not taken for a wrong name."""
    (light / "other.py").write_text("import no_such_module\n")
    error = zencache("plan", "other:small").exception
    assert isinstance(error, ModuleNotFoundError)
    assert error.name == "no_such_module"


def test_a_module_that_runs_when_imported_runs_nothing(light, zencache):
    """A plan computes nothing, whatever the module does."""
    (light / "other.py").write_text(f"{LIGHT}\nready.run()\n")
    with pytest.raises(DefinitionError, match='put the run under `if __name__ == "__main__":`'):
        raise zencache("plan", "other:small").exception
    assert not Path(".zencache").exists()


@pytest.mark.tfx
def test_a_plan_says_what_python_says(shop, zencache):
    """The same table, and no run more."""
    runs = len(Repository().get_runs())
    text = zencache("plan", "shop:prices", "--set", "factor=3.0").stdout
    assert text == f"{Repository().get_pipeline_by_name('prices').plan()}\n"
    assert text.count("  hit  ") == 3
    assert len(Repository().get_runs()) == runs


@pytest.mark.tfx
def test_parameters_and_the_cache_switch_reach_the_plan(shop, zencache):
    """--set gives a parameter, --no-cache switches look-ups off."""
    assert "parameter factor: 3.0 → 4.0" in zencache("plan", "shop:prices", "--set", "factor=4.0").stdout
    assert "caching is off: run(enable_cache=False)" in zencache("plan", "shop:prices", "--no-cache").stdout


@pytest.mark.tfx
def test_the_differing_lines_are_shown_on_request(shop, zencache):
    """--code shows them for the steps that a change of code makes run, and for no others."""
    text = (shop / "shop.py").read_text()
    (shop / "shop.py").write_text(text.replace("return values * factor", "return values * factor + 1"))
    shown = zencache("plan", "shop:prices", "--code").stdout
    assert "helper doubled in shop.py changed (1 line)" in shown
    assert "-    return values * factor\n+    return values * factor + 1\n" in shown
    assert shown.count("@@") == 2
