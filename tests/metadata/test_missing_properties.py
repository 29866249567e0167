"""Records that lack a property are read all the same: of an older format, of another tool, or damaged."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from tests.migration.old_store import import_flows, unpack
from zencache import Repository
from zencache.config import open_project
from zencache.errors import StoreUnavailableError
from zencache.metadata.client import pb, set_properties
from zencache.metadata.schema import NODE_CONTEXT, PIPELINE_CONTEXT, RUN_CONTEXT
from zencache.metadata.store import MetadataStore
from zencache.util.clock import SystemClock
from zencache.util.process_id import this_process

PROPERTIES = {
    "Context": [
        "zencache_backup",
        "zencache_beat",
        "zencache_deleted",
        "zencache_execution",
        "zencache_format",
        "zencache_owner",
        "zencache_pipeline",
        "zencache_recent",
        "zencache_running",
        "zencache_seconds",
        "zencache_spec",
        "zencache_status",
        "zencache_structure",
        "zencache_token",
        "zencache_version",
    ],
    "Execution": [
        "__execution_result__",
        "zencache_compared_with",
        "zencache_key",
        "zencache_key_parts",
        "zencache_origin",
        "zencache_reason",
        "zencache_seconds",
        "zencache_seen",
        "zencache_step",
    ],
    "Artifact": ["zencache_digest", "zencache_materializer", "zencache_size", "zencache_type"],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with runs that completed, one that failed, and one of another machine that fell silent."""
    folder, here = tmp_path_factory.mktemp("project"), Path.cwd()
    os.chdir(folder)
    try:
        unpack(folder)
        began = MetadataStore(open_project(folder)).contexts.find(RUN_CONTEXT, "lost").create_time_since_epoch
        with pytest.MonkeyPatch.context() as patched:  # whatever the clock says, two days later
            patched.setattr(SystemClock, "time", lambda _: began / 1000 + 2 * 86_400)
            import_flows(folder).flow().run(run_name="third")
            Repository(folder).delete_run("lost")  # its step kills the process: it must not be run to repair
        _fall_silent(MetadataStore(open_project(folder)))
    finally:
        os.chdir(here)
    return folder


def _fall_silent(metadata):
    """Record that the last run goes on, on another machine that was heard of long ago."""
    owner = dataclasses.replace(this_process(), machine="another")
    run = metadata.contexts.find(RUN_CONTEXT, "third")
    silent = {"zencache_status": "running", "zencache_owner": owner.to_text(), "zencache_beat": 1}
    set_properties(run.custom_properties, silent)
    pipeline = metadata.contexts.find(PIPELINE_CONTEXT, "flow")
    set_properties(pipeline.custom_properties, {"zencache_running": f"[{run.id}]"})
    metadata.client.put_contexts([run, pipeline])


@pytest.fixture
def copied(project, folder):
    """A copy of the project in the working folder, and its records."""
    shutil.copytree(project, folder, dirs_exist_ok=True)
    records = sqlite3.connect(folder / ".zencache" / "metadata.db")
    yield records
    records.close()


def look():
    """Read what a project's records tell, in each way that there is."""
    repository = Repository()
    repository.verify(full=True)
    for run in repository.get_runs():
        with contextlib.suppress(StoreUnavailableError):  # what says that a version has no spec
            assert all(step.status for step in run.steps.values())
    repository.gc(older_than=timedelta(0), dry_run=True)
    repository.gc(keep_last=1, dry_run=True)
    repository.drop(older_than=timedelta(0), dry_run=True)


def test_all_properties_are_taken_away_in_turn(copied):
    """A new one belongs into the list."""
    for kind, names in PROPERTIES.items():
        stored = (
            f"SELECT DISTINCT name FROM {kind}Property WHERE name LIKE '%zencache%' OR name LIKE '%result%'"
        )
        assert sorted(name for [name] in copied.execute(stored)) == names


@pytest.mark.parametrize(("kind", "name"), [(k, name) for k, names in PROPERTIES.items() for name in names])
def test_a_record_without_a_property_can_be_read(copied, folder, kind, name):
    """Whatever it does not say is not known; it stops nobody, and a run computes what it cannot reuse."""
    copied.execute(f"DELETE FROM {kind}Property WHERE name = ?", (name,))
    copied.commit()
    look()
    assert import_flows(folder).flow().plan().steps.keys() == {"numbers", "total", "told"}
    Repository().verify(repair=True)


def test_a_version_without_a_spec_keeps_its_number(copied, folder):
    """What comes next is another version."""
    copied.execute("DELETE FROM ContextProperty WHERE name = 'zencache_spec'")
    copied.commit()
    with pytest.raises(StoreUnavailableError, match="version 1 of pipeline flow has no spec"):
        Repository().get_run("first").steps
    pipeline = import_flows(folder).flow()
    pipeline.run()
    assert [version.number for version in pipeline.versions] == [2]


def test_a_pipeline_whose_first_run_tfx_did_not_get_far_with_is_none_yet(copied):
    """TFX records a pipeline, its run and a node before the first execution."""
    metadata = MetadataStore(open_project(Path.cwd()))
    types = metadata.contexts.types
    named = [(PIPELINE_CONTEXT, "taxi"), (RUN_CONTEXT, "taxi-run"), (NODE_CONTEXT, "taxi.gen")]
    metadata.client.put_contexts([pb.Context(type_id=types[kind], name=name) for kind, name in named])
    assert "taxi" not in [pipeline.name for pipeline in Repository().get_pipelines()]
