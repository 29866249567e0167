"""What a step asks about paths is an input: whether they are there, their kinds, sizes, times, links, matches."""

# ruff: noqa: PTH101, PTH102, PTH103, PTH108, PTH109, PTH110, PTH112, PTH115, PTH116, PTH121, PTH202, PTH204, PTH207, PTH208, PTH211, RUF061
# - each way that there is to ask, in one line

from __future__ import annotations

import copy
import filecmp
import glob
import inspect
import linecache
import os
import pickle
import shutil
import stat
import sys
import time
import traceback
from contextlib import suppress
from functools import partial
from os import stat as status_of
from pathlib import Path

import pytest

from zencache.tracking import path_queries
from zencache.tracking.file_digests import FileDigests
from zencache.tracking.observed_inputs import Seen, changed
from zencache.tracking.tracker import watching

pytestmark = pytest.mark.file_times
LONG_AGO = 1_000_000_000
STATS = {"held in a dict": os.stat}


@pytest.fixture
def project(folder):
    """A project of old files, and a link."""
    for name in (
        "a.txt",
        "data/1.csv",
        "data/2.csv",
        "data/deep/3.csv",
        "data/note.txt",
        "v1/a.txt",
        "v2/a.txt",
    ):
        write(name)
    os.symlink("v1", "latest")
    time.sleep(0.02)  # some ticks of the clock that stamps files
    return folder


def write(name, content="content", when=LONG_AGO):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(content)
    os.utime(name, (when, when))


def relink(target):
    os.unlink("latest")
    os.symlink(target, "latest")


def seen_of(root, work, is_project=lambda name: name == __file__):
    with watching(
        "s", root=root, ignore=[Path(".zencache")], digests=FileDigests(None), is_project=is_project
    ) as watched:
        work()
    return Seen.from_json(watched.seen().to_json())


def reasons(root, work, edit):
    """Give the reasons for a rerun after an edit; there must be none before it."""
    seen = seen_of(root, work)
    assert changed(seen, root, FileDigests(None)) == []
    edit()
    return changed(seen, root, FileDigests(None))


def touch(name="a.txt"):
    os.utime(name, (LONG_AGO + 5, LONG_AGO + 5))


def sizes():
    return [entry.stat().st_size for entry in os.scandir("data")]


def by_descriptor(ask):
    descriptor = os.open("data", os.O_RDONLY)
    try:
        ask(descriptor)
    except FileNotFoundError:
        pass
    finally:
        os.close(descriptor)


LOOKED_FOR = "extra.csv, which it looked for, is there now"
EXTRA = partial(write, "extra.csv")


