"""A manifest says what an artifact holds; without it, what zencache wrote is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.artifacts.small_artifact import fill, record
from zencache.artifacts.integrity import check
from zencache.artifacts.manifest import MANIFEST, Manifest, content_digest, size_of
from zencache.artifacts.staging import add_manifest, write_artifact
from zencache.artifacts.store import ArtifactStore
from zencache.config import create_project
from zencache.errors import ArtifactError


@pytest.fixture
def store():
    return ArtifactStore(create_project(Path.cwd()))


@pytest.fixture
def target(store):
    return store.project.artifacts / "step" / "out" / "1"


def test_a_manifest_is_written_with_every_artifact(target):
    """It names files with sizes and digests, and counts neither for the size nor for the digest."""
    manifest = write_artifact(target, fill)
    assert Manifest.read(target) == manifest == Manifest.of(target)
    assert manifest.folders == ("empty",)
    assert manifest.size == 6
    assert size_of(target) == 6
    before = content_digest(target)
    (target / MANIFEST).unlink()
    assert content_digest(target) == before == manifest.digest


def test_its_text_is_pinned():
    """Other versions of zencache read it: a change of its form is a change of its tag."""
    assert Manifest((("a", 1, "0" * 64),), ("b",)).to_json() == (
        b'{"digest":"8b6318546d40f380e018ef22249923c2ad9ed3687047b1df9a66f38cab05c818",'
        b'"files":[["a",1,"' + b"0" * 64 + b'"]],"folders":["b"],"format":"zencache-manifest/1"}\n'
    )


def test_nothing_of_ours_is_there_without_its_manifest(store, target):
    """It is written last: what lacks it may lack more. What a TFX component made has none."""
    manifest = write_artifact(target, fill)
    assert store.problem(record(target, manifest)) is None
    (target / MANIFEST).unlink()
    assert store.problem(record(target, manifest)) == "has no manifest"
    assert store.problem(record(target, manifest, materializer="")) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: (f / "deep" / "b").write_bytes(b"TWO"), "deep/b: its content changed"),
        (lambda f: (f / "deep" / "b").write_bytes(b"longer"), "deep/b has 6 bytes, not 3"),
        (lambda f: (f / "a").unlink(), "a is missing"),
        (lambda f: (f / "new").touch(), "new was added"),
        (lambda f: (f / MANIFEST).write_text("{}"), "cannot be used: it is not of the format"),
    ],
    ids=["swapped", "longer", "missing", "added", "no manifest"],
)
def test_the_first_file_that_differs_is_named(target, change, said):
    """Whoever reads the error knows which file to look at."""
    manifest = write_artifact(target, fill)
    for path in target.rglob("*"):
        path.chmod(0o755)
    change(target)
    with pytest.raises(ArtifactError, match=said):
        check(target, manifest.digest, name="x", value_digest=lambda _: None)


def test_a_manifest_of_other_content_is_no_excuse(target):
    """Files and manifest that were swapped together are not what was recorded."""
    manifest = write_artifact(target, fill)
    write_artifact(target.with_name("2"), lambda folder: (folder / "a").write_bytes(b"other"))
    with pytest.raises(ArtifactError, match="its content changed"):
        check(target.with_name("2"), manifest.digest, name="x", value_digest=lambda _: None)


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "a//b", ".", "", "a\0b", MANIFEST])
def test_a_manifest_that_names_a_file_outside_is_refused(name):
    """What a remote store says is never a path out of the artifact's folder."""
    data = Manifest(((name, 1, "0" * 64),)).to_json()
    with pytest.raises(ValueError, match="cannot be part of an artifact"):
        Manifest.from_json(data)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": "zencache-manifest/1"}', b"\xff"])
def test_what_is_no_manifest_is_refused(data):
    """A torn or foreign file is one error."""
    with pytest.raises(ValueError):
        Manifest.from_json(data)


def test_a_manifest_that_was_edited_is_refused():
    """Its own digest holds it together."""
    told = json.loads(Manifest((("a", 1, "0" * 64),)).to_json())
    told["files"][0][1] = 2
    with pytest.raises(ValueError, match="its digest is not that of its files"):
        Manifest.from_json(json.dumps(told).encode())


def test_an_artifact_from_before_manifests_gets_its_own(store, target):
    """Of what was recorded and no other content."""
    manifest = write_artifact(target, fill)
    (target / MANIFEST).unlink()
    assert add_manifest(target, manifest.digest) == manifest
    assert store.problem(record(target, manifest)) is None
    assert [path.name for path in target.parent.iterdir()] == ["1"]
    with pytest.raises(ArtifactError, match="its content changed"):
        add_manifest(target, "0" * 64)
