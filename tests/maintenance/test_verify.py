"""`zencache cache verify`: each kind of damage is found, and mended; and the same by `Repository`."""

from __future__ import annotations

import dataclasses
import importlib
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from pydantic import SecretStr

from zencache import Repository
from zencache.artifacts.manifest import Manifest
from zencache.artifacts.store import MANIFEST
from zencache.config import find_project
from zencache.maintenance import artifact_checks
from zencache.metadata.client import Client, pb, set_properties
from zencache.metadata.session import open_records
from zencache.util import process_id
from zencache.util.process_id import this_process

pytestmark = pytest.mark.tfx


def output(run="first", step="scale"):
    return Repository().get_run(run).steps[step].output


def folder_of(run="first", step="scale"):
    return output(run, step).folder


def going_on(run, pid):
    """Have a run be one that another process does."""
    [context] = [c for c in client().get_contexts() if c.name == run]
    owner = dataclasses.replace(this_process(), pid=pid, started=process_id._started(pid) or 0)
    set_properties(
        context.custom_properties, {"zencache_status": "running", "zencache_owner": owner.to_text()}
    )
    client().put_contexts([context])


def client():
    return open_records(find_project()).metadata.client


def write(path, data):
    path.chmod(0o644)
    path.write_bytes(data)


def swap(folder):
    """Change bytes, and keep the size."""
    file = folder / "array.npy"
    write(file, file.read_bytes()[:-8] + b"\1" * 8)


def truncate(folder):
    file = folder / "array.npy"
    write(file, file.read_bytes()[:-8])


def remove_file(folder):
    (folder / "array.npy").unlink()


def add_file(folder):
    (folder / "more.bin").write_bytes(b"more")


def add_empty_file(folder):
    (folder / "more.bin").touch()


def remove_manifest(folder):
    (folder / MANIFEST).unlink()


def garble_manifest(folder):
    write(folder / MANIFEST, b"{")


def swap_with_manifest(folder):
    """Change bytes, and the manifest with them: only the record tells."""
    swap(folder)
    write(folder / MANIFEST, Manifest.of(folder).to_json())


def replace_by_file(folder):
    shutil.rmtree(folder)
    folder.write_text("no artifact")


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


def test_a_bad_copy_is_kept(shop):
    """It is moved aside, and never deleted."""
    swap(folder_of())
    bad = (folder_of() / "array.npy").read_bytes()
    [problem] = Repository().verify(full=True, repair=True).problems
    [kept] = (shop / ".zencache/artifacts/.quarantine").rglob("array.npy")
    assert kept.read_bytes() == bad
    assert str(kept.parent) in problem.outcome


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


def test_a_whole_chain_is_made_anew(shop, zencache):
    """Each step's inputs are made before it; two runs of a pipeline with other parameters are both mended."""
    for run, step in (("first", "load"), ("first", "scale"), ("second", "scale")):
        shutil.rmtree(folder_of(run, step))
    assert zencache("cache", "verify", "--repair").exit_code == 0
    assert output("second", "scale").load().tolist() == [0.0, 3.0, 6.0, 9.0]
    assert output("third", "load").load().tolist() == [0.0, 1.0, 2.0, 3.0]
    assert Repository().verify(full=True).is_clean


TOKENS = """
from zencache import pipeline, step

class Token:
    name = "one"

    def __init__(self, name):
        self.name = name

@step
def token() -> Token:
    return Token("a name that is long enough for other code")

@pipeline
def tokens():
    token()
"""


def test_what_ran_last_stays_what_ran_last(shop):
    """An older run is run again for its parameters; the pipeline of the repository is the newest one still."""
    truncate(folder_of())
    Repository().delete_run("third")
    was = Repository().get_pipeline_by_name("prices").spec
    [problem] = Repository().verify(full=True, repair=True).problems
    assert problem.is_mended
    assert Repository().get_pipeline_by_name("prices").spec == was
    assert output().load().tolist() == [0.0, 2.0, 4.0, 6.0]


def test_a_pickle_that_was_tampered_with_is_not_loaded(shop, folder, monkeypatch):
    """Its bytes are compared; no code of it runs."""
    (folder / ".zencache/config.toml").write_text("format = 1\nallow_pickle = true\n")
    (folder / "tokens.py").write_text(TOKENS)
    monkeypatch.delitem(sys.modules, "tokens", raising=False)
    run = importlib.import_module("tokens").tokens().run()
    file = next(run.steps["token"].output.folder.glob("*.pkl"))
    evil = b"cos\nsystem\n(S'touch ran'\ntR."
    write(file, evil + b" " * (file.stat().st_size - len(evil)))
    [problem] = Repository().verify(full=True).problems
    assert (problem.step, problem.wrong) == ("token", f"{file.name}: its content changed")
    assert Repository().verify(full=True, repair=True).is_clean
    assert run.steps["token"].output.load().name == "a name that is long enough for other code"
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("uri", ["{store}/../../mine", "{mine}", "/dev/null"])
def test_what_a_record_that_points_elsewhere_names_is_never_touched(shop, zencache, uri):
    """It is a problem of the record, which nothing reuses from then on; another result is made."""
    mine = shop / "mine"
    mine.mkdir()
    (mine / "diary.txt").write_text("dear diary")
    [artifact] = client().get_artifacts_by_id([output().record.id])
    artifact.uri = uri.format(store=shop / ".zencache/artifacts", mine=mine)
    client().put_artifacts([artifact])
    assert zencache("cache", "verify").exit_code == 1
    assert zencache("cache", "verify", "--repair").exit_code == 0
    assert [path.name for path in shop.rglob("diary.txt")] == ["diary.txt"]
    assert (mine / "diary.txt").read_text() == "dear diary"
    assert zencache("cache", "verify", "--full").exit_code == 0


