"""Files that only this user can have put there."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from zencache.util import atomic_write


@pytest.fixture
def temporary(folder, monkeypatch):
    """An empty temporary folder of the system."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    atomic_write._folder_of_process.cache_clear()
    return folder


def test_the_private_folder_is_found_again_and_private(temporary):
    """One folder a user, which nobody else can read or write."""
    made = atomic_write.private_folder()
    assert made == atomic_write.private_folder()
    assert made.parent == temporary
    assert made.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("planted", ["open", "link", "dangling link", "file"])
def test_a_folder_that_somebody_made_first_is_not_used(temporary, planted):
    """One that others can write to, a link, a file: a new one is made instead."""
    foretold = atomic_write.private_folder()
    foretold.rmdir()
    if planted == "open":
        foretold.mkdir()
        foretold.chmod(0o777)
    elif planted == "file":
        foretold.write_text("")
    else:
        target = Path("elsewhere")
        if planted == "link":
            target.mkdir(mode=0o700)
        foretold.symlink_to(target.absolute())
    made = atomic_write.private_folder()
    assert made != foretold
    assert made.stat().st_mode & 0o777 == 0o700
    assert made == atomic_write.private_folder()
