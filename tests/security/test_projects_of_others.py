"""A project that belongs to another user is refused, unless this user lists it."""

from __future__ import annotations

import os

import pytest

from zencache.config import create_project, find_project
from zencache.errors import SettingsError


@pytest.fixture
def of_another(tmp_path, monkeypatch):
    """A project in a parent folder, seen by a user who does not own it."""
    create_project(tmp_path)
    below = tmp_path / "mine/work"
    below.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    user = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: user)
    return below


def test_it_is_refused_and_the_error_says_what_to_write(of_another):
    """Nothing of its settings is read."""
    with pytest.raises(SettingsError, match="belongs to another user.*safe_projects = "):
        find_project(of_another)


@pytest.mark.parametrize("listed", ["{root}", "*"])
def test_one_that_is_listed_is_used(of_another, listed):
    """In the user's own configuration."""
    root = of_another.parent.parent
    file = root / "home/zencache/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'safe_projects = ["{listed.format(root=root.resolve())}"]')
    project = find_project(of_another)
    assert project is not None
    assert project.root == root.resolve()


@pytest.mark.parametrize("text", ['safe_projects = ["/elsewhere"]', "safe_projects = 1", "", "[broken"])
def test_other_configurations_allow_nothing(of_another, text):
    """One that cannot be read either."""
    file = of_another.parent.parent / "home/zencache/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    with pytest.raises(SettingsError):
        find_project(of_another)
