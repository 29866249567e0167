"""Atomic writes: an artifact is there whole, or not at all."""

from __future__ import annotations

import pytest

from zencache.artifacts.integrity import check
from zencache.artifacts.manifest import Manifest, content_digest, size_of
from zencache.artifacts.staging import write_artifact
from zencache.errors import ArtifactError


def fill(folder):
    (folder / "a").write_bytes(b"one")
    (folder / "deep").mkdir()
    (folder / "deep" / "b").write_bytes(b"")


def test_what_is_written_is_there_and_read_only(tmp_path):
    """Files, digests and sizes agree, and nobody can write by mistake."""
    target = tmp_path / "artifact"
    manifest = write_artifact(target, fill)
    assert [(name, size) for name, size, _ in manifest.files] == [("a", 3), ("deep/b", 0)]
    assert manifest == Manifest.of(target)
    assert size_of(target) == manifest.size
    assert (target / "a").stat().st_mode & 0o222 == 0


@pytest.mark.parametrize("error", [RuntimeError("in the middle"), KeyboardInterrupt()], ids=repr)
def test_a_failure_leaves_nothing(tmp_path, error):
    """Whatever stops the writing, no part of the artifact is left."""

    def broken(folder):
        fill(folder)
        raise error

    with pytest.raises(type(error)):
        write_artifact(tmp_path / "artifact", broken)
    assert list(tmp_path.iterdir()) == []


def test_what_a_step_put_there_itself_is_part_of_it(tmp_path):
    """Files that are at the place already are kept, and digested."""
    target = tmp_path / "artifact"
    target.mkdir()
    (target / "note").write_text("by the step")
    manifest = write_artifact(target, fill)
    assert [name for name, _, _ in manifest.files] == ["a", "deep/b", "note"]


def test_names_and_content_make_the_digest(tmp_path):
    """Moving bytes from one file to another is another content."""
    digests = set()
    for number, files in enumerate(
        [{"a": b"xy"}, {"b": b"xy"}, {"a": b"x", "b": b"y"}, {"a": b"xy", "b": b""}]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        digests.add(content_digest(folder))
    assert len(digests) == 4


def test_changed_and_missing_content_is_told(tmp_path):
    """The error names the artifact and what to do."""
    target = tmp_path / "artifact"
    digest = write_artifact(target, fill).digest
    check(target, digest, name="x", value_digest=lambda _: None)
    (target / "a").chmod(0o644)
    (target / "a").write_bytes(b"two")
    with pytest.raises(
        ArtifactError, match="the artifact x at .* its content changed; run the pipeline again"
    ):
        check(target, digest, name="x", value_digest=lambda _: None)
    with pytest.raises(ArtifactError, match="is gone"):
        check(tmp_path / "none", digest, name="x", value_digest=lambda _: None)