@pytest.mark.parametrize(
    ("work", "edit", "reason"),
    [
        (lambda: os.path.exists("extra.csv"), EXTRA, LOOKED_FOR),
        (lambda: Path("extra.csv").exists(), EXTRA, LOOKED_FOR),
        (lambda: Path("extra.csv").is_file(), EXTRA, LOOKED_FOR),
        (lambda: os.path.isdir("extra.csv"), EXTRA, LOOKED_FOR),
        (lambda: os.path.lexists("extra.csv"), EXTRA, LOOKED_FOR),
        (lambda: pytest.raises(OSError, os.stat, "extra.csv"), EXTRA, LOOKED_FOR),
        (lambda: pytest.raises(OSError, status_of, "extra.csv"), EXTRA, LOOKED_FOR),
        (lambda: pytest.raises(OSError, os.path.getsize, "extra.csv"), EXTRA, LOOKED_FOR),
        (lambda: [*filter(os.path.exists, ["extra.csv"])], EXTRA, LOOKED_FOR),
        (lambda: os.access("extra.csv", os.R_OK), EXTRA, "extra.csv, which it tested, is readable now"),
        (lambda: Path("a.txt").exists(), lambda: os.unlink("a.txt"), "a.txt, which it looked for, is gone"),
        (
            lambda: Path("a.txt").is_file(),
            lambda: (os.unlink("a.txt"), os.mkdir("a.txt")),
            "a.txt, which it looked at, is a folder now, before a file",
        ),
        (
            lambda: os.stat("a.txt").st_size,
            lambda: write("a.txt", "12"),
            "the size of a.txt, which it asked for: 7 → 2",
        ),
        (
            lambda: os.path.getsize("a.txt"),
            lambda: write("a.txt", "12"),
            "the size of a.txt, which it asked for: 7 → 2",
        ),
        (
            lambda: Path("a.txt").stat().st_size,
            lambda: write("a.txt", "12"),
            "the size of a.txt, which it asked for: 7 → 2",
        ),
        (sizes, lambda: write("data/1.csv", "12"), "the files in data/ are others"),
        (
            lambda: os.stat("a.txt").st_mode,
            lambda: os.chmod("a.txt", 0o600),
            "the permissions of a.txt, which it asked for: 0o644 → 0o600",
        ),
        (
            lambda: (Path("latest").resolve() / "a.txt").read_text(),
            lambda: relink("v2"),
            "the link latest leads to v2, before to v1",
        ),
        (lambda: os.readlink("latest"), lambda: relink("v2"), "the link latest leads to v2, before to v1"),
        (
            lambda: os.path.samefile("latest", "v1"),
            lambda: relink("v2"),
            "the link latest leads to v2, before to v1",
        ),
        (
            lambda: os.stat("latest").st_ino == os.stat("v1").st_ino,
            lambda: relink("v2"),
            "the link latest leads to v2, before to v1",
        ),
        (
            lambda: os.path.realpath("latest/a.txt"),
            lambda: relink("v2"),
            "the link latest leads to v2, before to v1",
        ),
        (
            lambda: Path("latest").is_symlink(),
            lambda: (os.unlink("latest"), os.mkdir("latest")),
            "latest, which it looked at, is a folder now, before a link",
        ),
        (
            lambda: glob.glob("data/*.csv"),
            lambda: write("data/4.csv"),
            "the files that match data/*.csv are others",
        ),
        (
            lambda: [*glob.iglob("no/*.csv")],
            lambda: write("no/4.csv"),
            "the files that match no/*.csv are others",
        ),
        (
            lambda: glob.glob("data/**/*.csv", recursive=True),
            lambda: write("data/deep/4.csv"),
            "the files that match data/**/*.csv are others",
        ),
        (
            lambda: glob.glob("*.csv", root_dir="data"),
            lambda: write("data/4.csv"),
            "the files that match data/*.csv are others",
        ),
        (
            lambda: [*Path("data").glob("*.csv")],
            lambda: write("data/4.csv"),
            "the files that match data/*.csv are others",
        ),
        (
            lambda: [*Path("data").rglob("*.csv")],
            lambda: write("data/deep/4.csv"),
            "the files that match data/**/*.csv are others",
        ),
        (
            lambda: [*Path().glob("d*/*.csv")],
            lambda: write("data/4.csv"),
            "the files that match d*/*.csv are others",
        ),
        (lambda: os.listdir("data"), lambda: write("data/.env"), "the files in data/ are others"),
        (
            lambda: pytest.raises(OSError, os.listdir, "no"),
            lambda: os.mkdir("no"),
            "the folder no/, which it looked for, is there now",
        ),
        (
            lambda: [*os.walk("data")],
            lambda: (os.unlink("data/1.csv"), os.mkdir("data/1.csv")),
            "the files in data/ are others",
        ),
        (
            lambda: by_descriptor(lambda data: os.stat("extra.csv", dir_fd=data)),
            lambda: write("data/extra.csv"),
            "data/extra.csv, which it looked for, is there now",
        ),
        (
            lambda: by_descriptor(lambda data: os.listdir(data)),
            lambda: write("data/4.csv"),
            "the files in data/ are others",
        ),
        (
            lambda: STATS["held in a dict"]("a.txt").st_size,
            lambda: write("a.txt", "12"),
            "the size of a.txt, which it asked for: 7 → 2",
        ),
    ],
)
def test_a_question_about_a_path_is_answered_again(project, work, edit, reason):
    """However it is asked."""
    assert reasons(project, work, edit) == [reason]


