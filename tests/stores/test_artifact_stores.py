"""A project whose artifacts are kept elsewhere: on S3, by a server of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from zencache import Repository, StepContext, pipeline, step
from zencache.artifacts.filesystems import file_system
from zencache.artifacts.manifest import MANIFEST
from zencache.config import Settings, create_project, find_project
from zencache.errors import ArtifactError, StoreUnavailableError

pytestmark = pytest.mark.tfx


@step
def load(size: int = 1000) -> np.ndarray:
    return np.arange(size)


@step
def scale(values: np.ndarray) -> np.ndarray:
    return values * 2


@step
def report(values: np.ndarray) -> Path:
    Path("report.txt").write_text(f"{values.sum()}\n")
    return Path("report.txt")


@step(enable_cache=True)
def read(path: Path, context: StepContext) -> str:
    Path(context.get_output_artifact_uri(), "note.txt").write_text("beside it")
    return path.read_text()


@pipeline
def chain():
    read(report(scale(load())))


@pytest.fixture
def store(s3_bucket, s3_address):
    """The URL of the store of the project in the working folder."""
    url, options = f"{s3_bucket}/team", {"endpoint_url": s3_address}
    create_project(Path.cwd(), Settings(artifact_store=url, artifact_store_options=options))
    return url


def statuses(run):
    return {name: each.status for name, each in run.steps.items()}


def wipe():
    """Forget what this machine has of the store."""
    shutil.rmtree(find_project().read_cache)


def objects(store, address):
    fs = file_system(store, {"endpoint_url": address})
    return fs, fs.find(store)


def test_artifacts_are_kept_there(store, s3_address):
    """The recorded uris are the true ones; nothing is left of what TFX's launcher worked with."""
    run = chain().run()
    output = run.steps["read"].output
    assert output.uri.startswith(f"{store}/")
    assert (output.folder / "note.txt").read_text() == "beside it"
    assert output.load() == "999000\n"
    _, names = objects(store, s3_address)
    assert not [name for name in names if ".system" in name]
    assert sum(name.endswith(MANIFEST) for name in names) == 4
    assert not any(find_project().work.iterdir())
    assert not list(find_project().artifacts.rglob("*.npy"))


def test_another_machine_reuses_them(store, tmp_path, monkeypatch):
    """It shares the records and the store, and fetches what it reads."""
    first = chain().run()
    there = tmp_path / "there"
    there.mkdir()
    shutil.copytree(".zencache", there / ".zencache", ignore=shutil.ignore_patterns("cache", "artifacts"))
    monkeypatch.chdir(there)
    again = chain().run()
    assert set(statuses(again).values()) == {"cached"}
    assert not find_project().read_cache.exists()
    assert again.steps["scale"].output.load().sum() == 999000
    assert again.steps["scale"].output.folder.is_relative_to(there / ".zencache" / "cache")
    assert again.steps["scale"].output.uri == first.steps["scale"].output.uri


@pytest.mark.slow
def test_a_team_shares_records_and_artifacts(server, s3_bucket, s3_address, tmp_path, monkeypatch):
    """Two projects that have nothing in common but the settings."""
    monkeypatch.setenv("ZENCACHE_METADATA_STORE", server("postgresql"))
    shared = Settings(artifact_store=s3_bucket, artifact_store_options={"endpoint_url": s3_address})
    uris = []
    for name, status in (("one", "executed"), ("two", "cached")):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        create_project(Path.cwd(), shared)
        run = chain().run()
        assert set(statuses(run).values()) == {status}
        assert run.steps["read"].output.load() == "999000\n"
        uris.append(run.steps["read"].output.uri)
    assert uris[0] == uris[1]


def test_a_step_in_a_process_of_its_own_puts_its_artifacts_there_too(store):
    """It fetches its inputs, and sends its outputs."""
    chain().run(to_steps=["scale"], worker_kind="processes")
    wipe()
    run = chain().run(worker_kind="processes")
    assert statuses(run) == {"load": "cached", "scale": "cached", "report": "executed", "read": "executed"}
    assert run.steps["read"].output.uri.startswith(store)


