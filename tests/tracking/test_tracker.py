"""What a step reads is seen, by itself and by nobody else; and a change of it is told."""

# ruff: noqa: PTH103, PTH105, PTH107, PTH109, PTH110, PTH123, PTH208, PTH211 - a file is opened in all the ways that there are

from __future__ import annotations

import _thread
import dataclasses
import itertools
import os
import pickle
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from zencache.artifacts import object_store, staging
from zencache.tracking import audit_events, environment_reads, path_queries, tracker
from zencache.tracking.audit_events import between_steps, unwatched
from zencache.tracking.file_digests import FileDigests
from zencache.tracking.file_reads import Places
from zencache.tracking.observed_inputs import Seen, changed
from zencache.tracking.tracker import watching

pytestmark = pytest.mark.file_times
LONG_AGO = 1_000_000_000


@pytest.fixture
def project(folder, monkeypatch):
    """A project with two old files, below the temporary folder as all of a test's files."""
    for name in ("a.txt", "data/b.txt"):
        old(folder / name)
    return folder


def old(path, content="content"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    settle()
    return path


def settle():
    """Wait some ticks of the clock that stamps files: what was written is older than what begins now."""
    time.sleep(0.02)


def watch(root, step="train", is_project=lambda name: name == __file__):
    return watching(
        step, root=root, ignore=[Path(".zencache")], digests=FileDigests(None), is_project=is_project
    )


def seen_of(root, work):
    with watch(root) as watched:
        work()
    return watched.seen()


def inputs_of(seen):
    """What was seen without what was written."""
    return dataclasses.replace(seen, writes={}, modified=(), relative={}, remarks=())


@pytest.mark.parametrize(
    "read",
    [
        lambda path: path.read_text(),
        lambda path: open(str(path), "rb").close(),
        lambda path: open(os.fsencode(path)).close(),
        lambda path: os.close(os.open(path, os.O_RDONLY)),
        lambda path: os.fdopen(os.open(path, os.O_RDONLY)).close(),
        lambda path: open(os.path.relpath(path)).close(),
        lambda path: open(path, "r+").close(),
    ],
    ids=["Path", "text", "bytes", "os.open", "descriptor", "relative", "for both"],
)
def test_a_file_that_is_read_is_seen(project, read):
    """However it is named and opened."""
    seen = seen_of(project, lambda: read(project / "data" / "b.txt"))
    assert seen.files == {"data/b.txt": FileDigests(None).digest(project / "data" / "b.txt")}
    assert dataclasses.replace(seen, files={}, relative={}, facts={}) == Seen()


def test_nothing_is_seen_before_and_after(project):
    Path("a.txt").read_text()
    with watch(project) as watched:
        pass
    Path("a.txt").read_text()
    assert watched.seen() == Seen()


def test_a_file_outside_the_project_is_named_in_full(project, folder):
    seen = seen_of(project / "data", Path("a.txt").read_text)
    assert [*seen.files] == [str(folder / "a.txt")]


def test_a_written_file_is_no_input(project):
    def work():
        Path("out.txt").write_text("new")
        Path("out.txt").read_text()
        with open("log.txt", "a") as log:
            log.write("line")

    assert inputs_of(seen_of(project, work)) == Seen()


def test_a_file_written_by_rename_is_no_input(project):
    def work():
        Path("out.partial").write_text("new")
        os.replace("out.partial", "out.txt")
        Path("out.txt").read_text()

    assert inputs_of(seen_of(project, work)) == Seen()


@pytest.mark.parametrize(
    "write",
    [
        lambda: Path("a.txt").write_text("2"),
        lambda: os.remove("a.txt"),
        lambda: os.replace("data/b.txt", "a.txt"),
        lambda: subprocess.run(["sh", "-c", "echo 2 > a.txt"], check=True),
    ],
    ids=["written", "removed", "replaced", "by another process"],
)
def test_a_file_that_changes_after_it_was_read_is_unstable(project, write):
    def work():
        Path("a.txt").read_text()
        settle()
        write()

    seen = seen_of(project, work)
    assert (seen.files, seen.unstable) == ({}, ("a.txt",))
    assert changed(seen, project, FileDigests(None)) == ["a.txt changed while it was read"]


def test_a_file_that_is_not_there_is_waited_for(project):
    def work():
        with pytest.raises(FileNotFoundError):
            Path("settings.json").read_text()

    seen = seen_of(project, work)
    assert changed(seen, project, FileDigests(None)) == []
    (project / "settings.json").write_text("{}")
    assert changed(seen, project, FileDigests(None)) == ["settings.json, which it looked for, is there now"]


def test_an_empty_lock_file_is_no_input(project):
    assert seen_of(project, lambda: open("lock", "a+").close()) == Seen()


def test_the_store_and_python_itself_are_no_inputs(project):
    old(project / ".zencache" / "metadata.db")

    def work():
        (project / ".zencache" / "metadata.db").read_text()
        Path(pickle.__file__).read_text()
        Path(pytest.__file__).read_text()
        Path("/proc/self/status").read_text()
        Path("/etc/hostname").read_text()

    assert seen_of(project, work) == Seen()


def test_of_two_folders_the_inner_one_decides(project):
    """A project in Python's own folder counts, an environment in a project does not."""
    rules = Places.of(Path(sys.prefix) / "app", [Path("store")], [])
    found = [
        rules.rule(f"{sys.prefix}/{name}") for name in ("a", "app/a", "app/store/a", "app/site-packages/a")
    ]
    assert found == ["no", "yes", "no", "no"]
    assert rules.rule("/elsewhere/a") == "found"


def test_a_temporary_file_counts_only_if_it_is_older_than_the_step(project, monkeypatch):
    """Here the project is not in the temporary folder."""
    elsewhere = old(Path(tempfile.mkdtemp()) / "old.txt")

    def work():
        elsewhere.read_text()
        settle()
        new = subprocess.check_output(["mktemp"], text=True).strip()
        subprocess.run(["sh", "-c", f"echo 1 > {new}"], check=True)
        Path(new).read_text()

    seen = seen_of(project, work)
    assert ([*seen.files], seen.unstable) == ([str(elsewhere)], ())


def test_a_path_is_relative_to_the_working_folder_of_its_time(project):
    def work():
        os.chdir("data")
        Path("b.txt").read_text()
        os.chdir("..")
        Path("a.txt").read_text()

    assert [*seen_of(project, work).files] == ["a.txt", "data/b.txt"]


def test_a_thread_that_the_step_starts_reads_for_it(project):
    def work():
        thread = threading.Thread(target=Path("a.txt").read_text)
        thread.start()
        thread.join()

    assert [*seen_of(project, work).files] == ["a.txt"]


def test_a_thread_from_before_may_read_for_the_step(project):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        seen = seen_of(project, lambda: pool.submit(Path("a.txt").read_text).result())
    assert [*seen.files] == ["a.txt"]


def test_a_thread_without_a_thread_object_reads_for_the_step(project, monkeypatch):
    """Threads that C or `_thread` starts have none."""
    monkeypatch.setenv("FOO", "1")
    done = threading.Event()

    def read():
        os.listdir("data")
        os.environ.get("FOO")
        os.path.exists("nowhere")
        done.set()

    seen = seen_of(project, lambda: (_thread.start_new_thread(read, ()), done.wait(9)))
    assert set(seen.folders) == {"data"}
    assert set(seen.environment) == {"FOO"}
    assert seen.facts["paths"] == {"./nowhere": "absent"}


def test_steps_in_two_threads_see_their_own(project):
    """Also what is read by threads that they start."""
    meet = threading.Barrier(2)

    def step(own, by_thread):
        with watch(project) as watched:
            meet.wait()
            Path(own).read_text()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(Path(by_thread).read_text).result()
            meet.wait()
        return watched.seen()

    for name in ("1", "2", "3", "4"):
        old(project / name)
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(step, "1", "2"), pool.submit(step, "3", "4")
    assert ([*one.result().files], [*two.result().files]) == (["1", "2"], ["3", "4"])


def test_a_thread_that_runs_steps_of_its_own_reads_for_no_other_step(project):
    """A run's worker takes locks and reads records while a step runs in another worker; its own step is
    watched."""

    def worker():
        with between_steps():
            Path("data/b.txt").read_text()
            os.listdir("data")
            return seen_of(project, Path("c.txt").read_text)

    old(project / "c.txt")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        seen_by_worker = []

        def work():
            seen_by_worker.append(pool.submit(worker).result())
            Path("a.txt").read_text()

        seen = seen_of(project, work)
    assert ([*seen.files], [*seen.folders]) == (["a.txt"], [])
    assert [*seen_by_worker[0].files] == ["c.txt"]


def test_threads_of_a_store_read_for_no_step(project, monkeypatch):
    """A worker stores what its step gave: large files are flushed, and remote ones sent, by threads beside
    it."""
    monkeypatch.setattr(staging, "BIG", 0)

    def worker():
        with between_steps():
            staging._flush_and_digest(project / "data", {}, durable=True)
            object_store.in_parallel(Path.read_text, [project / "a.txt", project / "data" / "b.txt"])

    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        seen = seen_of(project, lambda: pool.submit(worker).result())
    assert seen == Seen()


def test_a_watch_within_a_watch_belongs_to_both(project):
    def work():
        assert [*seen_of(project, Path("a.txt").read_text).files] == ["a.txt"]
        Path("data/b.txt").read_text()

    assert [*seen_of(project, work).files] == ["a.txt", "data/b.txt"]


def test_the_outer_watch_loses_nothing_to_the_inner_one(project):
    """It keeps what asked for more, and gets all that the inner one noted."""

    def inner():
        os.listdir("data")
        dict(os.environ)
        os.getcwd()
        random.seed(1)

    def work():
        [entry.stat().st_size for entry in os.scandir("data")]
        seen_of(project, inner)

    with watch(project) as watched:
        work()
    seen = watched.seen()
    assert seen.folders["data"].startswith("3 sizes:")
    assert "*" in seen.environment
    assert seen.facts["state"]["working folder"] == "."
    assert watched.recorder.seeded == {"random"}


def test_what_the_outer_step_assigned_is_no_input_of_it_by_the_inner_one(project, monkeypatch):
    monkeypatch.setenv("OWN", "0")
    monkeypatch.setenv("FIRST", "0")

    def work():
        assert os.environ.get("FIRST") == "0"
        os.environ |= {"OWN": "1", "FIRST": "1"}
        seen_of(project, lambda: (os.environ.get("OWN"), os.environ.get("FIRST")))

    with watch(project) as watched:
        work()
    assert watched.recorder.environment == {"FIRST": "0"}


def test_what_zencache_reads_itself_is_not_seen(project):
    def work():
        with unwatched():
            Path("a.txt").read_text()
        FileDigests(None).digest(Path("a.txt"))
        Path("data/b.txt").read_text()

    assert [*seen_of(project, work).files] == ["data/b.txt"]


@pytest.mark.parametrize(
    "list_it",
    [
        lambda: os.listdir("data"),
        lambda: list(os.scandir("data")),
        lambda: list(Path("data").iterdir()),
        lambda: list(os.walk("data")),
        lambda: (os.chdir("data"), os.listdir()),
    ],
    ids=["listdir", "scandir", "iterdir", "walk", "here"],
)
def test_a_folder_that_is_listed_is_seen(project, list_it):
    """A file more is a change."""
    seen = seen_of(project, list_it)
    os.chdir(project)
    assert ([*seen.folders], changed(seen, project, FileDigests(None))) == (["data"], [])
    old(project / "data" / "new.txt")
    assert changed(seen, project, FileDigests(None)) == ["the files in data/ are others"]


def test_a_link_to_itself_does_not_hide_a_folder(project):
    """What it leads to is of no kind."""
    os.symlink("loop", "data/loop")
    seen = seen_of(project, lambda: [entry.name for entry in os.scandir("data")])
    assert changed(seen, project, FileDigests(None)) == []
    old(project / "data" / "new.txt")
    assert changed(seen, project, FileDigests(None)) == ["the files in data/ are others"]


def test_a_folder_that_the_step_made_is_not_seen(project):
    def work():
        os.makedirs("out/deep", exist_ok=True)
        os.makedirs("data", exist_ok=True)
        os.listdir("out")
        os.listdir("data")

    assert [*seen_of(project, work).folders] == ["data"]


def test_a_module_is_no_file(project, monkeypatch):
    """What is imported is code, by its source file; where it was looked for is no folder that was read."""
    source = old(project / "helper_of_watch.py", "x = 1")
    monkeypatch.syspath_prepend(str(project))
    with watch(project, is_project=lambda name: name == str(source)) as watched:
        import helper_of_watch  # noqa: F401 - to be seen

        source.read_text()
    assert (watched.seen(), watched.modules) == (Seen(), frozenset({str(source)}))


def test_a_compiled_module_is_its_source(project, monkeypatch):
    source = old(project / "helper_compiled.py", "x = 1")
    monkeypatch.syspath_prepend(str(project))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    __import__("helper_compiled")
    del sys.modules["helper_compiled"]
    with watch(project, is_project=lambda name: name == str(source)) as watched:
        __import__("helper_compiled")
    assert (watched.seen(), watched.modules) == (Seen(), frozenset({str(source)}))


def test_a_source_file_that_is_not_imported_is_a_file(project):
    old(project / "corpus.py")
    assert [*seen_of(project, Path("corpus.py").read_text).files] == ["corpus.py"]


def database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (n)")
    connection.close()
    return old(path.with_name("other.txt"))


@pytest.mark.parametrize("name", ["data/t.db", "file:data/t.db?mode=ro"])
def test_a_database_is_a_file(project, name):
    def work():
        connection = sqlite3.connect(name, uri=True)
        assert connection.execute("select count(*) from t").fetchone() == (0,)
        connection.close()

    database(project / "data" / "t.db")
    assert [*seen_of(project, work).files] == ["data/t.db", "data/t.db-wal"]


def test_a_write_ahead_log_belongs_to_its_database(project):
    """What is written goes there first, and the database file stays as it is."""
    path = project / "data" / "t.db"
    database(path)
    seen = seen_of(project, lambda: sqlite3.connect(path).close())
    writer = sqlite3.connect(path)
    writer.execute("pragma journal_mode = wal")
    writer.execute("insert into t values (1)")
    writer.commit()
    assert "data/t.db-wal, which it looked for, is there now" in changed(seen, project, FileDigests(None))
    writer.close()


def test_a_changed_file_is_told(project):
    seen = seen_of(project, lambda: [Path("a.txt").read_text(), Path("data/b.txt").read_text()])
    assert changed(seen, project, FileDigests(None)) == []
    old(project / "a.txt", "other")
    (project / "data" / "b.txt").unlink()
    assert changed(seen, project, FileDigests(None)) == [
        "a.txt, which it read, changed",
        "data/b.txt, which it read, is gone",
    ]


def test_a_folder_that_is_gone_is_told(project):
    seen = seen_of(project, lambda: os.listdir("data"))
    (project / "data").rename(project / "elsewhere")
    assert changed(seen, project, FileDigests(None)) == ["the folder data/, which it listed, is gone"]


def test_a_repeated_reading_takes_no_memory(project):
    with watch(project) as watched:
        for _ in range(100):
            Path("a.txt").read_text()
    assert len(watched.recorder.segments[0][1]) == 1


def test_an_unchanged_file_is_not_read_for_a_look_up(project):
    """Its status tells."""
    digests = FileDigests(None)
    with watching("s", root=project, ignore=[], digests=digests, is_project=lambda _: True) as watched:
        Path("a.txt").read_text()
    assert changed(watched.seen(), project, digests) == []
    assert digests.reads == 1


def test_what_was_seen_survives_json(project):
    seen = seen_of(
        project, lambda: [Path("a.txt").read_text(), os.listdir("data"), os.environ.get("NO_SUCH")]
    )
    assert Seen.from_json(seen.to_json()) == seen
    assert [*seen.environment] == ["NO_SUCH"]


def test_an_exception_of_the_step_goes_on(project):
    with pytest.raises(ZeroDivisionError), watch(project):
        1 / 0
    assert audit_events._note_open is None


def test_nothing_stays_changed(project):
    """But for the hook, which then returns at once."""
    before = (type(os.environ), threading.Thread.start, [*sys.meta_path], __import__("random").seed)
    with watch(project):
        assert type(os.environ) is not before[0]
    assert (type(os.environ), threading.Thread.start, [*sys.meta_path], __import__("random").seed) == before
    assert (audit_events._note_open, audit_events._active, audit_events._unwatched) == (None, {}, set())


def test_a_module_that_a_pickle_names_is_seen(project, monkeypatch):
    """No import of the step's own code tells of it."""
    module = Path("named_by_a_pickle.py")
    module.write_text("class Model: pass")
    monkeypatch.syspath_prepend(str(project))
    __import__("named_by_a_pickle")
    with watch(project, is_project=lambda _: True) as watched:
        pickle.loads(b"cnamed_by_a_pickle\nModel\n.")
    assert watched.modules == {str(module.resolve())}


def state_of_process():
    """What a watched step changes in the process."""
    locks = [lock for lock in (tracker._changes._lock, audit_events._lock) if "unlocked" not in repr(lock)]
    return id(os.stat), id(os.getcwd), type(os.environ), [*sys.meta_path], audit_events.active(), locks


class Interruption:
    """Raises KeyboardInterrupt once, at the nth line that the tracker runs.

    A frame comes back to a line where a `with` block ends; Python itself raises nothing of others there.
    """

    def __init__(self, line):
        self.left = line
        self.lines = set()

    def __call__(self, frame, event, _):
        if frame.f_code.co_filename != tracker.__file__:
            return None
        if event == "line" and (frame, frame.f_lineno) not in self.lines:
            self.lines.add((frame, frame.f_lineno))
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


def test_an_interruption_at_any_moment_of_the_begin_leaves_nothing_changed(project, monkeypatch):
    """Whether a line of the tracker was about to run or not."""

    def install(changes, _):
        path_queries.install(changes._wrapping)
        environment_reads.install()

    monkeypatch.setattr(tracker._changes, "_install", install.__get__(tracker._changes))
    monkeypatch.setattr(tracker.Begun, "now", dict)  # reads all libraries, which takes long
    before = state_of_process()
    line, is_interrupted = 0, True
    while is_interrupted:
        line, is_interrupted = line + 1, False
        former = sys.gettrace()
        sys.settrace(Interruption(line))
        try:
            with watch(project):
                sys.settrace(former)
        except KeyboardInterrupt:
            is_interrupted = True
        finally:
            sys.settrace(former)
        assert (line, state_of_process()) == (line, before)
    assert line > 10


@pytest.mark.parametrize("parts", [["collect"], ["collect", "Watch.ended"], ["generators.State.now"]])
def test_an_interruption_of_what_is_done_at_the_end_leaves_nothing_changed(project, monkeypatch, parts):
    """Nor do two of them."""

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    before = state_of_process()
    work = [
        lambda part=part: monkeypatch.setattr(f"zencache.tracking.tracker.{part}", interrupt)
        for part in parts
    ]
    with pytest.raises(KeyboardInterrupt):
        seen_of(project, lambda: [each() for each in work])
    assert state_of_process() == before


def test_what_a_running_step_has_read_is_told_while_it_reads_more(project, monkeypatch):
    """Its thread goes on, while another step asks what it has read so far."""
    rule, numbers = Places.rule, itertools.count()
    with watch(project) as watched:
        os.listdir("data")
        list(Path("data").glob("*.txt"))
        recorder = watched.recorder

        def read_more(places, path):
            number = next(numbers)
            recorder.listed[f"/more/{number}"] = ""
            recorder.answers["globs", f"/more/{number}*", "glob"] = ""
            return rule(places, path)

        monkeypatch.setattr(Places, "rule", read_more)
        assert [*watched.so_far().folders][-1] == "data"
    assert next(numbers) > 1


@pytest.mark.parametrize("kept", [True, False])
def test_a_file_whose_time_has_not_come_yet_is_an_input(project, kept):
    """An archive or another machine's clock gives such times: only the inode's tells of a change."""
    path = project / "a.txt"
    ahead = time.time() + 86_400
    os.utime(path, (ahead, ahead))
    settle()

    def work():
        path.read_text()
        if not kept:
            path.write_text("other")
            os.utime(path, (ahead, ahead))

    seen = seen_of(project, work)
    assert ([*seen.files], [*seen.unstable]) == ((["a.txt"], []) if kept else ([], ["a.txt"]))
