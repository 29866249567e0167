"""Stores elsewhere: an S3 server of our own, and a file system that fails."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from zencache.artifacts.remote import RemoteStores
from zencache.artifacts.retry import Retry
from zencache.artifacts.store import ArtifactStore
from zencache.config import Settings, create_project


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
    """Make an artifact store at a URL, for a machine of some name; it waits for nothing."""

    def make(url, machine="here", **settings):
        folder = tmp_path / machine
        folder.mkdir(exist_ok=True)
        store = ArtifactStore(create_project(folder, Settings(artifact_store=url, **settings)))
        store.remote = RemoteStores(store.project, store.cache, Retry(first=0))
        return store

    return make
