"""Libraries in C and C++ are seen to read, whatever holds their functions, and work as before."""

from __future__ import annotations

import ctypes
import functools
import os
import time
from pathlib import Path

import numpy as np
import pytest

from zencache.tracking import hdf5_links
from zencache.tracking.file_digests import FileDigests
from zencache.tracking.tracker import watching

pytestmark = pytest.mark.file_times
pa = pytest.importorskip("pyarrow")
csv = pytest.importorskip("pyarrow.csv")
fs = pytest.importorskip("pyarrow.fs")
pq = pytest.importorskip("pyarrow.parquet")
HELD = {"csv": csv.read_csv, "parquet": pq.read_table, "file": pa.OSFile}
PARTIAL = functools.partial(csv.read_csv, memory_pool=None)


class Reader:
    """Holds functions as a class of a project does."""

    read = csv.read_csv

    def by_default(self, path, read=csv.read_csv):
        return read(path)


def closure(read):
    return lambda path: read(path)


CLOSURE = closure(csv.read_csv)


def seen_of(root, work):
    for path in root.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    time.sleep(0.02)
    with watching(
        "s", root=root, ignore=[], digests=FileDigests(None), is_project=lambda name: name == __file__
    ) as watched:
        work()
    return watched.seen()


@pytest.fixture
def project(folder):
    (folder / "a.csv").write_text("n\n2\n")
    (folder / "a.xml").write_text("<a/>")
    (folder / "a.xsd").write_text('<schema xmlns="http://www.w3.org/2001/XMLSchema"/>')
    pq.write_table(pa.table({"n": [2]}), "a.parquet")
    return folder


def subtree():
    return fs.SubTreeFileSystem(str(Path.cwd()), fs.LocalFileSystem())


def etree():
    return pytest.importorskip("lxml.etree")


def load():
    with pytest.raises(OSError, match="a.csv"):
        ctypes.CDLL("./a.csv")


@pytest.mark.parametrize(
    ("work", "file"),
    [
        (lambda: csv.read_csv("a.csv"), "a.csv"),
        (lambda: HELD["csv"]("a.csv"), "a.csv"),
        (lambda: HELD["parquet"]("a.parquet"), "a.parquet"),
        (lambda: HELD["file"]("a.csv").read(), "a.csv"),
        (lambda: PARTIAL("a.csv"), "a.csv"),
        (lambda: Reader.read("a.csv"), "a.csv"),
        (lambda: Reader().by_default("a.csv"), "a.csv"),
        (lambda: CLOSURE("a.csv"), "a.csv"),
        (lambda: pa.OSFile("a.csv").read(), "a.csv"),
        (lambda: pa.lib.OSFile("a.csv", mode="rb").read(), "a.csv"),
        (lambda: pa.memory_map("a.csv").read(), "a.csv"),
        (lambda: pa.input_stream("a.csv").read(), "a.csv"),
        (lambda: fs.LocalFileSystem().open_input_file("a.csv").read(), "a.csv"),
        (lambda: fs.LocalFileSystem().open_input_stream("a.csv").read(), "a.csv"),
        (lambda: subtree().open_input_file("a.csv").read(), "a.csv"),
        (lambda: pq.read_table("a.parquet", filesystem=fs.LocalFileSystem()), "a.parquet"),
        (lambda: etree().parse("a.xml"), "a.xml"),
        (lambda: etree().ElementTree().parse("a.xml"), "a.xml"),
        (lambda: list(etree().iterparse("a.xml")), "a.xml"),
        (lambda: etree().XMLSchema(file="a.xsd"), "a.xsd"),
        (load, "a.csv"),
    ],
)
def test_a_file_that_a_library_opens_is_seen(project, work, file):
    assert [*seen_of(project, work).files] == [file]


def test_what_is_written_by_a_class_of_c_is_no_input(project):
    def work():
        with pa.OSFile("out.bin", "wb") as out:
            out.write(b"1")
        assert pa.OSFile("out.bin").read() == b"1"

    assert [*seen_of(project, work).files] == []


def test_a_class_stays_the_same_to_those_who_ask(project):
    before, held = (pa.OSFile, fs.FileSystem.open_input_file), dict(HELD)

    def work():
        file = pa.OSFile("a.csv")
        assert type(file) is before[0]
        assert isinstance(file, pa.OSFile)
        assert issubclass(before[0], pa.OSFile)
        assert not isinstance(1, pa.OSFile)
        assert isinstance(type("Own", (pa.OSFile,), {})("a.csv"), before[0])

    seen_of(project, work)
    assert ((pa.OSFile, fs.FileSystem.open_input_file), HELD) == (before, held)
    assert PARTIAL.func is csv.read_csv
    assert Reader.by_default.__defaults__ == (csv.read_csv,)


def test_files_that_an_hdf5_file_leads_to_are_seen(project):
    """By a link, a virtual dataset, and through a file between."""
    h5py = pytest.importorskip("h5py")
    with h5py.File("far.h5", "w") as far:
        far["n"] = np.arange(3)
    with h5py.File("near.h5", "w") as near:
        near["link"] = h5py.ExternalLink("far.h5", "/n")
    with h5py.File("a.h5", "w") as file:
        file["group/link"] = h5py.ExternalLink("near.h5", "/")
        layout = h5py.VirtualLayout((3,), "i8")
        layout[:] = h5py.VirtualSource("virtual.h5", "n", (3,))
        file.create_virtual_dataset("v", layout)
    (project / "virtual.h5").write_bytes((project / "far.h5").read_bytes())

    def work():
        with h5py.File("a.h5") as file:
            assert file["group/link/link"][2] == file["v"][2] == 2

    assert [*seen_of(project, work).files] == ["a.h5", "far.h5", "near.h5", "virtual.h5"]


@pytest.fixture
def linked(project):
    """A file with a link; both are old, by the clock that the look at links goes by."""
    h5py = pytest.importorskip("h5py")
    for name in ("far", "other"):
        with h5py.File(f"{name}.h5", "w") as file:
            file["n"] = 1
    with h5py.File("a.h5", "w") as file:
        file["link"] = h5py.ExternalLink("far.h5", "/n")
    return h5py


def test_the_links_of_an_unchanged_hdf5_file_are_read_once(project, linked, monkeypatch):
    """However often it is opened; a file that is as young as its times are exact is read each time."""
    reads = []
    inner = hdf5_links._read
    monkeypatch.setattr(hdf5_links, "_read", lambda path: reads.append(path) or inner(path))
    monkeypatch.setattr(hdf5_links, "_RACY", 0)

    def work():
        for _ in range(5):
            linked.File("a.h5").close()

    assert [*seen_of(project, work).files] == ["a.h5", "far.h5"]
    assert sorted(Path(path).name for path in reads) == ["a.h5", "far.h5"]
    with linked.File("a.h5", "a") as file:
        file["link 2"] = linked.ExternalLink("other.h5", "/n")
    assert [*seen_of(project, work).files] == ["a.h5", "far.h5", "other.h5"]


def test_links_that_are_not_looked_at_are_told(project, linked, monkeypatch):
    """Because there are too many objects, or because h5py fails."""
    monkeypatch.setattr(hdf5_links, "_MOST", 0)
    with linked.File("far.h5", "a") as file:
        file["m"] = 1
    seen = seen_of(project, lambda: linked.File("far.h5").close())
    assert "far.h5, in which not all links were looked at (it has more than 0 objects)" in seen.remarks[0]
    monkeypatch.setattr(linked.h5o, "get_info", None)
    seen = seen_of(project, lambda: linked.File("other.h5").close())
    assert "not all links were looked at (TypeError)" in seen.remarks[0]
