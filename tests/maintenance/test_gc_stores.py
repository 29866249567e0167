"""gc where artifacts are elsewhere, or where others put theirs too."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import fsspec
import numpy as np
import pytest
from typer.testing import CliRunner

from zencache import Repository, pipeline, step
from zencache.artifacts import local_files, object_store
from zencache.artifacts.filesystems import file_system
from zencache.artifacts.manifest import MANIFEST
from zencache.cli.app import app
from zencache.config import Settings, create_project, find_project
from zencache.errors import ArtifactError, StoreUnavailableError
from zencache.metadata import marks
from zencache.metadata.session import open_records

pytestmark = pytest.mark.tfx

NOW = {"older_than": timedelta(0)}
"""Keeps no run that has ended."""
LIVE, MARKED, DELETED = 2, 3, 4  # states of MLMD


@step
def load(size: int = 1000) -> np.ndarray:
    return np.arange(size)


@step
def again(values: np.ndarray) -> np.ndarray:
    return values.copy()


@step
def fails(values: np.ndarray) -> int:
    raise ValueError("no")


@pipeline
def chain(size: int = 1000):
    again(load(size))


@pipeline
def failing(size: int = 1000):
    fails(again(load(size)))


@pytest.fixture
def memory(immediate_retries):
    """The URL of a store in this process, which is that of the project in the working folder; and its file
    system."""
    url = f"memory://{uuid.uuid4().hex[:8]}/team"
    create_project(Path.cwd(), Settings(artifact_store=url))
    return url, fsspec.filesystem("memory")


def made_at(kind, request):
    """Make the project in the working folder, with a store of some kind; give its base and file system."""
    if kind == "memory":
        return request.getfixturevalue("memory")
    if kind in ("own", "folder"):
        base = Path.cwd() / ".zencache" / "artifacts" if kind == "own" else Path.cwd() / "mnt"
        create_project(Path.cwd(), Settings(**({} if kind == "own" else {"artifact_store": str(base)})))
        return str(base), fsspec.filesystem("file")
    options = {"endpoint_url": request.getfixturevalue("s3_address")}
    url = f"{request.getfixturevalue('s3_bucket')}/team"
    create_project(Path.cwd(), Settings(artifact_store=url, artifact_store_options=options))
    return url, file_system(url, options)


@pytest.fixture(params=["memory", "s3", "folder"])
def store(request):
    """The base of a store that others use too, each kind in its turn; and its file system."""
    return made_at(request.param, request)


def states():
    return [artifact.state for artifact in open_records(find_project()).metadata.client.get_artifacts()]


def steps_of(collection):
    return sorted(each.step for each in collection.results)


def old(path, seconds=7200):
    """Have a file or folder look as if it was left two hours ago."""
    for each in (path, *path.rglob("*")):
        os.utime(each, (time.time() - seconds,) * 2)


# -- collecting ---------------------------------------------------------------------------------------


def test_what_no_kept_run_needs_goes_wherever_it_is(store):
    """And nothing else: another run's stays, as does what others put into the same store."""
    url, fs = store
    chain().run(run_name="first")
    kept = chain(size=500).run(run_name="second")
    fs.makedirs(f"{url}/_0123456789abcdef/load/output/1", exist_ok=True)
    fs.pipe_file(f"{url}/_0123456789abcdef/load/output/1/theirs", b"theirs")
    fs.pipe_file(f"{url}/theirs", b"theirs")
    size = Repository().cache_size()
    assert {s.name: s.count for s in size.steps} == {"chain.load": 2, "chain.again": 2}
    done = Repository().gc(keep_last=1)
    assert steps_of(done) == ["again", "load"]
    assert done.freed == sum(each.size for each in done.results) > 16000
    left = {name.rpartition("/_")[2] for name in fs.find(url) if not name.endswith("/theirs")}
    own = {each.outputs["output"].uri.rpartition("/_")[2] for each in kept.steps.values()}
    assert left == {f"{place}/{name}" for place in own for name in ("array.npy", MANIFEST)}
    assert sum(name.endswith("/theirs") for name in fs.find(url)) == 2
    assert kept.steps["again"].output.load().sum() == sum(range(500))
    with pytest.raises(ArtifactError, match="was collected on 20"):
        Repository().get_run("first").steps["load"].output.load()
    assert chain().plan().steps["load"].reason.startswith("the stored output output was collected on 20")
    assert Repository().gc(keep_last=1).results == ()


