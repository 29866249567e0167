"""`zencache cache verify`, and `Repository().verify`: each kind of damage is found, of artifacts and of
records."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.maintenance.damage import (
    add_empty_file,
    add_file,
    client,
    folder_of,
    garble_manifest,
    output,
    remove_file,
    remove_manifest,
    replace_by_file,
    swap,
    swap_with_manifest,
    truncate,
)
from zencache import Repository
from zencache.artifacts.manifest import Manifest
from zencache.artifacts.store import ArtifactStore
from zencache.config import find_project
from zencache.metadata.client import MetadataClient, pb, set_properties
from zencache.metadata.session import open_records
from zencache.util import process_id
from zencache.util.process_id import this_process

pytestmark = pytest.mark.tfx


def going_on(run, pid):
    """Have a run be one that another process does."""
    [context] = [c for c in client().get_contexts() if c.name == run]
    owner = dataclasses.replace(this_process(), pid=pid, started=process_id._started(pid) or 0)
    set_properties(
        context.custom_properties, {"zencache_status": "running", "zencache_owner": owner.to_text()}
    )
    client().put_contexts([context])


AT_ONCE = {
    truncate: "array.npy has ",
    remove_file: "array.npy is missing",
    shutil.rmtree: "is missing",
    add_file: "more.bin was added",
    remove_manifest: "has no manifest",
    replace_by_file: "has no manifest",
}
BY_BYTES = {
    swap: "array.npy: its content changed",
    add_empty_file: "more.bin was added",
    garble_manifest: "cannot be used",
    swap_with_manifest: "its content changed",
}
"""Damage, and what is said of it: what a look notices, and what only reading all bytes does."""


def test_a_sound_store_is_clean(shop, zencache):
    """Artifacts, runs and keys; nothing is written."""
    before = [c.last_update_time_since_epoch for c in client().get_contexts()]
    done = zencache("cache", "verify", "--full")
    assert done.exit_code == 0
    assert re.fullmatch(r"7 artifacts, \d+ bytes checked \(every byte\), 0 problems\n", done.stdout)
    assert [c.last_update_time_since_epoch for c in client().get_contexts()] == before
    assert "(sizes and manifests), 0 problems" in zencache("cache", "verify").stdout


@pytest.mark.parametrize("damage", [*AT_ONCE, *BY_BYTES], ids=lambda damage: damage.__name__)
def test_damage_is_found_and_mended(shop, zencache, damage):
    """The value is what it was, also for the run that had it; the rest is reused; the store is clean."""
    whole = output("second").load()
    damage(folder_of("second"))
    quick, full = Repository().verify(), Repository().verify(full=True)
    assert len(quick.problems) == (damage in AT_ONCE)
    [problem] = full.problems
    assert (problem.pipeline, problem.run, problem.step, problem.output) == (
        "prices",
        "second",
        "scale",
        "output",
    )
    assert {**AT_ONCE, **BY_BYTES}[damage] in problem.wrong
    assert not full.is_clean
    done = zencache("cache", "verify", "--full", "--repair")
    assert done.exit_code == 0, done.output
    assert "prices.scale.output: computed again by run prices-" in done.stdout
    assert Repository().verify(full=True).problems == ()
    np.testing.assert_array_equal(output("second").load(), whole)
    again = Repository().get_runs("prices")[-1]
    assert {n: s.status for n, s in again.steps.items()} == {
        "load": "cached",
        "scale": "executed",
        "noise": "cached",
    }


def test_verify_prints_what_is_wrong_and_exits_with_1(shop, zencache):
    """A row a problem, a summary, and what to type next."""
    truncate(folder_of())
    done = zencache("cache", "verify")
    assert done.exit_code == 1
    heading, row, *_ = done.stdout.splitlines()
    assert heading.split() == ["what", "where", "what", "is", "wrong"]
    assert row.startswith("prices.scale.output")
    assert row.endswith("array.npy has 152 bytes, not 160")
    assert "1 problem\n`zencache cache verify --repair`" in done.stdout
    assert folder_of().exists()


def test_what_a_run_took_care_of_meanwhile_is_not_told(shop, monkeypatch):
    """It was found damaged and dropped, or collected, since the records were read."""
    artifact = output().record
    real = ArtifactStore.damage

    def dropping(store, record, *args, **kwargs):
        if record.id == artifact.id:
            open_records(find_project()).metadata.artifact_records.mark_damaged(artifact.id, "a test")
        return real(store, record, *args, **kwargs)

    shutil.rmtree(folder_of())
    monkeypatch.setattr(ArtifactStore, "damage", dropping)
    assert Repository().verify().problems == ()


def test_an_artifact_of_a_run_that_is_being_computed_is_left_alone(shop):
    """Its record is not what it will be."""
    going_on("second", os.getppid())
    number = Repository().get_run("second").steps["scale"].execution.id
    [execution] = client().get_executions_by_id([number])
    execution.last_known_state = pb.Execution.RUNNING
    client().put_executions([execution])
    shutil.rmtree(folder_of("second"))
    assert Repository().verify().problems == ()


# -- records ----------------------------------------------------------------------------------------


@pytest.fixture
def dead():
    """The number of a process that has ended."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_a_run_whose_process_died_is_found_and_marked(shop, zencache, dead):
    """Verifying alone only says so."""
    going_on("second", dead)
    for _ in range(2):
        [problem] = Repository().verify().problems
        assert (problem.kind, problem.run) == ("run", "second")
        assert f"process {dead} on " in problem.wrong
    done = zencache("cache", "verify", "--repair")
    assert (done.exit_code, "run second: marked as failed" in done.stdout) == (0, True)
    assert Repository().verify().problems == ()
    assert Repository().get_run("second").status == "failed"


