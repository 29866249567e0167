"""Artifacts in folders of this machine: quarantine, the order of flushes, other folders."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from tests.artifacts.small_artifact import fill, record
from zencache.artifacts.manifest import MANIFEST, Manifest
from zencache.artifacts.staging import write_artifact
from zencache.artifacts.store import ArtifactStore
from zencache.config import create_project


@pytest.fixture
def store():
    return ArtifactStore(create_project(Path.cwd()))


@pytest.fixture
def target(store):
    return store.project.artifacts / "step" / "out" / "1"


def test_a_bad_copy_in_the_projects_folder_goes_to_its_quarantine(store, target, monkeypatch):
    """Also where new artifacts are put into another."""
    monkeypatch.setenv("ZENCACHE_ARTIFACT_STORE", str(Path.cwd() / "mnt"))
    where = store.quarantine(record(target, write_artifact(target, fill)))
    assert Path(where).parent == store.project.own_artifacts / ".quarantine" / "step" / "out"


def test_an_artifact_of_other_records_is_not_mixed_into_a_new_one(store, target):
    """Where records begin anew, their numbers come again."""
    write_artifact(target, fill)
    stored = store.put(str(target), lambda folder: (folder / "b").write_bytes(b"new"))
    assert (stored.size, sorted(p.name for p in target.iterdir())) == (3, [MANIFEST, "b"])
    [old] = (store.project.artifacts / ".quarantine" / "step" / "out").iterdir()
    assert (old / "a").read_bytes() == b"one"


def test_all_is_flushed_before_the_rename_and_the_folders_above_after_it(store, target, monkeypatch):
    """Power that is lost leaves an artifact whole or none: files, folders, manifest, its folder; then what
    names it."""
    flushed = []
    monkeypatch.setattr(
        os, "fsync", lambda file: flushed.append(str(Path(f"/proc/self/fd/{file}").readlink()))
    )
    store.put(str(target), fill)
    root, staging = store.project.artifacts, target.with_name(".1.partial")
    assert set(flushed[:2]) == {str(staging / "a"), str(staging / "deep" / "b")}
    assert set(flushed[2:4]) == {str(staging / "deep"), str(staging / "empty")}
    assert flushed[4:] == [
        str(staging / MANIFEST),
        *map(str, [staging, target.parent, target.parent.parent, root]),
    ]


def test_another_folder_is_used_where_the_project_says_so(tmp_path, monkeypatch):
    """The environment goes before the settings; each run has a root of its own there."""
    project = create_project(Path.cwd())
    monkeypatch.setenv("ZENCACHE_ARTIFACT_STORE", f"file://{tmp_path}/store")
    store = ArtifactStore(project)
    assert project.artifacts == tmp_path / "store"
    assert Path(store.root()).parent == tmp_path / "store"
    assert store.root() != store.root()
    stored = store.put(f"{store.root()}/s/o/1", fill)
    assert stored.folder.is_relative_to(tmp_path / "store")
    assert store.problem(dataclasses.replace(record(stored.folder, Manifest.of(stored.folder)))) is None
