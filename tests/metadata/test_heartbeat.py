"""The heartbeat of an active run."""

from __future__ import annotations

import threading

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

from tests.clock import FakeClock
from zencache.metadata import schema
from zencache.metadata.heartbeat import Heartbeat


class RecordingClient:
    """Stands for a store's client: it keeps the times that are written."""

    def __init__(self):
        self.times = []
        self.error = None
        self.was_called = threading.Event()

    def put_contexts(self, contexts):
        self.was_called.set()
        if self.error is not None:
            raise self.error
        self.times.append([context.custom_properties[schema.BEAT].int_value for context in contexts])


@pytest.fixture
def client():
    return RecordingClient()


@pytest.fixture
def clock():
    return FakeClock(now=1000.0)


@pytest.fixture
def heartbeat(client, clock):
    made = Heartbeat(client, "store", 60, clock)
    yield made
    made.stop_all()


def test_it_writes_the_time_each_interval(heartbeat, client, clock):
    """Other processes see that the run is alive."""
    heartbeat.start(pb.Context(id=1))
    for _ in range(4):
        clock.move(30)
        heartbeat.beat()
    assert client.times == [[1060], [1120]]
    assert heartbeat.is_beating(1)


def test_it_writes_nothing_after_it_was_stopped(heartbeat, client, clock):
    """Another writer of the context is not in its way."""
    heartbeat.start(pb.Context(id=1))
    heartbeat.stop(1)
    clock.move(1000)
    heartbeat.beat()
    assert client.times == []
    assert not heartbeat.is_beating(1)


def test_each_context_has_its_own_interval(heartbeat, client, clock):
    """A run that starts later is written later."""
    heartbeat.start(pb.Context(id=1))
    clock.move(30)
    heartbeat.start(pb.Context(id=2))
    for _ in range(2):
        clock.move(30)
        heartbeat.beat()
    assert client.times == [[1060], [1090]]


def test_it_goes_on_after_an_error(heartbeat, client, clock):
    """The store may be away for a while."""
    heartbeat.start(pb.Context(id=1))
    client.error = OSError("away")
    clock.move(60)
    heartbeat.beat()
    client.error = None
    clock.move(60)
    heartbeat.beat()
    assert client.times == [[1120]]


def test_a_thread_writes_it(client):
    """Nobody has to call `beat`."""
    heartbeat = Heartbeat(client, "store", 0.01)
    heartbeat.start(pb.Context(id=1))
    assert client.was_called.wait(timeout=10)
    heartbeat.stop_all()