@pytest.mark.parametrize("call", ["put_attributions_and_associations", "put_parent_contexts"])
def test_a_run_that_was_killed_while_it_was_written_is_tied(shop, zencache, monkeypatch, call):
    """Its executions to pipeline and nodes, itself to the pipeline: as if nothing had happened."""
    made = Repository().get_pipeline_by_name("prices")
    asked = MetadataClient.__getattr__

    class Killed(BaseException):
        pass

    def killed(client, name):
        if name == call:
            raise Killed
        return asked(client, name)

    with monkeypatch.context() as patch:
        patch.setattr(MetadataClient, "__getattr__", killed)
        with pytest.raises(Killed):
            made.run(run_name="half")
    [problem] = Repository().verify().problems
    assert (problem.kind, problem.run) == ("run", "half")
    assert "not tied to the pipeline: its process ended" in problem.wrong
    assert zencache("cache", "verify", "--repair").exit_code == 0
    assert Repository().verify().problems == ()
    run = Repository().get_run("half")
    number = run.steps["scale"].execution.id
    assert {c.name for c in client().get_contexts_by_execution(number)} >= {"prices", "prices.scale", "half"}
    assert [c.name for c in client().get_parent_contexts_by_context(run._record.id)] == ["prices"]


def test_a_key_that_leads_to_another_result_is_found_and_led_right(shop, zencache):
    """It would be a stale hit."""
    wrong = Repository().get_run("second").steps["scale"].execution
    right = Repository().get_run("first").steps["scale"].execution
    [context] = [c for c in client().get_contexts_by_type("zencache.cache_key") if c.name == right.key]
    set_properties(context.custom_properties, {"zencache_execution": wrong.id})
    client().put_contexts([context])
    [problem] = Repository().verify().problems
    assert (problem.kind, problem.where) == ("key", f"key {right.key[:12]}")
    assert zencache("cache", "verify", "--repair").exit_code == 0
    assert Repository().verify().problems == ()
    assert open_records(find_project()).metadata.executions.newest([right.key])[right.key].id == right.id


# -- TFX --------------------------------------------------------------------------------------------


def native(folder, **properties):
    """Record an artifact as a TFX component leaves it."""
    kind = client().put_artifact_type(pb.ArtifactType(name="Examples"))
    artifact = pb.Artifact(uri=str(folder), type_id=kind, state=pb.Artifact.LIVE)
    set_properties(artifact.custom_properties, properties)
    [number] = client().put_artifacts([artifact])
    return number


def test_what_tfx_components_made_is_compared_with_what_is_recorded_of_it(shop):
    """Its files are not moved; where nothing is recorded, nothing is said."""
    (shop / "examples").mkdir()
    (shop / "examples" / "a.txt").write_text("abc")
    told = Manifest.of(shop / "examples")
    native(shop / "examples", zencache_digest=told.digest, zencache_size=3)
    native(shop / "nowhere")
    assert (Repository().verify(full=True).problems, Repository().verify().unchecked) == ((), 1)
    (shop / "examples" / "a.txt").write_text("abd")
    assert Repository().verify().problems == ()
    [problem] = Repository().verify(full=True, repair=True).problems
    assert problem.wrong == "its content changed"
    assert "not computed again: no run of zencache's" in problem.outcome
    assert (shop / "examples" / "a.txt").exists()
    assert Repository().verify(full=True).is_clean


def test_files_of_others_that_changed_are_nobodys_fault(shop, zencache):
    """Each of its own verdict; of what an importer named at one place only the newest counts."""
    file = shop / "data.csv"
    for text in ("old", "new"):
        file.write_text(text)
        native(file, zencache_digest=Manifest.of(file).digest, zencache_size=3, is_external=1)
    assert Repository().verify(full=True).changed == ()
    file.write_text("now")
    done = zencache("cache", "verify", "--full", "--repair")
    assert done.exit_code == 0
    assert "external file changed: its content changed" in done.stdout
    assert "0 problems, 1 external file changed" in done.stdout
    assert file.read_text() == "now"


def test_what_a_component_left_empty_may_be_gone(shop):
    """There was nothing in it."""
    native(shop / "blessing", zencache_digest=Manifest.of(shop / "blessing").digest, zencache_size=0)
    assert Repository().verify(full=True).problems == ()
