"""Orphans, the files and objects that no record refers to: gc deletes them after their grace period."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from zencache import Repository
from zencache.artifacts import local_files
from zencache.artifacts.manifest import MANIFEST, Manifest
from zencache.artifacts.staging import write_artifact
from zencache.errors import StoreUnavailableError
from zencache.metadata.client import pb

pytestmark = pytest.mark.tfx


def planned(pipeline, step):
    return Repository().get_pipeline_by_name(pipeline).plan().steps[step]


def old(path):
    """Have a file or folder look as if it was left two hours ago."""
    for each in (path, *path.rglob("*")):
        os.utime(each, (time.time() - 7200,) * 2)


@pytest.mark.file_times
def test_orphans_are_deleted_after_an_hour(shop, zencache):
    """Folders without a record, half-written ones, working folders, snapshots and texts without a
    reference."""
    store = shop / ".zencache"
    lost = [
        store / "artifacts/load/output/999/x",
        store / "artifacts/load/output/.998.partial/x",
        store / "artifacts/load/.system/stateful_working_dir/4711/x",
        store / "code" / f"{'a' * 64}.pkl",
        store / "sources" / f"{'b' * 32}.json",
        store / "sources" / "c.1.2.partial",
    ]
    for path in lost:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    trash = store / "artifacts/load/output/.997.trash"
    trash.mkdir()
    assert [path for path, _ in Repository().gc(keep_last=9).leftovers] == [trash]
    old(store)
    kept = {path for folder in ("code", "sources") for path in (store / folder).iterdir()} - {*lost}
    done = zencache("cache", "gc", "--keep-last", "9").stdout
    assert not any(path.exists() for path in lost)
    assert all(path.exists() for path in kept)
    assert "Leftover " in done
    assert {planned("prices", step).action for step in ("load", "scale", "noise")} == {"hit"}


def test_an_artifact_that_the_records_name_is_not_measured_as_an_orphan(shop, monkeypatch):
    """In a large store that would read every folder twice more."""
    store, measured = shop / ".zencache", []
    lost = store / "artifacts/load/output/999/x"
    lost.parent.mkdir(parents=True)
    lost.write_text("x")
    last_change = local_files.last_change
    monkeypatch.setattr(local_files, "last_change", lambda path: measured.append(path) or last_change(path))
    Repository().cache_size()
    outputs = [path for path in measured if path.match("artifacts/*/output/*")]
    assert outputs == [lost.parent]


def test_what_an_execution_of_a_run_that_goes_on_writes_is_no_leftover(shop):
    """However long ago it wrote last; once the run has ended without it, it is one."""
    runs, client = Repository()._records.runs, Repository()._records.metadata.client
    going = runs.open(runs.begin(Repository().get_pipeline_by_name("prices").spec, "now"))
    kind = client.get_execution_type("shop.load").id
    [number] = client.put_executions([pb.Execution(type_id=kind, last_known_state=pb.Execution.RUNNING)])
    tie = pb.Association(execution_id=number, context_id=going.context_id)
    client.put_attributions_and_associations([], [tie])
    made = shop / f".zencache/artifacts/load/output/{number}"
    working = shop / ".zencache/artifacts/load/.system/executor_execution" / str(number)
    for folder in (made, working):
        folder.mkdir()
    old(shop / ".zencache")
    assert Repository().gc(keep_last=9).leftovers == ()
    runs.finish(going, "failed", 0.1, [])
    assert {made, working} <= {path for path, _ in Repository().gc(keep_last=9).leftovers}


@pytest.mark.file_times
def test_a_whole_artifact_that_no_record_names_is_set_aside_not_deleted(shop):
    """Its records may have been lost; a folder whose manifest is no manifest is deleted."""
    output = shop / ".zencache/artifacts/load/output"
    whole, broken = output / "999", output / "998"
    write_artifact(whole, lambda folder: (folder / "x").write_text("x"))
    write_artifact(broken, lambda folder: (folder / "x").write_text("x"))
    (broken / MANIFEST).chmod(0o644)
    (broken / MANIFEST).write_text("{}")
    old(shop / ".zencache")
    dry = Repository().gc(keep_last=9, dry_run=True)
    done = Repository().gc(keep_last=9)
    assert [path for path, _ in dry.set_aside] == [path for path, _ in done.set_aside] == [whole]
    assert broken in [path for path, _ in done.leftovers]
    assert whole not in [path for path, _ in done.leftovers]
    assert "without a record" in done.notes[0]
    [copy] = (shop / ".zencache/artifacts/.quarantine/load/output").iterdir()
    assert Manifest.read(copy).difference(copy) is None
    assert Repository().gc(keep_last=9).leftovers == ()
    os.utime(copy, (time.time() - 31 * 86400,) * 2)
    for each in copy.iterdir():
        os.utime(each, (time.time() - 31 * 86400,) * 2)
    assert [path for path, _ in Repository().gc(keep_last=9).leftovers] == [copy]


def test_gc_goes_on_past_what_cannot_be_deleted_and_reports_all(shop, monkeypatch):
    """The results that are deleted are recorded as such; the next gc tries the others again."""
    rename, refused = Path.rename, []

    def fail(path, target):
        if path.parent.parent.name in ("load", "noise") and path.name.isdecimal():
            refused.append(path)
            raise PermissionError(13, "refused", str(path))
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fail)
        with pytest.raises(StoreUnavailableError, match=r"could not delete \d+ places") as error:
            Repository().gc(keep_last=0)
    assert len(refused) > 1
    assert all(str(path) in str(error.value) for path in refused)
    assert not any((shop / ".zencache/artifacts/scale/output").iterdir())
    Repository().gc(keep_last=0)
    assert not any(path.exists() for path in refused)
