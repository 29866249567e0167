"""Fixtures of artifact stores: a file system whose requests fail, and stores of several machines."""

from __future__ import annotations

import itertools
import stat
import threading
from pathlib import Path
from typing import ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from zencache.artifacts.store import ArtifactStore
from zencache.config import Settings, create_project
from zencache.model.records import ArtifactRecord
from zencache.util.backoff import Retry


def fill(folder):
    """Write an artifact of two files and an empty folder."""
    (folder / "a").write_bytes(b"one")
    (folder / "deep").mkdir()
    (folder / "deep" / "b").write_bytes(b"two" * 1000)
    (folder / "empty").mkdir()


def put(store, uri=None, fill=fill):
    """Store an artifact, and give its record."""
    uri = uri or f"{store.root()}/step/out/1"
    return recorded(store, uri, store.put(uri, fill))


def recorded(store, uri, stored):
    """Give the record of an artifact that was stored."""
    folder = store.folder(uri, stored.digest)
    return ArtifactRecord(1, "out", uri, folder, "Any", "m:M", stored.digest, stored.size, live=True)


def contents(folder):
    """Give the bytes of all files below a folder, by relative name."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def writable(path):
    """Let a test change a file or a folder; give it."""
    path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o200)
    return path


class FlakyFileSystem(MemoryFileSystem):
    """Memory whose requests can be made to fail; it counts what goes over the wire."""

    protocol = "flaky"
    store: ClassVar = {}
    pseudo_dirs: ClassVar = [""]
    lock: ClassVar = threading.Lock()
    fails: ClassVar = []
    """Functions of an operation and a path, which raise for a request that is to fail."""
    sent: ClassVar = []
    got: ClassVar = []
    """Files that went over the wire whole or in part, with how many bytes."""

    @classmethod
    def _strip_protocol(cls, path):
        return MemoryFileSystem._strip_protocol(path.replace("flaky://", "memory://"))

    def _ask(self, operation, path):
        with self.lock:
            for fail in list(self.fails):
                fail(operation, path)

    def put_file(self, lpath, rpath, **kwargs):
        self._ask("put", rpath)
        self.sent.append((rpath.rpartition("/")[2], Path(lpath).stat().st_size))
        super().put_file(lpath, rpath, **kwargs)

    def pipe_file(self, path, value, **kwargs):
        self._ask("pipe", path)
        super().pipe_file(path, value, **kwargs)

    def cat_file(self, path, start=None, end=None, **kwargs):
        self._ask("cat", path)
        data = super().cat_file(path, start=start, end=end, **kwargs)
        self.got.append((path.rpartition("/")[2], len(data)))
        return data

    def find(self, path, **kwargs):
        self._ask("find", path)
        return super().find(path, **kwargs)


fsspec.register_implementation("flaky", FlakyFileSystem)


LOST = ConnectionResetError("lost")


def every(number, error=LOST):
    """Have every so manieth request fail."""
    count = itertools.count(1)

    def fail(operation, path):
        if next(count) % number == 0:
            raise error

    return fail


def failing(operation, part, error=LOST):
    """Have an operation fail on paths with some part in them."""

    def fail(asked, path):
        if asked == operation and part in path:
            raise error

    return fail


@pytest.fixture
def flaky():
    """The file system of `flaky://`, empty and well."""
    for kept in (FlakyFileSystem.store, FlakyFileSystem.fails, FlakyFileSystem.sent, FlakyFileSystem.got):
        kept.clear()
    yield FlakyFileSystem
    FlakyFileSystem.fails.clear()


@pytest.fixture
def at(tmp_path):
    """Make an artifact store at a URL, for a machine of some name; it retries without waiting."""

    def make(url, machine="here", **settings):
        folder = tmp_path / machine
        folder.mkdir(exist_ok=True)
        project = create_project(folder, Settings(artifact_store=url, **settings))
        return ArtifactStore(project, Retry(sleep=lambda seconds: None))

    return make