def test_what_is_gone_there_is_made_anew(store, s3_address):
    """A missing manifest is a miss with its reason; what depends on it is reused."""
    chain().run()
    fs, names = objects(store, s3_address)
    [manifest] = [name for name in names if "/scale/" in name and name.endswith(MANIFEST)]
    fs.rm_file(manifest)
    assert chain().plan().steps["scale"].reason == "the stored output output has no manifest"
    assert statuses(chain().run())["scale"] == "executed"
    assert chain().plan().all_hits


def test_what_was_changed_there_is_never_served(store, s3_address):
    """It is set aside, and the next run makes it anew."""
    run = chain().run()
    fs, names = objects(store, s3_address)
    [array] = [name for name in names if "/scale/" in name and name.endswith("array.npy")]
    data = fs.cat_file(array)
    fs.pipe_file(array, data[:-8] + b"\1" * 8)
    wipe()
    with pytest.raises(
        ArtifactError, match=r"array\.npy: its content changed.*the bad copy is kept at s3://"
    ):
        run.steps["scale"].output.load()
    assert statuses(chain().run())["scale"] == "executed"
    assert Repository().get_run(run.name).steps["load"].output.load().sum() == 499500


def test_a_failing_step_leaves_nothing_there(store, s3_address):
    """Neither here nor there."""

    @step(enable_cache=True)
    def fails(context: StepContext) -> int:
        Path(context.get_output_artifact_uri(), "half.bin").write_bytes(os.urandom(100))
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        pipeline(name="failing")(lambda: fails())().run()
    assert objects(store, s3_address)[1] == []
    assert not any(find_project().work.iterdir())


def test_a_store_that_cannot_be_reached_is_one_clear_error(s3_bucket, immediate_retries):
    """The run fails, and says where."""
    options = {"endpoint_url": "http://127.0.0.1:9"}
    create_project(Path.cwd(), Settings(artifact_store=f"{s3_bucket}/team", artifact_store_options=options))
    with pytest.raises(
        StoreUnavailableError, match="the artifact store failed at s3://bucket-.*after 6 attempts"
    ):
        pipeline(name="p")(lambda: load())().run()


def test_a_store_that_is_set_later_keeps_what_is_here(s3_bucket, s3_address, monkeypatch):
    """Artifacts are found by their uris: those of before in the project, new ones there, and back again."""
    options = {"endpoint_url": s3_address}
    create_project(Path.cwd(), Settings(artifact_store_options=options))
    chain().run(to_steps=["scale"])
    monkeypatch.setenv("ZENCACHE_ARTIFACT_STORE", s3_bucket)
    run = chain().run()
    assert statuses(run) == {"load": "cached", "scale": "cached", "report": "executed", "read": "executed"}
    assert run.steps["read"].output.uri.startswith(s3_bucket)
    monkeypatch.delenv("ZENCACHE_ARTIFACT_STORE")
    assert run.steps["read"].output.load() == "999000\n"


def test_a_cached_run_asks_once_for_each_artifact(store, s3_address, monkeypatch):
    """Its listing; nothing is fetched."""
    chain().run()
    fs, asked = file_system(store, {"endpoint_url": s3_address}), []
    whole = fs.find
    monkeypatch.setattr(fs, "find", lambda path, **kwargs: (asked.append(path), whole(path, **kwargs))[1])
    assert chain().run().steps["read"].is_cached
    assert len(asked) == len(set(asked)) == 4


KILLED = """
import os, signal, sys
import s3fs
from zencache import pipeline, step

@step
def load() -> str:
    return "loaded"

@pipeline
def p():
    load()

if "kill" in sys.argv:
    s3fs.S3FileSystem.pipe_file = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL)
run = p().run()
print(run.steps["load"].status, run.steps["load"].output.load())
"""


@pytest.mark.slow
def test_a_run_that_is_killed_before_the_manifest_leaves_no_artifact(store, forked_script, s3_address):
    """The content is there; the next run computes, and the one after that reuses."""
    assert forked_script(KILLED, "kill", check=False).returncode == -9
    assert [name.rpartition("/")[2] for name in objects(store, s3_address)[1]] == ["value.txt"]
    assert "executed loaded" in forked_script(KILLED).stdout
    assert "cached loaded" in forked_script(KILLED).stdout