@pytest.mark.parametrize(
    "work",
    [
        lambda: os.path.getmtime("a.txt"),
        lambda: os.stat("a.txt").st_mtime_ns,
        lambda: Path("a.txt").stat().st_mtime,
        lambda: os.stat("a.txt"),
        lambda: tuple(os.stat("a.txt")),
        lambda: filecmp.cmp("a.txt", "v1/a.txt"),
    ],
)
def test_a_time_that_is_asked_for_is_an_input(project, work):
    [reason] = reasons(project, work, touch)
    assert reason.startswith("the time of modification of a.txt, which it asked for: 2001-09-09")


def used_size():
    status = os.stat("a.txt")
    return status.st_size


@pytest.mark.parametrize(
    ("work", "edit"),
    [
        (lambda: Path("a.txt").read_text(), touch),
        (lambda: (Path("a.txt").exists(), Path("a.txt").read_text()), touch),
        (lambda: os.path.exists("a.txt"), lambda: write("a.txt", "other")),
        (lambda: os.stat("a.txt").st_size, touch),
        (used_size, touch),
        (lambda: stat.S_ISDIR(os.stat("a.txt").st_mode), lambda: os.chmod("a.txt", 0o600)),
        (lambda: glob.glob("data/*.csv"), lambda: write("data/new.txt")),
        (lambda: glob.glob("data/*"), lambda: write("data/.env")),
        (lambda: [*Path("data").glob("*.csv")], lambda: write("data/new.txt")),
        (lambda: [*Path("data").rglob("*.csv")], lambda: write("data/deep/new.txt")),
        (lambda: [*Path().rglob("*")], lambda: write(".zencache/metadata.db")),
        (lambda: [*Path().rglob("*.csv")], lambda: write(".git/index.csv")),
        (lambda: os.listdir("data"), lambda: write("data/__pycache__/a.pyc")),
        (lambda: os.listdir("data"), lambda: write("data/.1.csv.swp")),
        (lambda: os.listdir("data"), lambda: write("data/1.csv", "other")),
        (lambda: [entry.is_file() for entry in os.scandir("data")], lambda: write("data/1.csv", "other")),
        (sizes, lambda: touch("data/1.csv")),
        (lambda: os.makedirs("out/deep", exist_ok=True), lambda: shutil.rmtree("out")),
        (lambda: Path("data").mkdir(exist_ok=True), lambda: shutil.rmtree("data")),
        (lambda: Path("out").exists() or os.makedirs("out"), lambda: shutil.rmtree("out")),
        (lambda: Path("out.txt").exists() or write("out.txt"), lambda: os.unlink("out.txt")),
        (lambda: Path("later").resolve(), lambda: os.mkdir("later")),
        (lambda: traceback.format_stack(), lambda: None),
        (lambda: Path("/proc/self").exists(), lambda: None),
        (lambda: Path(pytest.__file__).stat(), lambda: None),
    ],
)
def test_what_a_step_did_not_ask_for_is_no_input(project, work, edit):
    assert reasons(project, work, edit) == []


def test_a_file_outside_of_the_project_that_is_not_there_is_an_input(project, monkeypatch):
    """Where the question is the code's own, or a library's for its settings."""
    root = project / "data"
    looked_for = str(project / "settings.toml")
    work = [lambda: Path(looked_for).exists(), lambda: pytest.raises(OSError, open, looked_for)]
    for each in work:
        assert reasons(root, each, partial(write, looked_for)) == [
            f"{looked_for}, which it looked for, is there now"
        ]
        os.unlink(looked_for)


def test_a_relative_question_is_asked_in_the_working_folder_of_the_plan(project, monkeypatch):
    """From another folder it is about another path."""
    write("other/extra.csv")
    seen = seen_of(project, lambda: (Path("extra.csv").exists(), glob.glob("*.csv"), [*Path().glob("*.csv")]))
    assert changed(seen, project, FileDigests(None)) == []
    monkeypatch.chdir("other")
    assert changed(seen, project, FileDigests(None)) == [
        LOOKED_FOR,
        "the files that match *.csv are others",
        "the files that match *.csv are others",
    ]
    seen = seen_of(project, lambda: (os.path.exists(project / "a.csv"), glob.glob(f"{project}/*.csv")))
    seen_too = seen_of(project, lambda: [*project.glob("*.csv")])
    monkeypatch.chdir(project)
    assert [changed(each, project, FileDigests(None)) for each in (seen, seen_too)] == [[], []]
    write("b.csv")
    for each in (seen, seen_too):
        assert changed(each, project, FileDigests(None)) == ["the files that match *.csv are others"]


