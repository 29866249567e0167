"""Leases: one holds a key, the others wait, and a dead one holds nothing."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from tests.clock import FakeClock
from zencache.config import create_project
from zencache.errors import StoreUnavailableError
from zencache.metadata import leases as leases_module
from zencache.metadata.client import pb, set_properties
from zencache.metadata.leases import EXPIRY, FileLeases, Holder, Lease, RecordedLeases, Taken, hold_lease
from zencache.metadata.schema import LEASE_CONTEXT
from zencache.metadata.store import MetadataStore
from zencache.model.database import Database
from zencache.util.process_id import this_process

KEY = "ab" * 32
HOLD = """
import sys, time
from pathlib import Path
from zencache.util.process_id import this_process
from zencache.metadata.leases import *
from zencache.config import open_project
from zencache.metadata.store import MetadataStore
folder = Path(sys.argv[1])
if sys.argv[2] == "file":
    leases = FileLeases(folder / "leases")
else:
    leases = RecordedLeases(MetadataStore(open_project(folder)))
assert isinstance(leases.take("ab" * 32, Holder("other-run", this_process())), Lease)
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def recorded(folder, clock):
    metadata = MetadataStore(create_project(folder))
    yield RecordedLeases(metadata, clock)
    metadata.heartbeat.stop_all()  # of leases that a test has not released


@pytest.fixture(params=["file", "records"])
def kind(request):
    return request.param


@pytest.fixture
def leases(kind, folder):
    project = create_project(folder)
    if kind == "file":
        yield FileLeases(folder / "leases")
        return
    metadata = MetadataStore(project)
    yield RecordedLeases(metadata)
    metadata.heartbeat.stop_all()  # of leases that a test has not released


def me(run="mine"):
    return Holder(run, this_process())


def test_only_one_holds_a_key(leases):
    """Another is told who does."""
    lease = leases.take(KEY, me())
    assert leases.take(KEY, me("second")) == Taken(me())
    assert isinstance(leases.take("cd" * 32, me("second")), Lease)
    lease.release()
    assert isinstance(leases.take(KEY, me("second")), Lease)


@pytest.mark.parametrize("owner", [None, "", "[", "7", '["mine"]', '["mine", "{}"]'])
def test_a_lease_that_names_nobody_expires_without_a_heartbeat(recorded, clock, owner):
    """Others wait for it as for a holder of another machine, as long as it may live."""
    metadata = recorded._metadata
    context = pb.Context(type_id=metadata.contexts.types[LEASE_CONTEXT], name=f"{KEY}:1")
    set_properties(context.custom_properties, {"zencache_owner": owner})
    metadata.client.put_contexts([context])
    assert recorded.take(KEY, me()) == Taken(None)
    clock.move(EXPIRY)
    assert isinstance(recorded.take(KEY, me()), Lease)


@pytest.mark.parametrize("text", ["", "[", "7", '["mine"]', '["mine", "{}"]'])
def test_a_lease_whose_file_names_nobody_is_held_all_the_same(folder, text):
    """Its holder may be writing its name just now."""
    leases = FileLeases(folder / "leases")
    lease = leases.take(KEY, me())
    (folder / "leases" / KEY).write_text(text)
    assert leases.take(KEY, me("second")) == Taken(None)
    lease.release()


class ReleasingClock(FakeClock):
    """Releases a lease while others sleep for the third time."""

    def __init__(self, lease):
        super().__init__()
        self.lease = lease

    def sleep(self, seconds):
        super().sleep(seconds)
        if len(self.sleeps) == 3:
            self.lease.release()


def test_a_waiting_run_goes_on_when_the_lease_is_released(leases):
    """It is told once for whom it waits, and waits a little longer each time."""
    clock, told = ReleasingClock(leases.take(KEY, me())), []
    with hold_lease(
        leases, KEY, "second", on_wait=told.append, is_cancelled=lambda: False, clock=clock
    ) as is_mine:
        assert is_mine
        assert leases.take(KEY, me("third")) == Taken(me("second"))
    assert told == [str(me())]
    assert clock.sleeps == pytest.approx([0.05, 0.1, 0.15])


def test_a_waiting_run_stops_when_it_is_cancelled(leases):
    """An interrupted run waits for nobody."""
    leases.take(KEY, me())
    with hold_lease(leases, KEY, "second", on_wait=lambda _: None, is_cancelled=lambda: True) as is_mine:
        assert not is_mine


