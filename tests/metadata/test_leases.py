"""Leases: one holds a key, the others wait, and a dead one holds nothing."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from zencache.config import create_project
from zencache.errors import StoreUnavailableError
from zencache.metadata import leases as leases_module
from zencache.metadata.client import pb, set_properties
from zencache.metadata.leases import FileLeases, Holder, RecordedLeases, held
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
assert callable(leases.take("ab" * 32, Holder("other-run", this_process())))
print("held", flush=True)
time.sleep(60)
"""


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
    for context in list(metadata.heart._contexts):  # a lease that a test has not given back
        metadata.heart.leave(context)


def me(run="mine"):
    return Holder(run, this_process())


def test_only_one_holds_a_key(leases):
    """Another is told who does."""
    give_back = leases.take(KEY, me())
    assert leases.take(KEY, me("second")) == me()
    assert callable(leases.take("cd" * 32, me("second")))
    give_back()
    assert callable(leases.take(KEY, me("second")))


@pytest.mark.parametrize("owner", [None, "", "[", "7", '["mine"]', '["mine", "{}"]'])
def test_a_lease_that_names_nobody_is_passed_over_when_it_has_been_silent(folder, monkeypatch, owner):
    """It is waited for as for a holder of another machine, as long as it may live."""
    leases = RecordedLeases(MetadataStore(create_project(folder)))
    metadata = leases._metadata
    context = pb.Context(type_id=metadata.context_types[LEASE_CONTEXT], name=f"{KEY}:1")
    set_properties(context.custom_properties, {"zencache_owner": owner})
    metadata.client.put_contexts([context])
    assert leases.take(KEY, me()) is None
    monkeypatch.setattr(leases_module, "SILENCE", 0.0)
    give_back = leases.take(KEY, me())
    assert callable(give_back)
    give_back()


@pytest.mark.parametrize("text", ["", "[", "7", '["mine"]', '["mine", "{}"]'])
def test_a_lease_whose_file_names_nobody_is_held_all_the_same(folder, text):
    """Its holder may be writing its name just now."""
    leases = FileLeases(folder / "leases")
    give_back = leases.take(KEY, me())
    (folder / "leases" / KEY).write_text(text)
    assert leases.take(KEY, me("second")) is None
    give_back()


def test_who_waits_goes_on_when_the_lease_is_given_back(leases):
    """It is told once for whom it waits."""
    give_back = leases.take(KEY, me())
    threading.Timer(0.5, give_back).start()
    told = []
    with held(leases, KEY, "second", waiting=told.append, is_over=lambda: False) as is_mine:
        assert is_mine
        assert leases.take(KEY, me("third")) == me("second")
    assert told == [str(me())]


def test_who_waits_stops_when_its_run_is_over(leases):
    """An interrupted run waits for nobody."""
    leases.take(KEY, me())
    with held(leases, KEY, "second", waiting=lambda _: None, is_over=lambda: True) as is_mine:
        assert not is_mine


def test_one_among_many_threads_holds_it_at_a_time(leases):
    """All get their turn."""
    inside, most, done = [], [], []

    def work(n):
        with held(leases, KEY, f"run-{n}", waiting=lambda _: None, is_over=lambda: False):
            inside.append(n)
            most.append(len(inside))
            time.sleep(0.01)
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
        assert leases.take(KEY, me()).run == "other-run"
        process.send_signal(signal.SIGKILL)
    assert callable(leases.take(KEY, me()))


def test_a_forked_child_does_not_hold_its_parents_lease(folder):
    """A step may fork processes that outlive it."""
    leases = FileLeases(folder / "leases")
    give_back = leases.take(KEY, me())
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.read(reading, 1)
        os._exit(0)
    give_back()
    assert callable(leases.take(KEY, me("second")))
    os.write(writing, b"x")
    os.waitpid(child, 0)


def test_an_owner_elsewhere_is_dead_when_its_beat_stands_still(folder, monkeypatch):
    """By the clock of whoever watches: those of two machines may differ."""
    leases = RecordedLeases(MetadataStore(create_project(folder)))
    elsewhere = Holder("far", dataclasses.replace(this_process(), machine="other"))
    leases.take(KEY, elsewhere)
    now = [100.0]
    monkeypatch.setattr(leases_module.time, "monotonic", lambda: now[0])
    assert leases.take(KEY, me()) == elsewhere
    now[0] += 9
    assert leases.take(KEY, me()) == elsewhere
    now[0] += 2
    assert callable(leases.take(KEY, me()))


def test_a_database_that_is_a_file_has_its_leases_beside_it(folder):
    """Whoever shares the file shares the leases."""
    project = create_project(folder)
    assert project.leases == project.folder / "leases"
    assert project.on(Database.at(folder / "tfx.db")).leases == folder / "tfx.db.leases"


@pytest.fixture
def recorded(folder):
    return RecordedLeases(MetadataStore(create_project(folder)))


def test_a_lease_whose_answer_was_lost_is_held(recorded, monkeypatch):
    """A server took it and went away before it said so: nobody waits for himself."""
    client = recorded._metadata.client
    real = client._answer

    def lost(name, args, kwargs):
        found = real(name, args, kwargs)
        if name == "put_contexts":
            real(name, args, kwargs)  # as a client does that got no answer
        return found

    assert recorded._metadata.context_types
    monkeypatch.setattr(client, "_answer", lost)
    assert callable(recorded.take(KEY, me()))


def test_a_lease_that_could_not_be_given_back_is_once_the_server_is_there_again(recorded, monkeypatch):
    """The process may live for days: a notebook, say."""
    give_back = recorded.take(KEY, me())
    client = recorded._metadata.client
    with monkeypatch.context() as patch:
        patch.setattr(client, "_answer", unavailable)
        with pytest.raises(StoreUnavailableError):
            give_back()
    assert recorded.take(KEY, me("second")) == me()
    recorded._metadata.heart._beat(list(recorded._metadata.heart._contexts))
    assert callable(recorded.take(KEY, me("second")))


def unavailable(*_):
    raise StoreUnavailableError("it is away")


def test_dead_owners_of_long_ago_are_not_watched(recorded, monkeypatch):
    """Only the newest lease of a key says anything, and it is found in a few look-ups."""
    for number in range(1, 40):
        elsewhere = Holder("far", dataclasses.replace(this_process(), machine="other"))
        recorded._taken(f"{KEY}:{number}", elsewhere)
    recorded._taken(f"{KEY}:40", me())()
    looked = []
    real = recorded._metadata.context
    monkeypatch.setattr(
        recorded._metadata, "context", lambda kind, name: looked.append(name) or real(kind, name)
    )
    assert callable(recorded.take(KEY, me()))
    assert len(looked) < 20


def test_a_full_disk_leaves_no_lease_behind(folder, monkeypatch):
    """Nobody in this process waits for what it could not write."""
    leases = FileLeases(folder / "leases")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(leases_module.os, "write", full)
        give_back = leases.take(KEY, me())
    give_back()
    assert callable(leases.take(KEY, me("second")))