def test_results_of_equal_content_are_told_apart(memory):
    """They share a place in the read cache, and are two results: one goes, the other and the copy stay."""
    chain().run(run_name="first")
    Repository().drop(step="again")
    chain().run(run_name="second")
    done = Repository().gc(keep_last=1)
    assert [(each.run, each.step) for each in done.results] == [("first", "again")]
    again = Repository().get_run("second").steps["again"].output
    assert again.record.folder.exists()
    assert again.load().sum() == 499500


def test_the_copies_of_what_is_gone_go_too(memory):
    """Nobody would read them again; the sizes were those of the records, as nothing of it lies here."""
    run = chain().run()
    folders = {run.steps[name].output.folder for name in ("load", "again")}
    assert all(folder.exists() for folder in folders)
    shutil.rmtree(find_project().artifacts)
    assert Repository().cache_size().size == sum(
        run.steps[name].output.record.size for name in ("load", "again")
    )
    Repository().gc(**NOW)
    assert not any(folder.exists() for folder in folders)


def test_an_earlier_store_is_left_alone_until_it_is_named_again(memory, monkeypatch):
    """The project does not write there any more: gc counts and deletes nothing of it."""
    chain().run()
    monkeypatch.setenv("ZENCACHE_ARTIFACT_STORE", f"memory://{uuid.uuid4().hex[:8]}")
    assert Repository().cache_size().count == 0
    assert Repository().gc(**NOW).results == ()
    monkeypatch.delenv("ZENCACHE_ARTIFACT_STORE")
    assert len(Repository().gc(**NOW).results) == 2


# -- crashes and networks --------------------------------------------------------------------------------


def test_a_store_that_does_not_answer_ends_gc_and_the_next_one_goes_on(memory, monkeypatch):
    """What was marked stays marked: it is no hit, whether its bytes are gone or not."""
    chain().run()
    _, fs = memory

    def lost(*_):
        raise ConnectionResetError("lost")

    with monkeypatch.context() as patch:
        patch.setattr(type(fs), "rm_file", lost)
        with pytest.raises(
            StoreUnavailableError, match=r"memory://.*after 6 attempts.*stays marked, and the next"
        ):
            Repository().gc(**NOW)
    assert states() == [MARKED] * 2
    assert chain().plan().steps["load"].action == "run"
    assert len(Repository().gc(**NOW).results) == 2
    assert states() == [DELETED] * 2