def test_a_file_that_is_opened_in_a_folder_given_by_its_descriptor_is_seen(project):
    """The event names it as if it were in the working folder."""

    def work():
        by_descriptor(lambda data: os.close(os.open("1.csv", os.O_RDONLY, dir_fd=data)))
        assert os.open in os.supports_dir_fd

    assert [*seen_of(project, work).files] == ["data/1.csv"]


def test_a_library_that_looks_for_a_place_to_write_asks_nothing(project, monkeypatch):
    """Nor does one that looks into its cache; its optional settings are inputs."""
    monkeypatch.setattr(path_queries, "_CACHES", f"{project}/cache/")
    library = {"__name__": "library", "os": os}
    text = "def ask():\n    os.access('.', os.W_OK), os.path.exists('cache/model'), os.path.exists('library.toml')\n"
    exec(compile(text, "/site-packages/library.py", "exec"), library)
    assert seen_of(project, library["ask"]).facts == {"paths": {"./library.toml": "absent"}}


def own_source(project, monkeypatch):
    module = project / "helper_of_texts.py"
    write(module, "def clean():\n    return 1\n")
    monkeypatch.syspath_prepend(str(project))
    linecache.clearcache()
    time.sleep(0.02)
    return module


READERS_OF_TEXT = [
    lambda module, name: name.read_text(),
    lambda module, name: open(name, "rb").read(),  # noqa: PTH123, SIM115
    lambda module, name: inspect.getsource(module.clean),
    lambda module, name: linecache.getlines(str(name)),
    lambda module, name: module.__loader__.get_data(str(name)),
]


@pytest.mark.parametrize("read", READERS_OF_TEXT, ids=["Path", "open", "inspect", "linecache", "loader"])
def test_a_source_file_whose_text_is_read_is_a_file(project, monkeypatch, read):
    """An import of it alone makes it code."""
    file = own_source(project, monkeypatch)

    def is_project(name):
        return name in (__file__, str(file))

    def work():
        module = __import__("helper_of_texts")
        if reads:
            read(module, file)

    for reads in (False, True):
        sys.modules.pop("helper_of_texts", None)
        seen = seen_of(project, work, is_project)
        assert [*seen.files] == (["helper_of_texts.py"] if reads else [])


def test_a_source_text_that_python_remembers_is_read_too(project, monkeypatch):
    """`inspect` then asks for the file's time alone."""
    file = own_source(project, monkeypatch)
    sys.modules.pop("helper_of_texts", None)
    module = __import__("helper_of_texts")
    inspect.getsource(module.clean)
    seen = seen_of(
        project, lambda: inspect.getsource(module.clean), lambda name: name in (__file__, str(file))
    )
    assert ([*seen.files], seen.facts) == (["helper_of_texts.py"], {})


def test_a_traceback_reads_no_source_as_text(project, monkeypatch):
    file = own_source(project, monkeypatch)
    write(file, "def clean():\n    return 1 / 0\n")
    time.sleep(0.02)

    def work():
        try:
            __import__("helper_of_texts").clean()
        except ZeroDivisionError:
            traceback.format_exc()

    sys.modules.pop("helper_of_texts", None)
    seen = seen_of(project, work, lambda name: name in (__file__, str(file)))
    assert (seen.files, seen.facts) == ({}, {})


def test_the_functions_of_os_are_as_they_were(project):
    """While a step runs they can be copied and pickled, and Python's own sets know them."""
    before = (os.stat, os.lstat, os.access, os.readlink, status_of)

    def work():
        assert os.stat is not before[0]
        assert os.stat in os.supports_dir_fd
        assert pickle.loads(pickle.dumps(os.stat)) is os.stat
        assert copy.copy(os.stat).__name__ == "stat"
        assert inspect.signature(os.stat) == inspect.signature(before[0])
        with pytest.raises(TypeError):
            os.stat()
        with pytest.raises(ValueError, match="null"):
            os.stat("a\0b")
        assert os.stat(0)
        shutil.copytree("data", "copy")
        shutil.rmtree("copy")

    seen_of(project, work)
    assert (os.stat, os.lstat, os.access, os.readlink, status_of) == before
    assert all(not hasattr(each, "__wrapped__") for each in os.supports_dir_fd)


