"""A database server that goes away in the middle of a run, comes back, or falls silent: a TCP proxy stands in
between."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.servers import Proxy
from zencache import Repository, pipeline, step
from zencache.errors import StoreUnavailableError
from zencache.metadata import client

pytestmark = [pytest.mark.tfx, pytest.mark.slow]


def tell(command: str) -> None:
    """Have a thread of the test do something to the proxy, and give it time."""
    Path(command).touch()
    time.sleep(0.3)


@step
def first() -> int:
    tell("drop")
    return 1


@step
def second(x: int) -> int:
    tell("down")
    return x + 1


@step
def third(x: int) -> int:
    return x + 1


@pipeline
def counting():
    third(second(first()))


def obey(proxy: Proxy) -> None:
    """Drop connections, or be down for a while, as steps say."""
    while proxy.is_open:
        if Path("drop").exists():
            Path("drop").unlink()
            proxy.do("drop")
        if Path("down").exists():
            Path("down").unlink()
            proxy.do("down")
            proxy.do("up 1.5")
        time.sleep(0.02)


@pytest.fixture(params=["mysql", "postgresql"])
def proxy(request, server, monkeypatch):
    """A proxy before a database server, as the project's store."""
    direct = server(request.param)
    with Proxy(urlsplit(direct).port) as made:
        threading.Thread(target=obey, args=(made,), daemon=True).start()
        monkeypatch.setenv(
            "ZENCACHE_METADATA_STORE", direct.replace(f":{urlsplit(direct).port}/", f":{made.port}/")
        )
        yield made


def test_a_run_goes_on_when_its_database_comes_back(proxy):
    """Connections are opened again, calls made again; everything is recorded once."""
    run = counting().run()
    assert run.steps["third"].output.load() == 3
    assert [s.status for s in run.steps.values()] == ["executed"] * 3
    assert [r.status for r in Repository().get_runs()] == ["completed"]
    assert [s.status for s in counting().run().steps.values()] == ["cached"] * 3


def test_a_database_that_stays_away_ends_the_run_with_one_error(proxy, monkeypatch):
    """It says which store and what to check; when it is there again, what had finished is reused."""
    assert counting().run().status == "completed"
    monkeypatch.setattr(client, "_PATIENCE", 0.3)
    proxy.do("down")
    with pytest.raises(StoreUnavailableError, match="the metadata store|cannot open the metadata store"):
        counting().run()
    proxy.do("up")
    assert [s.status for s in counting().run().steps.values()] == ["cached"] * 3


def test_a_database_that_falls_silent_ends_the_run_with_one_error(proxy, monkeypatch):
    """Neither Ctrl-C nor a thread could end the wait: a relay breaks the connection."""
    monkeypatch.setenv("ZENCACHE_METADATA_STORE", os.environ["ZENCACHE_METADATA_STORE"] + "?timeout=1")
    assert counting().run().status == "completed"
    monkeypatch.setattr(client, "_PATIENCE", 1)
    proxy.do("silent")
    with pytest.raises(
        StoreUnavailableError, match="cannot open the metadata store .* Check that the server runs"
    ):
        counting().run()
    proxy.do("speak")
    assert [s.status for s in counting().run().steps.values()] == ["cached"] * 3


def test_a_run_goes_on_when_its_database_speaks_again(proxy, monkeypatch):
    """What was asked while it was silent is asked again."""
    monkeypatch.setenv("ZENCACHE_METADATA_STORE", os.environ["ZENCACHE_METADATA_STORE"] + "?timeout=1")
    assert counting().run().status == "completed"
    proxy.do("silent")
    proxy.do("speak 2")
    assert [s.status for s in counting().run().steps.values()] == ["cached"] * 3


def test_a_database_that_is_not_there_is_told_at_once(server, monkeypatch, servers):
    """Nobody waits a minute for a wrong port."""
    monkeypatch.setenv("ZENCACHE_METADATA_STORE", server("mysql", 1))
    with pytest.raises(StoreUnavailableError, match="Check that the server runs"):
        counting().run()


def test_what_was_written_before_its_answer_was_lost_is_not_written_twice(server, monkeypatch):
    """Every other answer to a write is lost: the run goes on as if none was."""
    monkeypatch.setenv("ZENCACHE_METADATA_STORE", server("mysql"))
    calls = []

    class Losing(client.metadata_store.MetadataStore):
        pass

    def losing(name):
        real = getattr(client.metadata_store.MetadataStore, name)

        def call(self, *args, **kwargs):
            found = real(self, *args, **kwargs)
            calls.append(name)
            if calls.count(name) % 2:
                raise client.errors.UnavailableError("Lost connection to server during query")
            return found

        return call

    for name in ("put_execution", "put_contexts", "put_lineage_subgraph", "put_parent_contexts"):
        setattr(Losing, name, losing(name))
    monkeypatch.setattr(client.metadata_store, "MetadataStore", Losing)
    found = plain(n=7).run()
    assert found.steps["given"].output.load() == 7
    assert list(Repository().get_run(found.name).steps) == ["given"]
    assert "put_execution" in calls
    assert plain(n=7).run().steps["given"].status == "cached"


@step
def given(n: int) -> int:
    return n


@pipeline
def plain(n: int):
    given(n)
