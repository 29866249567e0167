"""A store that the release before wrote, whose modules had other paths, is this release's too."""

from __future__ import annotations

import importlib
import sys
import zipfile
from pathlib import Path

import pytest

from zencache import Repository

FIXTURE = Path(__file__).parents[1] / "data" / "store-format-2.zip"
SNAPSHOTS_ARE_OF = (3, 10)  # a snapshot holds bytecode: another Python cannot load it, and says so
OF_ANOTHER_PYTHON = {"named", "noted"} if Path.__module__ != "pathlib" else set()
"""The steps whose code names `Path`, and what they feed: Python 3.13 calls its module `pathlib._local`, and
keys go by that."""


@pytest.fixture
def flows(folder, monkeypatch):
    """Its pipelines, in the working folder, beside its stores (`tests/data/make_store_format_2.py`)."""
    with zipfile.ZipFile(FIXTURE) as packed:
        packed.extractall(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "flows", raising=False)
    yield importlib.import_module("flows")
    sys.modules.pop("flows", None)


def statuses(run):
    return {name: step.status for name, step in run.steps.items()}


def digests(run):
    return {
        (name, output.name): output.record.digest
        for name, step in run.steps.items()
        for output in step.outputs.values()
    }


def test_all_that_it_computed_is_a_hit(flows):
    """Law: keys, records and manifests do not change with where the code lies."""
    for size in (3, 4):
        planned = flows.flow(size=size).plan().steps
        assert {name for name, step in planned.items() if step.action != "hit"} == OF_ANOTHER_PYTHON
        if not OF_ANOTHER_PYTHON:
            assert set(statuses(flows.flow(size=size).run()).values()) == {"cached"}
    assert flows.failing().plan().steps["numbers"].action == "hit"


def test_its_values_are_loaded_by_the_materializers_that_it_names(flows):
    """Law: `module:Class` of a record goes on naming the class."""
    steps = Repository().get_run("first").steps
    assert steps["numbers"].outputs["rows"].load() == [0, 2, 4]
    assert steps["named"].output.load() == flows.Summary(3.0, ("ada", "grace"))
    assert steps["Counted"].output.load() == 1


def test_it_has_no_fault(flows):
    assert Repository().verify(full=True).is_clean


def test_its_history_is_shown(flows):
    repository = Repository()
    assert repository.get_pipeline_names() == ["copied", "failing", "flow", "scripted"]
    assert repository.get_run("first").pinned == "in the paper"
    assert "ConnectionError: no answer" in repository.get_run("failed").steps["fails"].error
    assert [len(each.versions) for each in repository.get_pipelines()] == [1, 1, 1, 1]


@pytest.mark.tfx
def test_a_step_that_is_run_again_gives_the_same_artifact(flows):
    run = Repository().get_pipeline_by_name("flow").run(enable_cache=False)
    before = Repository().get_run("four")
    assert digests(run) == digests(before)


@pytest.mark.tfx
@pytest.mark.skipif(sys.version_info[:2] != SNAPSHOTS_ARE_OF, reason="a snapshot is of one Python")
def test_the_snapshot_of_a_scripts_step_is_loaded_and_run(flows):
    """Law: the modules that a snapshot names are found."""
    made = Repository().get_pipeline_by_name("scripted")
    assert made.plan().all_hits
    assert made.run(enable_cache=False).steps["largest"].output.load() == 4
