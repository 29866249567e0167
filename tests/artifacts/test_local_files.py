"""Deleting on this machine."""

from __future__ import annotations

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
