"""Keys that are no part of the records."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from zencache.config import create_project
from zencache.errors import SettingsError, StoreUnavailableError
from zencache.signing import is_signed, seal_of, secret_key, sign

KEY = "a key that the whole team has 01"


@pytest.fixture
def project(folder):
    return create_project(folder)


def test_processes_that_make_the_key_at_once_get_one_key(project):
    """The file appears whole, once; nothing else is left."""
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: secret_key(project, create=True), range(32)))
    assert len(keys) == 1
    assert [each.name for each in project.folder.glob("secret.key*")] == ["secret.key"]


def test_a_key_in_the_environment_goes_before_the_projects(project, monkeypatch):
    """A team shares its key; each of its projects has the same digests then."""
    own = seal_of(project, create=True)(SecretStr("a"))
    monkeypatch.setenv("ZENCACHE_SECRET_KEY", KEY)
    shared = seal_of(project)(SecretStr("a"))
    assert own != shared
    assert shared == seal_of(project)(SecretStr("a"))


def test_a_key_that_is_not_one_is_an_error(project):
    """A file that was cut is not used as a key, nor replaced unasked."""
    project.secret_key.write_bytes(b"short")
    with pytest.raises(SettingsError, match="is not a key of 32 bytes"):
        secret_key(project, create=True)


def test_a_key_that_cannot_be_written_says_so(project):
    """With what to do instead."""
    missing = project.model_copy(update={"root": Path("nowhere")})
    with pytest.raises(StoreUnavailableError, match="or set ZENCACHE_SECRET_KEY"):
        secret_key(missing, create=True)


def test_a_signature_holds_for_one_content_one_use_and_one_key(monkeypatch):
    """What is signed as an artifact is no snapshot."""
    monkeypatch.setenv("ZENCACHE_SIGNING_KEY", KEY)
    signature = sign("artifact", "0" * 64) or ""
    assert is_signed("artifact", "0" * 64, signature)
    assert not is_signed("snapshot", "0" * 64, signature)
    assert not is_signed("artifact", "1" * 64, signature)
    monkeypatch.setenv("ZENCACHE_SIGNING_KEY", KEY.upper())
    assert not is_signed("artifact", "0" * 64, signature)
    monkeypatch.delenv("ZENCACHE_SIGNING_KEY")
    assert sign("artifact", "0" * 64) is None
