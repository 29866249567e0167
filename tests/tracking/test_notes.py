"""What cannot be followed is said, once, and never of a step that did not do it."""

# ruff: noqa: NPY002 - the global generator is what is looked at

from __future__ import annotations

import dataclasses
import os
import random
import runpy
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from zencache.tracking.audit_events import disown
from zencache.tracking.file_digests import FileDigests
from zencache.tracking.observed_inputs import Seen, changed
from zencache.tracking.tracker import watching

USES = frozenset({"random.random", "numpy.random.rand"})


def watch(root, is_project=lambda name: name == __file__, uses=USES):
    digests = FileDigests(None)
    return watching("train", root=root, ignore=[], digests=digests, is_project=is_project, uses=uses)


def seen_of(root, work, **options):
    with watch(root, **options) as watched:
        work()
    return watched.seen()


@pytest.mark.parametrize(
    "read",
    [
        lambda: os.environ["RATE"],
        lambda: os.getenv("RATE"),
        lambda: os.environ.get("RATE"),
        lambda: "RATE" in os.environ,
        lambda: os.environ.setdefault("RATE", "2"),
    ],
    ids=["[]", "getenv", "get", "in", "setdefault"],
)
def test_a_variable_that_the_project_reads_is_seen(folder, monkeypatch, read):
    monkeypatch.setenv("RATE", "1")
    seen = seen_of(folder, read)
    assert ([*seen.environment], len(seen.notes)) == (["RATE"], 1)
    assert "CachePolicy(env=['RATE'])" in seen.notes[0]
    assert changed(seen, folder, FileDigests(None)) == []
    monkeypatch.setenv("RATE", "2")
    assert changed(seen, folder, FileDigests(None)) == ["environment variable RATE changed"]


def test_a_variable_that_is_not_set_is_seen(folder, monkeypatch):
    monkeypatch.delenv("RATE", raising=False)
    seen = seen_of(folder, lambda: os.getenv("RATE"))
    assert seen.environment == {"RATE": ""}
    monkeypatch.setenv("RATE", "")
    assert changed(seen, folder, FileDigests(None)) == ["environment variable RATE changed"]


def test_a_value_is_not_kept(folder, monkeypatch):
    """It may be a secret."""
    monkeypatch.setenv("TOKEN", "very-secret")
    assert "very-secret" not in seen_of(folder, lambda: os.environ["TOKEN"]).to_json()


def test_a_variable_that_a_library_reads_is_not_seen(folder):
    library = folder / "library.py"
    library.write_text("import os\nos.environ.get('ITS_' 'OWN')\nos.getenv('ITS_' 'OWN')\n")
    assert seen_of(folder, lambda: runpy.run_path(str(library))).environment == {}


def test_a_variable_that_the_step_sets_is_not_seen(folder, monkeypatch):
    monkeypatch.delenv("RATE", raising=False)

    def work():
        os.environ["RATE"] = "1"
        assert os.environ["RATE"] == "1"
        del os.environ["RATE"]

    assert dataclasses.replace(seen_of(folder, work), facts={}) == Seen()


@pytest.mark.parametrize("read", [lambda: {**os.environ}, os.environ.copy, lambda: list(os.environ.items())])
def test_all_variables_are_one_note(folder, read):
    """Two shells are never alike: each variable by itself would mean that nothing is reused."""
    seen = seen_of(folder, lambda: read())
    assert ([*seen.environment], len(seen.notes)) == (["*"], 1)
    assert "all environment variables" in seen.notes[0]


def test_another_process_is_one_note(folder):
    def work():
        subprocess.run(["true"], check=True)
        os.system("true")

    (note,) = seen_of(folder, work).notes
    assert "another process (true, …" in note or "another process (true)" in note


@pytest.mark.parametrize(("is_ours", "count"), [(True, 0), (False, 1)])
def test_a_thread_that_works_for_zencache_is_no_note(folder, is_ours, count):
    """A thread that was there before may work for any step; one that ends worker processes works for none."""
    begin = threading.Event()
    thread = threading.Thread(target=lambda: (begin.wait(), subprocess.run(["true"], check=True)))
    thread.start()
    if is_ours:
        disown(thread)

    def work():
        begin.set()
        thread.join()

    assert len(seen_of(folder, work).notes) == count


def test_what_asks_for_the_machine_is_no_note(folder):
    import ctypes.util
    import platform

    assert seen_of(folder, lambda: [platform.processor(), ctypes.util.find_library("c")]).notes == ()


def test_the_network_is_one_note_that_names_the_host(folder):
    def work():
        for _ in range(2):
            with pytest.raises(urllib.error.URLError):
                urllib.request.urlopen("http://localhost:1/data.csv", timeout=1)

    (note,) = seen_of(folder, work).notes
    assert "network (localhost)" in note
    assert "expires_after" in note


def test_a_socket_of_this_machine_is_no_note(folder):
    def work():
        with socket.socket(socket.AF_UNIX) as unix, pytest.raises(OSError):
            unix.connect("nobody")
        Path("x").write_text("x")
        urllib.request.urlopen(Path("x").resolve().as_uri()).close()

    seen = seen_of(folder, work)
    assert (seen.notes, seen.remarks) == ((), ())


DRAWS = {
    "random": random.random,
    "numpy": np.random.rand,
    "many": lambda: np.random.rand(1000, 100),
    "many of random": lambda: [random.random() for _ in range(5000)],
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_draw_without_a_seed_is_noted(folder, draw):
    (note,) = seen_of(folder, draw).notes
    assert "without seeding it" in note


def test_a_draw_by_a_library_is_only_a_remark(folder):
    """It often does not bear on the result: a support-vector machine draws a seed that it does not use."""
    seen = seen_of(folder, np.random.rand, uses=frozenset({"sklearn.svm.SVC"}))
    assert (seen.notes, len(seen.remarks)) == ((), 1)


@pytest.mark.parametrize(
    "work",
    [
        lambda: [random.seed(1), random.random()],
        lambda: [np.random.seed(1), np.random.rand(3)],
        lambda: [np.random.default_rng(1).random(), random.Random(1).random()],
        lambda: [random.setstate(random.getstate()), random.random()],
        lambda: [random.Random.seed(random._inst, 5), random.random()],
        lambda: None,
    ],
    ids=["random", "numpy", "own", "a state put back", "by a way that is not seen", "nothing"],
)
def test_a_seeded_draw_is_not_noted(folder, work):
    random.seed(1)
    np.random.seed(1)
    seen = seen_of(folder, work)
    assert (seen.notes, seen.remarks) == ((), ())


def test_the_watch_draws_nothing(folder):
    """A step gets the numbers that it would get without."""
    random.seed(7)
    np.random.seed(7)
    expected = (random.random(), np.random.rand())
    random.seed(7)
    np.random.seed(7)
    found = []
    seen_of(folder, lambda: found.append((random.random(), np.random.rand())))
    seen_of(folder, lambda: None)
    assert found == [expected]


def test_steps_at_once_are_not_blamed_for_a_draw(folder):
    """The generator is the process's: who drew cannot be told."""
    meet, found = threading.Barrier(2), []

    def step(draws):
        with watch(folder) as watched:
            meet.wait()
            if draws:
                random.random()
            meet.wait()
        found.append(watched.seen().notes)

    threads = [threading.Thread(target=step, args=[draws]) for draws in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(), ()]
