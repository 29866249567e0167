"""URLs of metadata stores."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from zencache.config import Settings, create_project, open_project
from zencache.errors import SettingsError
from zencache.model.database import Database


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///a/b.db", "/data/a/b.db"),
        ("sqlite:////data/b.db", "/data/b.db"),
        ("mysql://zen:pw@host/db", "mysql://zen@host:3306/db"),
        ("mariadb://host:99/db", "mysql://host:99/db"),
        ("postgres://zen:p%40w@host/db?sslmode=require", "postgresql://zen@host:5432/db"),
        ("grpc://host", "grpc://host:8080"),
    ],
)
def test_a_url_is_read_and_shown_without_its_password(url, shown):
    """Each scheme has its port, and nothing shows what is secret."""
    found = Database.of(url, root=Path("/data"))
    assert str(found) == repr(found) == shown
    assert "pw" not in found.model_dump_json()
    assert "p@w" not in repr(found.model_dump())


def test_a_password_is_read_as_it_was_meant(monkeypatch):
    """Escaped in the URL, or as it is in an environment variable."""
    monkeypatch.setenv("ZEN_PW", "p%40:/w")
    assert Database.of("mysql://a:p%40%3A@h/d").password.get_secret_value() == "p@:"
    assert Database.of("mysql://a:${ZEN_PW}@h/d").password.get_secret_value() == "p%40:/w"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("oracle://h/d", "cannot be at oracle; write one of"),
        ("just/a/path", "a URL without a scheme"),
        ("sqlite://records.db", "three slashes"),
        ("mysql://a:secret@h", "names no database: mysql://h/NAME"),
        ("postgresql:///d", "names no host"),
        ("grpc://a:secret@h", "knows no users"),
        ("mysql://a:secret@h/d;drop", "'d;drop' cannot be the name of a database"),
        ("mysql://a:secret@h:port/d", "cannot be read"),
        ("mysql://a:secret@h/d?sslmode=x", "'sslmode' is not an option of mysql; known: timeout"),
        ("mysql://a:secret@h/d?timeout=soon", "timeout=soon is not a number of seconds"),
        ("mysql://a:${NOT_SET_HERE}@h/d", "takes .*NOT_SET_HERE.* from the environment, where it is not set"),
    ],
)
def test_what_is_wrong_with_a_url_is_said_without_its_password(url, words):
    """The sentence says what to write."""
    with pytest.raises(SettingsError, match=words) as raised:
        Database.of(url)
    assert "secret" not in str(raised.value)


def test_a_settings_file_holds_no_password(folder):
    """It is shared: it names a variable."""
    project = create_project(folder)
    config = project.folder / "config.toml"
    config.write_text('metadata_store = "mysql://a:secret@h/d"\n')
    with pytest.raises(SettingsError, match="write the name of a variable") as raised:
        open_project(folder)
    assert "secret" not in str(raised.value)
    with pytest.raises(ValueError, match="write the name of a variable") as raised:
        Settings(metadata_store="mysql://a:secret@h/d")
    assert "secret" not in str(raised.value)
    assert "${PW}" in repr(Settings(metadata_store="mysql://a:${PW}@h/d"))


def test_the_environment_goes_before_the_settings(folder, monkeypatch):
    """`ZENCACHE_METADATA_STORE` is for one process."""
    create_project(folder, Settings(metadata_store="sqlite:///one.db"))
    assert open_project(folder).database.path == folder.resolve() / "one.db"
    monkeypatch.setenv("ZENCACHE_METADATA_STORE", "sqlite:///two.db")
    assert open_project(folder).database.path == folder.resolve() / "two.db"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://zen:hush/db",
        "mysql://zen:hush#more@host/db",
        "mysql://zen:12/hush@host/db",
        "postgresql://zen:hush[@host/db",
    ],
)
def test_a_password_that_is_not_written_as_urls_have_it_is_not_told(url):
    """Neither by the error nor by what is shown with it."""
    with pytest.raises(SettingsError) as raised:
        Database.of(url)
    assert "hush" not in "".join(traceback.format_exception(raised.value)).replace(url, "")
