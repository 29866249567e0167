"""From the import of zencache on, each read is noted with the project's code that made it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from zencache.tracking import read_owners


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
