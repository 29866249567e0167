"""The sign of life that a process gives."""

from __future__ import annotations

import time

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

from zencache.metadata.heartbeat import Heart
from zencache.metadata.schema import BEAT


class Records:
    """Stands for a store's client: it notes what is written."""

    def __init__(self):
        self.beats = []

    def put_contexts(self, contexts):
        self.beats.append([context.custom_properties[BEAT].int_value for context in contexts])


@pytest.fixture
def records():
    return Records()


def test_it_beats_until_it_is_told_to_leave(records):
    """Whoever watches sees it; when `leave` returns, nothing is written any more."""
    heart = Heart(records, "store", 0.02)
    heart.beat_in(pb.Context(id=1))
    while len(records.beats) < 2:
        time.sleep(0.01)
    assert heart.beats_in(1)
    heart.leave(1)
    told = len(records.beats)
    time.sleep(0.1)
    assert len(records.beats) == told
    assert not heart.beats_in(1)


def test_a_short_run_gives_none(records):
    """What ends before the first beat is due writes nothing."""
    heart = Heart(records, "store", 60)
    heart.beat_in(pb.Context(id=1))
    heart.leave(1)
    assert records.beats == []


def test_a_heart_goes_on_when_a_beat_fails(records):
    """The store may be away for a while."""
    heart = Heart(records, "store", 0.02)
    real, failed = records.put_contexts, []

    def failing(contexts):
        if not failed:
            failed.append(contexts)
            raise OSError("away")
        real(contexts)

    records.put_contexts = failing
    heart.beat_in(pb.Context(id=1))
    while not records.beats:
        time.sleep(0.01)
    heart.leave(1)
    assert failed
