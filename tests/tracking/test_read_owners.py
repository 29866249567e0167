"""From the import of zencache on, each read is noted with the project's code that made it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from zencache.tracking import read_owners
from zencache.tracking.file_digests import FileDigests
from zencache.tracking.tracker import watching


def readers_of(path):
    """Give the names of the frames in which a path was read, for each stack."""
    path = str(Path(path).absolute())
    return {
        tuple(code.co_name for code, _ in read.frames)
        for read in read_owners.reads()
        if path in {os.path.normpath(each) for each in (*read.files, *read.folders)}
    }


def load(path):
    return Path(path).read_text()


def test_a_read_belongs_to_all_functions_on_the_stack(folder):
    """Innermost first; frames of libraries are left out."""
    Path("a.txt").write_text("")

    def outer():
        load("a.txt")

    outer()
    [frames] = readers_of("a.txt")
    assert frames[:2] == ("load", "outer")
    assert "read_text" not in frames


def test_a_relative_path_is_of_the_working_folder_at_that_time(folder):
    """The folder may change between two reads."""
    Path("sub").mkdir()
    for name in ("a.txt", "sub/a.txt"):
        Path(name).write_text("")
    load("a.txt")
    os.chdir("sub")
    load("a.txt")
    assert readers_of(folder / "a.txt")
    assert readers_of(folder / "sub/a.txt")


def test_what_is_written_is_no_read(folder):
    """And it is known when it was written."""
    Path("a.txt").write_text("")
    assert not readers_of("a.txt")
    assert str(folder / "a.txt") in read_owners.written() or "a.txt" in read_owners.written()


def test_a_thread_without_code_of_the_project_works_for_the_one_that_waits(folder):
    """As where a pool maps a method of the standard library."""
    Path("a.txt").write_text("")
    thread = threading.Thread(target=Path("a.txt").read_text)
    thread.start()
    thread.join()
    assert all("test_a_thread" in frames[0] for frames in readers_of("a.txt"))


def test_a_listing_belongs_to_who_listed(folder):
    """A folder is noted like a file."""
    list(Path(folder).iterdir())
    assert readers_of(folder)


def test_the_statement_of_a_module_is_known_by_its_line(folder, monkeypatch):
    """So a step that does not use what the statement made is independent of it."""
    Path("a.txt").write_text("")
    Path("settings_by_line.py").write_text(
        "import os\n\nA = open('a.txt').read()\nB = os.environ.get('ZEN_B')\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    __import__("settings_by_line")
    reads = [r for r in read_owners.reads() if r.frames[0][0].co_filename.endswith("settings_by_line.py")]
    assert [(r.frames[0][1], list(r.variables)) for r in reads] == [(3, []), (4, ["ZEN_B"])]


def test_a_variable_that_a_library_reads_for_itself_is_not_noted(folder):
    """Only the nearest code counts."""
    import tempfile

    tempfile._candidate_tempdir_list()
    assert not [
        r for r in read_owners.reads() if "TMPDIR" in r.variables and "tempdir" in r.frames[0][0].co_name
    ]


def test_the_hook_is_there_from_the_import_on(folder):
    """Before any step, and without a module that a plan needs."""
    Path("a.txt").write_text("")
    script = (
        "import zencache, sys; open('a.txt').close(); from zencache.tracking import read_owners; "
        "print(len(list(read_owners.reads())), 'zencache.tracking.audit_events' in sys.modules, type(__import__('os').environ).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False", "_Environ"]


@pytest.fixture
def few(monkeypatch):
    """Little is kept, and nothing of what other tests read."""
    for name in ("_files", "_folders", "_variables", "_patterns", "_answers", "_partly", "_codes"):
        monkeypatch.setattr(read_owners, name, {})
    monkeypatch.setattr(read_owners, "_MOST_ANSWERS", 5)
    monkeypatch.setattr(read_owners, "_condense_at", [50])
    monkeypatch.setattr(read_owners, "is_full", [])


def test_code_of_exec_that_is_gone_takes_no_memory(folder, few):
    """Its reads stay those of the code that ran it."""
    for number in range(300):
        Path(f"{number % 3}.txt").write_text("")
        exec(f"open('{number % 3}.txt').close()")
    assert len(read_owners._files) < 120
    assert len(read_owners._codes) < 120
    read_owners._condense()
    mine = next(read for read in read_owners.reads() if read.frames[0][0].co_name.startswith("test_code_of"))
    assert {Path(path).name for path in mine.files} == {"0.txt", "1.txt", "2.txt"}


def test_equal_code_of_a_file_is_kept_once(folder, few):
    """A module that is executed again and again reads by its place in the file."""
    Path("a.txt").write_text("")
    for _ in range(300):
        exec(compile("\nopen('a.txt').close()", str(folder / "settings.py"), "exec"))
    read_owners._condense()
    reads = [read for read in read_owners.reads() if read.frames[0][0].co_filename.endswith("settings.py")]
    assert [read.frames[0][1] for read in reads] == [2]


def test_equal_code_of_two_files_reads_for_each(folder, few):
    """Code is equal without its file; what one file's code read is no read of the other's."""
    for name in ("a", "b"):
        Path(f"{name}.txt").write_text("")
        exec(compile("\nopen(name + '.txt').close()", str(folder / f"{name}.py"), "exec"))
    read_owners._condense()
    read_by = {
        Path(read.frames[0][0].co_filename).name: {Path(path).name for path in read.files}
        for read in read_owners.reads()
    }
    assert read_by["a.py"] == {"a.txt"}
    assert read_by["b.py"] == {"b.txt"}


def test_more_places_than_are_kept_are_told(folder, few, monkeypatch):
    monkeypatch.setattr(read_owners, "_MOST_STACKS", 0)
    Path("a.txt").write_text("")
    load("a.txt")
    assert read_owners.is_full == [True]
    with watched(folder) as step:
        pass
    step.adopt_answers(lambda frames, is_outdated: None)
    assert "of which not all was noted" in step.seen().notes[0]
    assert step.seen().unseen_reads == ("reads of very many places in the code",)


def watched(folder):
    return watching(
        "s", root=folder, ignore=[], digests=FileDigests(None), is_project=lambda name: name == __file__
    )


def test_more_questions_than_are_kept_are_told_to_other_steps(folder, few):
    """The step that asked has them all."""

    def asks():
        for number in range(9):
            Path(f"{number}.txt").exists()

    def reader(frames, is_outdated):
        return (__file__, "asks") if frames[0][0] is asks.__code__ else None

    with watched(folder) as first:
        asks()
    first.adopt_answers(reader)
    with watched(folder) as second:
        pass
    second.adopt_answers(reader)
    assert (len(first.recorder.answers), first.seen().unseen_reads) == (9, ())
    assert len(second.recorder.answers) == 5
    assert second.seen().unseen_reads == ("questions of `asks` about paths",)