@pytest.mark.parametrize("deleted", [0, 1, 2, 3, 4])
def test_what_is_needed_after_a_crash_is_live_if_nothing_of_it_is_gone(memory, monkeypatch, deleted):
    """Else the rest of it goes."""
    url, fs = memory
    run = chain().run()
    whole, calls = type(fs).rm_file, []

    def crash(self, path):
        calls.append(path)
        if len(calls) > deleted:
            raise KeyboardInterrupt
        whole(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(object_store, "CONCURRENT_REQUESTS", 1)
        patch.setattr(type(fs), "rm_file", crash)
        if deleted < 4:
            with pytest.raises(KeyboardInterrupt):
                Repository().gc(**NOW)
        else:
            patch.setattr(marks, "mark_deleted", crash)
            with pytest.raises((KeyboardInterrupt, TypeError)):
                Repository().gc(**NOW)
    assert states() == [MARKED] * 2
    Repository().gc(keep_last=9)
    gone = (deleted + 1) // 2  # an artifact has a file and a manifest, which goes first
    assert sorted(states()) == [LIVE] * (2 - gone) + [DELETED] * gone
    assert len(fs.find(url)) == 2 * (2 - gone)
    for name in ("load", "again"):
        if chain().plan().steps[name].action == "hit":
            assert run.steps[name].output.load().sum() == 499500


def test_the_trash_of_a_crash_in_a_shared_folder_is_removed(monkeypatch):
    """Nobody else looks for it there."""
    create_project(Path.cwd(), Settings(artifact_store="mnt"))
    chain().run()

    real, calls = local_files.remove, []

    def second(path):
        calls.append(path)
        if len(calls) == 2:  # after the folder was renamed
            raise KeyboardInterrupt
        real(path)

    with monkeypatch.context() as patch:
        patch.setattr(local_files, "remove", second)
        with pytest.raises(KeyboardInterrupt):
            Repository().gc(**NOW)
    assert list(Path("mnt").rglob("*.trash"))
    Repository().gc(keep_last=9)
    assert not list(Path("mnt").rglob("*.trash"))
    assert sorted(states()) == [LIVE, DELETED]


# -- orphans ------------------------------------------------------------------------------------


@pytest.mark.file_times
def test_what_was_sent_in_part_goes_after_a_day_once_its_run_has_ended(store, monkeypatch):
    """Below the root of a run that did not complete; roots of others may be named by records that nobody here
    reads."""
    url, fs = store
    with pytest.raises(ValueError, match="no"):
        failing().run(run_name="bad")
    run = Repository().get_run("bad")
    root = run.steps["load"].output.uri.rpartition("/load/")[0]
    theirs = f"{url}/_0123456789abcdef/load/output/1"
    for place in (f"{root}/fails/output/99", theirs):
        fs.makedirs(place, exist_ok=True)
        fs.pipe_file(f"{place}/part", b"x" * 50)
    assert Repository().gc(keep_last=9).leftovers == ()
    if Path(url).is_dir():
        old(Path(url))
    monkeypatch.setattr("zencache.maintenance.orphans.RESUMABLE", timedelta(0))
    assert Repository().cache_size().leftovers.size == 50
    done = Repository().gc(keep_last=9)
    assert [(str(p), size) for p, size in done.leftovers if size] == [(f"{root}/fails/output/99", 50)]
    assert not fs.exists(f"{root}/fails/output/99/part")
    assert fs.exists(f"{theirs}/part")
    assert run.steps["again"].output.load().sum() == 499500


def test_a_run_that_is_going_on_keeps_what_it_sent(memory, monkeypatch):
    """However long it takes."""
    url, fs = memory
    chain().run()
    runs = open_records(find_project()).runs
    handle = runs.begin(chain().spec, "going")
    opened = runs.open(replace(handle, root=f"{url}/_00000000000000aa"))
    fs.pipe_file(f"{url}/_00000000000000aa/load/output/1/part", b"x")
    monkeypatch.setattr("zencache.maintenance.orphans.RESUMABLE", timedelta(0))
    assert Repository().gc(keep_last=9).leftovers == ()
    runs.finish(opened, "failed", 1.0, [])
    assert len(Repository().gc(keep_last=9).leftovers) == 1


@pytest.mark.file_times
def test_what_steps_wrote_before_it_was_sent_goes_after_an_hour(memory):
    """A process that was killed leaves it."""
    chain().run()
    left = find_project().work / ("a" * 32)
    left.mkdir(parents=True)
    (left / "half").write_text("x")
    assert Repository().gc(keep_last=9).leftovers == ()
    old(left)
    assert [place for place, _ in Repository().gc(keep_last=9).leftovers] == [left]
    assert not left.exists()


def test_what_was_fetched_in_part_goes_after_a_day(memory):
    """Until then a fetch goes on with it; one that goes on now keeps it."""
    chain().run()
    cache = open_records(find_project()).metadata.artifacts.cache
    with cache.filling("b" * 64) as aside:
        (aside / "half").write_text("x")
        old(aside, 2 * 86400)
        Repository().gc(keep_last=9)
        assert (aside / "half").exists()
    left = find_project().read_cache / f"{'c' * 64}.partial"
    left.mkdir()
    old(left)
    assert Repository().gc(keep_last=9).leftovers == ()
    old(left, 2 * 86400)
    assert [place for place, _ in Repository().gc(keep_last=9).leftovers] == [left]
    assert not left.exists()


@pytest.mark.file_times
@pytest.mark.parametrize("where", ["own", "folder", "memory", "s3"])
def test_bad_copies_are_kept_for_thirty_days_and_counted(where, request, monkeypatch):
    """They count apart; those of other projects in the same store are theirs."""
    base, fs = made_at(where, request)
    run = chain().run()
    record = run.steps["again"].output.record
    metadata = open_records(find_project()).metadata
    metadata.artifact_records.mark_damaged(record.id, "array.npy: its content changed")
    if Path(record.uri).is_dir():
        old(Path(record.uri), 99 * 86400)  # what counts is when it is set aside
    aside = metadata.artifacts.quarantine(record)
    assert aside.startswith(f"{base}/.quarantine/")
    if where != "own":
        theirs = f"{base}/.quarantine/_0123456789abcdef/load/output/1.00000000"
        fs.makedirs(theirs, exist_ok=True)
        fs.pipe_file(f"{theirs}/x", b"x")
    found = Repository().cache_size()
    assert found.set_aside.count == 1
    assert found.set_aside.size >= 8000
    assert found.size < found.set_aside.size * 1.5  # the result itself is not counted again
    assert "Set aside as bad: 1 copy, 8." in CliRunner().invoke(app, ["cache", "size"]).stdout
    assert Repository().gc(keep_last=9).leftovers == ()
    monkeypatch.setattr("zencache.maintenance.orphans.QUARANTINE_PERIOD", timedelta(0))
    assert [str(place) for place, _ in Repository().gc(keep_last=9).leftovers] == [aside]
    assert not fs.exists(f"{aside}/{MANIFEST}")
    assert where == "own" or fs.exists(f"{theirs}/x")


# -- other machines --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_what_lies_on_another_machine_is_let_alone(kind, server, tmp_path, monkeypatch):
    """Both record into one store, and keep the bytes in folders of their own; even in folders of the same
    name."""
    monkeypatch.setenv("ZENCACHE_METADATA_STORE", server(kind))
    here = tmp_path / "project"
    here.mkdir()
    monkeypatch.chdir(here)
    create_project(here)
    chain().run(run_name="theirs")
    here.rename(tmp_path / "machine one")
    here.mkdir()
    monkeypatch.chdir(here)
    create_project(here)
    chain(size=500).run(run_name="ours")
    assert Repository().cache_size().count == 2
    done = Repository().gc(**NOW)
    assert {each.run for each in done.results} == {"ours"}
    assert sorted(states()) == [LIVE, LIVE, DELETED, DELETED]
    shutil.rmtree(here)
    (tmp_path / "machine one").rename(here)
    monkeypatch.chdir(here)
    assert Repository().get_run("theirs").steps["again"].output.load().sum() == 499500
    assert {each.run for each in Repository().gc(**NOW).results} == {"theirs"}


@pytest.mark.slow
def test_what_another_machine_marked_stays_marked(server, tmp_path, monkeypatch):
    """Only where the bytes were does anyone know whether they are gone."""
    monkeypatch.setenv("ZENCACHE_METADATA_STORE", server("postgresql"))
    monkeypatch.setattr("zencache.maintenance.gc.GRACE", timedelta(0))
    here = tmp_path / "project"
    for name in ("one", "two"):
        here.mkdir()
        monkeypatch.chdir(here)
        create_project(here)
        if name == "one":
            run = chain().run()
            ids = [run.steps[each].output.record.id for each in run.steps]
            marks.mark_for_deletion(open_records(find_project()).metadata, ids, "2030-01-01")
            here.rename(tmp_path / "machine one")
    Repository().gc(keep_last=9)
    assert states() == [MARKED] * 2
    shutil.rmtree(here)
    (tmp_path / "machine one").rename(here)
    monkeypatch.chdir(here)
    Repository().gc(keep_last=9)
    assert states() == [LIVE] * 2


def test_a_folder_that_is_not_mounted_is_let_alone(monkeypatch):
    """Its results are misses as long as it is away, and hits when it is back."""
    create_project(Path.cwd(), Settings(artifact_store=str(Path.cwd() / "mnt")))
    chain().run()
    Path("mnt").rename("away")
    assert Repository().cache_size().count == 0
    assert Repository().gc(**NOW).results == ()
    Path("away").rename("mnt")
    assert chain().plan().all_hits
