"""The read cache: bounded, shared by processes, and no copy that is in use is deleted."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.artifacts.conftest import put
from zencache.artifacts.read_cache import keep_cached


def written(size):
    return lambda folder: (folder / "a").write_bytes(os.urandom(size))


def cached(store):
    return {path.name for path in store.project.read_cache.iterdir()}


def test_the_cache_is_bounded_and_forgets_what_was_not_used_for_longest(flaky, at):
    """Three thousand bytes in a cache of 2,500: the one that was used last stays."""
    store = at("flaky://store", read_cache_size=2500)
    records = [put(store, fill=written(1000)) for _ in range(2)]
    os.utime(records[0].folder, (1, 1))
    os.utime(records[1].folder, (2, 2))
    with store.reading(records[0]):
        pass
    records.append(put(store, fill=written(1000)))
    assert cached(store) == {records[0].digest, records[2].digest}
    with store.reading(records[1]) as folder:  # fetched again
        assert folder.exists()
    assert len(cached(store)) == 2


def test_what_is_being_read_stays(flaky, at):
    """However full the cache is; until the reader ends."""
    store = at("flaky://store", read_cache_size=0)
    record = put(store, fill=written(1000))
    with store.reading(record) as folder:
        put(store, fill=written(1000))
        assert (folder / "a").exists()
    with keep_cached():
        with store.reading(record):
            pass
        put(store, fill=written(1000))
        assert (folder / "a").exists()
    last = put(store, fill=written(1000))
    assert cached(store) <= {last.digest}


READER = """
import sys, time
from pathlib import Path
from zencache.artifacts.read_cache import ReadCache
with ReadCache(Path(sys.argv[1]), 0).using(sys.argv[2]) as folder:
    print(folder is not None, flush=True)
    sys.stdin.read()
"""


def test_what_another_process_reads_stays_until_that_ends(flaky, at):
    """Also when it is killed."""
    store = at("flaky://store", read_cache_size=0)
    with keep_cached():
        record = put(store, fill=written(1000))
        command = [sys.executable, "-c", READER, str(store.project.read_cache), record.digest]
        reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert reader.stdout.readline() == b"True\n"
    try:
        put(store, fill=written(1000))
        assert (record.folder / "a").exists()
    finally:
        reader.kill()
        reader.communicate()
    put(store, fill=written(1000))
    assert not record.folder.exists()


FETCHER = """
import json, sys
from pathlib import Path
from zencache.config import open_project
from zencache.artifacts.store import ArtifactStore
from zencache.model.records import ArtifactRecord
told = json.loads(sys.argv[1])
store = ArtifactStore(open_project(Path.cwd()))
for uri, digest, size in told:
    record = ArtifactRecord(1, "out", uri, store.folder(uri, digest), "Any", "m:M", digest, size, live=True)
    for _ in range(5):
        with store.reading(record) as folder:
            assert (folder / "a").stat().st_size == size
print("whole")
"""


@pytest.mark.slow
def test_processes_share_the_cache(s3_bucket, s3_address, at):
    """Four at once on a cache with room for two of three artifacts: what each reads is whole."""
    import json

    options = {"endpoint_url": s3_address}
    store = at(s3_bucket, artifact_store_options=options, read_cache_size=2500)
    records = [put(store, fill=written(1000)) for _ in range(3)]
    told = json.dumps([(r.uri, r.digest, r.size) for r in records])
    command = [sys.executable, "-c", FETCHER, told]
    others = [
        subprocess.Popen(command, cwd=store.project.root, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert [other.communicate()[0] for other in others] == ["whole\n"] * 4
    assert sum(not name.endswith(".partial") for name in cached(store)) <= 3


def test_a_digest_that_a_materializer_made_up_is_no_path(at):
    """It may be any text."""
    store = at("memory://store")
    place = store.folder("memory://store/x", "../../v1")
    assert place.parent == store.project.read_cache
