"""The client of ML Metadata."""

from __future__ import annotations

import threading

import pytest
from ml_metadata import errors

from tests.clock import FakeClock
from zencache.errors import SettingsError, StoreUnavailableError
from zencache.metadata.client import MetadataClient
from zencache.metadata.connection_config import connection_config
from zencache.model.database import Database


def test_a_certificate_that_is_not_there_is_told_with_its_option(folder):
    """Not as an error of some library's."""
    with pytest.raises(SettingsError, match=r"custom_ca=.*none\.pem"):
        connection_config(Database.of(f"grpc://host?custom_ca={folder}/none.pem"))


class UnreliableStore:
    """Fails a number of calls, and then answers."""

    def __init__(self, failures, error=None):
        self.failures = failures
        self.error = error or errors.UnavailableError("gone away")
        self.calls = 0

    def get_context_types(self):
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return []


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def client_of(clock, monkeypatch):
    """Make a client of a server that could be reached before, over a store that stands for it."""

    def make(store):
        client = MetadataClient(Database.of("mysql://user:secret@host/name"), threading.RLock(), clock)
        monkeypatch.setattr(client, "_open", lambda: store, raising=False)
        client._connection()
        return client

    return make


def test_calls_are_retried_while_a_server_is_away(client_of, clock):
    """With growing delays, of which a random part is left out."""
    store = UnreliableStore(failures=4)
    assert client_of(store).get_context_types() == []
    assert store.calls == 5
    assert all(
        most / 2 <= wait <= most for wait, most in zip(clock.sleeps, [0.05, 0.1, 0.2, 0.4], strict=True)
    )


def test_a_server_that_stays_away_is_given_up_after_a_minute(client_of, clock):
    """The error names the store, and no password."""
    client = client_of(UnreliableStore(failures=10_000))
    with pytest.raises(StoreUnavailableError, match=r"mysql://user@host:3306/name failed: gone away"):
        client.get_context_types()
    assert 60 <= sum(clock.sleeps) <= 65


def test_other_errors_are_not_retried(client_of, clock):
    """Asking again would not help."""
    store = UnreliableStore(failures=1, error=errors.InvalidArgumentError("secret"))
    with pytest.raises(StoreUnavailableError, match=r"failed: \*\*\*") as raised:
        client_of(store).get_context_types()
    assert raised.value.__cause__ is None
    assert (store.calls, clock.sleeps) == (1, [])