def test_what_a_run_took_care_of_meanwhile_is_not_told(shop, monkeypatch):
    """It was found damaged and dropped, or collected, since the records were read."""
    artifact = output().record
    real = artifact_checks.damage

    def dropping(store, record, *args, **kwargs):
        if record.id == artifact.id:
            open_records(find_project()).metadata.drop_artifact(artifact.id, "a test")
        return real(store, record, *args, **kwargs)

    shutil.rmtree(folder_of())
    monkeypatch.setattr(artifact_checks, "damage", dropping)
    assert Repository().verify().problems == ()


def test_a_step_that_gives_something_else_is_told(shop):
    """Its old value is lost; the new one is reused, and the store is clean."""
    shutil.rmtree(folder_of(step="noise"))
    [problem] = Repository().verify(repair=True).problems
    assert "with another content: the step does not give the same again" in problem.outcome
    assert Repository().verify(full=True).is_clean
    assert Repository().get_pipeline_by_name("prices").plan().all_hits


def test_what_has_a_good_copy_is_not_computed(shop):
    """The same value, stored by another run, is put in its place."""
    Repository().get_pipeline_by_name("prices").run(enable_cache=False, run_name="again")
    count = len(Repository().get_runs())
    swap(folder_of("second"))
    [problem] = Repository().verify(full=True, repair=True).problems
    assert problem.outcome.startswith("restored from a copy")
    assert output("second").load().tolist() == [0.0, 3.0, 6.0, 9.0]
    assert len(Repository().get_runs()) == count


def test_what_nobody_can_make_again_is_marked_and_told(shop, zencache):
    """Its code is gone: verify is clean after it, and the exit code says that something was lost."""
    shutil.rmtree(folder_of())
    shop.joinpath("shop.py").unlink()
    done = zencache("cache", "verify", "--repair")
    assert done.exit_code == 1
    assert "marked, so that nothing reuses it; not computed again: step shop." in done.stdout
    assert "run the pipeline's own script" in done.stdout
    assert zencache("cache", "verify").exit_code == 0


SECRETS = """
from pydantic import SecretStr
from zencache import pipeline, step

@step
def fetch(token: SecretStr) -> int:
    return len(token.get_secret_value())

@pipeline
def guarded(token: SecretStr):
    fetch(token=token)
"""


def test_a_secret_that_is_lacking_is_told(shop, monkeypatch):
    """And how to give it; nothing is computed without it."""
    (shop / "guarded.py").write_text(SECRETS)
    monkeypatch.delitem(sys.modules, "guarded", raising=False)
    run = importlib.import_module("guarded").guarded(SecretStr("abc")).run()
    shutil.rmtree(run.steps["fetch"].output.folder)
    [problem] = Repository().verify(repair=True).problems
    assert not problem.is_mended
    assert "ZENCACHE_SECRET_TOKEN" in problem.outcome


def test_a_value_that_nothing_here_can_name_is_left_as_it_is(shop):
    """Its materializer is not installed: that speaks against this machine and not against the artifact."""
    [artifact] = client().get_artifacts_by_id([output().record.id])
    named = {"zencache_materializer": "nowhere:Gone", "zencache_digest": "of the value"}
    set_properties(artifact.custom_properties, named)
    client().put_artifacts([artifact])
    [problem] = Repository().verify(full=True, repair=True).problems
    assert (problem.wrong.partition(":")[0], problem.outcome) == (
        "cannot be compared with its record",
        "left as it is",
    )
    assert client().get_artifacts_by_id([artifact.id])[0].state == pb.Artifact.LIVE


def test_code_that_changed_is_not_run_in_vain(shop):
    """It would give another result, which nobody asked for."""
    shutil.rmtree(folder_of())
    text = (shop / "shop.py").read_text()
    (shop / "shop.py").write_text(text.replace("return values * factor", "return values * factor + 1"))
    count = len(Repository().get_runs())
    [problem] = Repository().verify(repair=True).problems
    assert "step scale is not what it was" in problem.outcome
    assert len(Repository().get_runs()) == count


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
    asked = Client.__getattr__

    class Killed(BaseException):
        pass

    def killed(client, name):
        if name == call:
            raise Killed
        return asked(client, name)

    with monkeypatch.context() as patch:
        patch.setattr(Client, "__getattr__", killed)
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
    assert open_records(find_project()).metadata.newest([right.key])[right.key].id == right.id


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