def test_one_among_many_threads_holds_it_at_a_time(leases):
    """All get their turn."""
    inside, most, done = [], [], []
    impatient = SimpleNamespace(sleep=lambda _: time.sleep(0.001))

    def work(n):
        with hold_lease(
            leases, KEY, f"run-{n}", on_wait=lambda _: None, is_cancelled=lambda: False, clock=impatient
        ):
            inside.append(n)
            most.append(len(inside))
            os.sched_yield()
            inside.remove(n)
            done.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(8))
    assert max(most) == 1


def test_a_killed_owner_frees_its_lease(leases, kind, folder):
    """Nobody waits for a dead process."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder), kind], stdout=-1, text=True) as process:
        assert process.stdout.readline() == "held\n"
        assert leases.take(KEY, me()).by.run == "other-run"
        process.send_signal(signal.SIGKILL)
    assert isinstance(leases.take(KEY, me()), Lease)


def test_a_forked_child_does_not_hold_its_parents_lease(folder):
    """A step may fork processes that outlive it."""
    leases = FileLeases(folder / "leases")
    lease = leases.take(KEY, me())
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.read(reading, 1)
        os._exit(0)
    lease.release()
    assert isinstance(leases.take(KEY, me("second")), Lease)
    os.write(writing, b"x")
    os.waitpid(child, 0)


def test_a_lease_of_another_machine_expires_without_a_heartbeat(recorded, clock):
    """By the clock of this machine: those of two machines may differ."""
    elsewhere = Holder("far", dataclasses.replace(this_process(), machine="other"))
    recorded.take(KEY, elsewhere)
    assert recorded.take(KEY, me()) == Taken(elsewhere)
    clock.move(EXPIRY - 1)
    assert recorded.take(KEY, me()) == Taken(elsewhere)
    clock.move(2)
    assert isinstance(recorded.take(KEY, me()), Lease)


def test_a_database_that_is_a_file_has_its_leases_beside_it(folder):
    """Whoever shares the file shares the leases."""
    project = create_project(folder)
    assert project.leases == project.folder / "leases"
    assert project.on(Database.at(folder / "tfx.db")).leases == folder / "tfx.db.leases"


def test_a_lease_whose_answer_was_lost_is_held(recorded, monkeypatch):
    """A server took it and went away before it said so: nobody waits for himself."""
    client = recorded._metadata.client
    real = client._call

    def lost(name, args, kwargs):
        found = real(name, args, kwargs)
        if name == "put_contexts":
            real(name, args, kwargs)  # as a client does that got no answer
        return found

    assert recorded._metadata.contexts.types
    monkeypatch.setattr(client, "_call", lost)
    assert isinstance(recorded.take(KEY, me()), Lease)


def test_a_lease_that_could_not_be_given_back_is_once_the_server_is_there_again(recorded, monkeypatch):
    """The process may live for days: a notebook, say."""
    lease = recorded.take(KEY, me())
    client = recorded._metadata.client
    with monkeypatch.context() as patch:
        patch.setattr(client, "_call", unavailable)
        with pytest.raises(StoreUnavailableError):
            lease.release()
    assert recorded.take(KEY, me("second")) == Taken(me())
    recorded._metadata.heartbeat._write(list(recorded._metadata.heartbeat._contexts))
    assert isinstance(recorded.take(KEY, me("second")), Lease)


def unavailable(*_):
    raise StoreUnavailableError("it is away")


def test_dead_owners_of_long_ago_are_not_watched(recorded, monkeypatch):
    """Only the newest lease of a key says anything, and it is found in a few look-ups."""
    for number in range(1, 40):
        elsewhere = Holder("far", dataclasses.replace(this_process(), machine="other"))
        recorded._create(f"{KEY}:{number}", elsewhere)
    recorded._create(f"{KEY}:40", me()).release()
    looked = []
    real = recorded._metadata.contexts.find
    monkeypatch.setattr(
        recorded._metadata.contexts, "find", lambda kind, name: looked.append(name) or real(kind, name)
    )
    assert isinstance(recorded.take(KEY, me()), Lease)
    assert len(looked) < 20


def test_a_full_disk_leaves_no_lease_behind(folder, monkeypatch):
    """Nobody in this process waits for what it could not write."""
    leases = FileLeases(folder / "leases")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(leases_module.os, "write", full)
        lease = leases.take(KEY, me())
    lease.release()
    assert isinstance(leases.take(KEY, me("second")), Lease)