def test_a_repeated_question_takes_no_memory(project):
    with watching(
        "s", root=project, ignore=[], digests=FileDigests(None), is_project=lambda _: True
    ) as watched:
        for _ in range(100):
            os.path.exists("a.txt")
    assert len(watched.recorder.asked) == 1


def test_records_of_older_releases_stay_valid(project):
    """They hold the names in a folder without hidden ones."""
    digests = FileDigests(None)
    seen = Seen(folders={"data": digests.listing(Path("data")) or ""})
    write("data/.env")
    assert changed(seen, project, digests) == []
    write("data/4.csv")
    assert changed(seen, project, digests) == ["the files in data/ are others"]


def test_each_right_that_one_place_tests_counts(project):
    """One call in a loop asks several questions."""
    seen = seen_of(project, lambda: [os.access("a.txt", mode) for mode in (os.R_OK, os.X_OK)])
    assert seen.facts["file access"] == {"1 ./a.txt": "no", "4 ./a.txt": "yes"}


@pytest.mark.parametrize(
    "ask",
    [
        lambda: [function("latest") for function in (os.lstat, os.stat)],
        lambda: [os.stat("latest", follow_symlinks=follow) for follow in (False, True)],
        lambda: [os.path.isdir("latest"), *(test("latest") for test in (os.path.islink, os.path.isdir))],
    ],
)
def test_a_link_and_what_it_leads_to_are_two_questions(project, ask):
    """Also where one place in the code asks both."""
    seen = seen_of(project, ask)
    assert seen.facts["path entries"] == {"./latest": "link"}
    assert seen.facts["paths"] == {"./latest": "folder"}


def test_a_name_below_two_descriptors_is_two_paths(project):
    """A descriptor's number stands for another folder when it is used again."""

    def ask():
        for folder in ("data", "v1"):
            descriptor = os.open(folder, os.O_RDONLY)
            with suppress(FileNotFoundError):
                os.stat("a.txt", dir_fd=descriptor)
            os.close(descriptor)

    assert seen_of(project, ask).facts["paths"] == {"data/a.txt": "absent", "v1/a.txt": "file"}


def test_code_that_is_gone_hides_no_question_of_other_code(project):
    """New code may get the id of code that no longer exists."""

    def ask():
        for attribute in ("st_mode", "st_size", "st_nlink", "st_uid"):
            exec(f"(lambda: os.stat('data').{attribute})()")

    asked = {name.partition(" ")[0] for name in seen_of(project, ask).facts["file status"]}
    assert asked == {"st_mode", "st_nlink", "st_uid"}


def test_a_class_of_a_step_holds_the_functions_of_os_as_they_are(project):
    """A class does not bind them, as it binds no function that is written in C."""
    original = os.stat

    def work():
        class Probes:
            probe = os.stat
            folder = os.getcwd
            opened = os.open

        assert Probes().probe("data") == original("data")
        assert Probes().folder() == os.getcwd()
        os.close(Probes().opened("a.txt", os.O_RDONLY))

    assert [*seen_of(project, work).files] == ["a.txt"]


def test_what_stands_for_a_function_of_os_says_that_it_is_it(project):
    original = os.stat
    by_function = {os.stat: "held by the function"}

    def work():
        assert isinstance(os.stat, type(len))
        assert inspect.isbuiltin(os.stat)
        assert by_function[os.stat]
        assert (os.stat.__name__, os.stat.__module__, os.stat.__doc__) == (
            original.__name__,
            original.__module__,
            original.__doc__,
        )
        assert copy.deepcopy([os.stat])[0] is os.stat
        assert original in os.supports_dir_fd

    seen_of(project, work)
    assert original in os.supports_dir_fd


def test_a_stand_in_that_outlives_the_step_is_pickled_as_the_function(project):
    held = []
    seen_of(project, lambda: held.append(os.stat))
    assert pickle.loads(pickle.dumps(held[0])) is os.stat
