"""A small artifact in a folder, and its record, for tests of local artifacts."""

from __future__ import annotations

from zencache.model.records import ArtifactRecord


def fill(folder):
    """Write two files and an empty folder."""
    (folder / "a").write_bytes(b"one")
    (folder / "deep").mkdir()
    (folder / "deep" / "b").write_bytes(b"two")
    (folder / "empty").mkdir()


def record(folder, manifest, **others):
    """Give the record of an artifact with a manifest."""
    given = {"uri": str(folder), "materializer": "m:M", "digest": manifest.digest, "size": manifest.size}
    return ArtifactRecord(1, "out", folder=folder, value_type="Any", live=True, **{**given, **others})
