"""Deleting on this machine."""

from __future__ import annotations

import shutil
import stat

import pytest

from zencache.artifacts.local_files import delete, size_of
from zencache.errors import StoreUnavailableError


def test_nothing_is_left_of_what_is_erased_and_links_in_it_are_not_followed(folder):
    """Read-only files go as well; what a link leads to stays."""
    (folder / "kept.txt").write_text("kept")
    made = folder / "7"
    made.mkdir()
    (made / "value").write_text("x")
    (made / "value").chmod(0o444)
    (made / "link").symlink_to(folder / "kept.txt")
    delete(made)
    assert [each.name for each in folder.iterdir()] == ["kept.txt"]


def test_a_file_can_be_erased_and_what_is_gone_too(folder):
    """Some artifacts of TFX's are files."""
    (folder / "value").write_text("x")
    delete(folder / "value")
    delete(folder / "value")
    assert list(folder.iterdir()) == []


def test_what_an_earlier_attempt_left_is_in_nobodys_way(folder):
    """The trash of a process that was killed is removed first."""
    for name in ("7", ".7.trash"):
        (folder / name).mkdir()
        (folder / name / "value").write_text("x")
    delete(folder / "7")
    assert list(folder.iterdir()) == []


def test_what_cannot_be_deleted_is_said(folder, monkeypatch):
    """By name."""

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    (folder / "7").mkdir()
    monkeypatch.setattr("pathlib.Path.rename", refuse)
    with pytest.raises(StoreUnavailableError, match="cannot delete .*7: .*Permission denied"):
        delete(folder / "7")


def test_sizes_are_of_files_and_not_of_what_links_lead_to(folder):
    """In bytes, of all below."""
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "big").write_bytes(b"x" * 1000)
    (folder / "a" / "b" / "c").write_bytes(b"x" * 10)
    (folder / "a" / "link").symlink_to(folder / "big")
    assert size_of(folder / "a") == 10
    assert size_of(folder / "nothing") == 0


def test_folders_without_the_write_bit_are_deleted_too(folder, monkeypatch):
    """The bits are set before the second attempt, at every depth; what a link leads to keeps its own."""
    outside = folder / "outside"
    outside.mkdir(mode=0o555)
    deep = folder / "7/a/b"
    deep.mkdir(parents=True)
    (deep / "value").write_text("x")
    (deep / "link").symlink_to(outside)
    for each in (deep, deep.parent):
        each.chmod(0o555)
    rmtree, modes = shutil.rmtree, []

    def refuse_once(path):
        modes.append([stat.S_IMODE(each.stat().st_mode) for each in (path / "a", path / "a/b", outside)])
        if len(modes) == 1:
            raise PermissionError(13, "as for a user who is not root")
        rmtree(path)

    monkeypatch.setattr(shutil, "rmtree", refuse_once)
    delete(folder / "7")
    assert modes == [[0o555, 0o555, 0o555], [0o755, 0o755, 0o555]]
    assert [each.name for each in folder.iterdir()] == ["outside"]
