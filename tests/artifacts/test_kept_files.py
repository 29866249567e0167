"""Copies of files that steps wrote are kept by content, and put back whole."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from zencache.artifacts.kept_files import has_copy, keep_copy, restore
from zencache.errors import ArtifactError
from zencache.util.hashing import file_digest


@pytest.fixture
def project(folder):
    return SimpleNamespace(written=folder / "written")


def test_a_file_is_put_back_with_its_folder(project, folder):
    file = folder / "out.csv"
    file.write_text("1")
    digest = file_digest(file)
    assert keep_copy(project, file, digest)
    file.unlink()
    restore([project], folder / "new" / "out.csv", digest)
    assert (folder / "new" / "out.csv").read_text() == "1"
    assert [path.name for path in (folder / "new").iterdir()] == ["out.csv"]


def test_a_file_that_changed_meanwhile_is_not_kept(project, folder):
    file = folder / "out.csv"
    file.write_text("2")
    assert not keep_copy(project, file, "0" * 64)
    assert not has_copy([project], "0" * 64)


def test_a_damaged_copy_is_none(project, folder):
    file = folder / "out.csv"
    file.write_text("1")
    digest = file_digest(file)
    keep_copy(project, file, digest)
    (project.written / digest).write_text("damaged")
    assert not has_copy([project], digest)
    with pytest.raises(ArtifactError):
        restore([project], file, digest)
    assert file.read_text() == "1"
