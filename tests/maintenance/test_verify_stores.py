"""Verifying stores elsewhere: every byte there is compared, whatever the read cache holds."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import numpy as np
import pytest

from zencache import Repository, pipeline, step
from zencache.artifacts.filesystems import file_system
from zencache.artifacts.manifest import MANIFEST, size_of
from zencache.config import Settings, create_project, find_project
from zencache.errors import StoreUnavailableError
from zencache.metadata.client import set_properties
from zencache.metadata.session import open_records

pytestmark = pytest.mark.tfx


@step
def load(size: int = 1000) -> np.ndarray:
    return np.arange(size)


@step
def scale(values: np.ndarray, factor: int = 2) -> np.ndarray:
    return values * factor


@pipeline
def chain(factor: int = 2):
    scale(load(), factor=factor)


@pytest.fixture
def store(request):
    """A project whose artifacts are elsewhere: the file system there, and their place."""
    options = {}
    if getattr(request, "param", "memory") == "s3":
        url, options = (
            request.getfixturevalue("s3_bucket"),
            {"endpoint_url": request.getfixturevalue("s3_address")},
        )
    else:
        url = f"memory://verify-{uuid.uuid4().hex}"  # it lasts as long as the process
    create_project(Path.cwd(), Settings(artifact_store=url, artifact_store_options=options))
    return file_system(url, options), url


def named(store, step, end):
    fs, url = store
    [found] = [n for n in fs.find(url) if f"/{step}/" in n and n.endswith(end) and ".quarantine" not in n]
    return fs, found


def swap(store):
    fs, array = named(store, "scale", "array.npy")
    fs.pipe_file(array, fs.cat_file(array)[:-8] + b"\1" * 8)


def truncate(store):
    fs, array = named(store, "scale", "array.npy")
    fs.pipe_file(array, fs.cat_file(array)[:-8])


def remove(store):
    fs, array = named(store, "scale", "array.npy")
    fs.rm_file(array)


def add(store):
    fs, array = named(store, "scale", "array.npy")
    fs.pipe_file(array.replace("array.npy", "more.bin"), b"more")


def remove_manifest(store):
    fs, manifest = named(store, "scale", MANIFEST)
    fs.rm_file(manifest)


def garble_manifest(store):
    fs, manifest = named(store, "scale", MANIFEST)
    fs.pipe_file(manifest, b"{")


DAMAGES = [("memory", each) for each in (swap, truncate, remove, add, remove_manifest, garble_manifest)]


@pytest.mark.parametrize(
    ("store", "damage"), [*DAMAGES, ("s3", swap), ("s3", remove_manifest)], indirect=["store"]
)
def test_damage_elsewhere_is_found_and_mended(store, damage):
    """Though the read cache has a good copy; the run that had the value has it again."""
    run = chain().run()
    assert Repository().verify(full=True).is_clean
    damage(store)
    assert len(Repository().verify().problems) == (damage not in (swap, garble_manifest))
    [problem] = Repository().verify(full=True, repair=True).problems
    assert problem.is_mended
    assert problem.step == "scale"
    assert Repository().verify(full=True).problems == ()
    Repository().get_pipeline_by_name("chain").plan()
    assert run.steps["scale"].output.load().tolist() == [2 * n for n in range(1000)]


def test_the_read_cache_is_left_as_it_is(store):
    """What is verified is read part by part, and kept nowhere."""
    chain().run()
    shutil.rmtree(find_project().read_cache)
    found = Repository().verify(full=True)
    assert found.is_clean
    assert not find_project().read_cache.exists() or size_of(find_project().read_cache) == 0
    assert not any(find_project().work.iterdir())


def test_a_store_that_does_not_answer_is_no_damage(s3_bucket, s3_address, immediate_retries):
    """Nothing is marked: one clear error."""
    create_project(
        Path.cwd(), Settings(artifact_store=s3_bucket, artifact_store_options={"endpoint_url": s3_address})
    )
    chain().run()
    config = Path(".zencache/config.toml")
    config.write_text(config.read_text().replace(s3_address, "http://127.0.0.1:9"))
    with pytest.raises(StoreUnavailableError, match="the artifact store failed at s3://"):
        Repository().verify(full=True, repair=True)
    config.write_text(config.read_text().replace("http://127.0.0.1:9", s3_address))
    assert Repository().verify(full=True).count == 2


def test_a_folder_that_is_not_mounted_is_no_damage(folder):
    """Everything would be taken for lost."""
    create_project(folder, Settings(artifact_store=str(folder / "mount")))
    (folder / "mount").mkdir()
    chain().run()
    assert Repository().verify(full=True).is_clean
    (folder / "mount").rename(folder / "elsewhere")
    with pytest.raises(StoreUnavailableError, match="mount is not there; mount it"):
        Repository().verify(repair=True)
    (folder / "elsewhere").rename(folder / "mount")
    array = next((folder / "mount").rglob("scale/**/array.npy"))
    array.unlink()
    assert Repository().verify(repair=True).is_clean
    assert Repository().verify(full=True).problems == ()


@pytest.mark.slow
def test_any_metadata_store_is_verified_and_repaired(store_url):
    """Artifacts, keys and ties, by the same calls."""
    create_project(Path.cwd())
    run = chain().run()
    again = chain().run()
    assert Repository().verify(full=True).problems == ()
    records = open_records(find_project())
    [context] = [
        c
        for c in records.metadata.client.get_contexts_by_type("zencache.cache_key")
        if c.name == run.steps["scale"].cache_key
    ]
    set_properties(context.custom_properties, {"zencache_execution": run.steps["load"].execution.id})
    records.metadata.client.put_contexts([context])
    shutil.rmtree(run.steps["scale"].output.folder)
    problems = Repository().verify(full=True, repair=True).problems
    assert sorted((problem.kind, problem.is_mended) for problem in problems) == [
        ("artifact", True),
        ("key", True),
    ]
    assert Repository().verify(full=True).problems == ()
    assert again.steps["scale"].output.load().tolist() == [2 * n for n in range(1000)]
