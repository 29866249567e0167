"""File systems by URL: no secrets in settings or messages, and clear errors for what is missing."""

from __future__ import annotations

import sys

import pytest
from fsspec.registry import _registry as loaded_file_systems

from tests.artifacts.conftest import put
from zencache.artifacts.filesystems import checked, file_system, redacted
from zencache.config import Settings
from zencache.errors import SettingsError


@pytest.mark.parametrize(
    "url", ["s3://me:hunter2@bucket/prefix", "s3://me@bucket", "https://host/x?sig=hunter2", "s3:///prefix"]
)
def test_a_url_with_credentials_or_without_a_bucket_is_refused(at, url):
    """It is recorded with each artifact; the sentence does not repeat the secret."""
    with pytest.raises(SettingsError) as error:
        at(url).root()
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "options", [{"secret": "hunter2"}, {"client_kwargs": {"aws_secret_access_key": "hunter2"}}]
)
def test_secrets_have_no_place_in_the_settings(options):
    """They are committed, and printed."""
    with pytest.raises(SettingsError, match="secret.*: settings are committed") as error:
        file_system("memory://store", options)
    assert "hunter2" not in str(error.value) + repr(Settings(artifact_store_options=options))


def test_sizes_are_written_as_people_write_them():
    """In the settings file."""
    assert Settings(read_cache_size="10 GB").read_cache_size == Settings().read_cache_size == 10**10


def test_a_missing_package_is_named(at, monkeypatch):
    """With what to type."""
    monkeypatch.setitem(sys.modules, "adlfs", None)
    monkeypatch.delitem(loaded_file_systems, "az", raising=False)  # a test before may have loaded it
    with pytest.raises(SettingsError, match=r"pip install 'zencache-pipelines\[azure\]'"):
        put(at("az://container/prefix"))


def test_an_unknown_scheme_is_one_clear_error(at):
    """It says what there is."""
    with pytest.raises(SettingsError, match="Use a folder, s3://, gs://, az://"):
        put(at("nosuch://bucket"))


@pytest.mark.parametrize(
    ("url", "options"),
    [("gs://bucket", {"project": "p", "token": "anon"}), ("az://container", {"account_name": "a"})],
)
def test_the_file_systems_of_other_clouds_can_be_made(url, options):
    """What more there is cannot be tried without an account there."""
    from zencache.artifacts import filesystems

    made = filesystems._open(url.partition("://")[0], options)
    assert made._strip_protocol(f"{url}/prefix/a").endswith("/prefix/a")


def test_credentials_do_not_show():
    """Neither before an @ nor in a query."""
    assert (
        redacted("at mysql://me:pw@host/db and https://h/x?a=1&sig=2 ok")
        == "at mysql://host/db and https://h/x?… ok"
    )
    assert checked("abfs://container@account.dfs.core.windows.net/x/").endswith("/x")
