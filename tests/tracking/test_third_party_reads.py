"""Files that libraries open by themselves are seen too, and the libraries work as before."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import time
import types
from pathlib import Path

import numpy as np
import pytest

from zencache.tracking.file_digests import FileDigests
from zencache.tracking.third_party_reads import READERS
from zencache.tracking.tracker import watching

pytestmark = pytest.mark.file_times
LONG_AGO = 1_000_000_000


def age(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (LONG_AGO, LONG_AGO))
    time.sleep(0.02)  # some ticks of the clock that stamps files


def seen_of(root, work):
    age(root)
    with watching(
        "s", root=root, ignore=[], digests=FileDigests(None), is_project=lambda name: name == __file__
    ) as w:
        work()
    return w.seen()


@pytest.fixture
def library(folder, monkeypatch):
    """A library that opens files where Python does not see it."""
    source = """
def read_table(source, columns=None, filesystem=None):
    return source

class File:
    def __init__(self, name, mode="r"):
        self.name = name
"""
    (folder / "fake_library.py").write_text(source)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setitem(READERS, "fake_library", {"read_table": "source", "File.__init__": "name"})
    yield lambda: importlib.import_module("fake_library")
    sys.modules.pop("fake_library", None)


@pytest.mark.parametrize("loaded", [True, False], ids=["loaded before", "imported by the step"])
def test_a_path_that_a_library_is_given_is_seen(folder, library, loaded):
    (folder / "a.dat").write_text("a")
    if loaded:
        library()

    def work():
        assert library().read_table("a.dat") == "a.dat"
        assert library().read_table(source=Path("a.dat")) == Path("a.dat")

    seen = seen_of(folder, work)
    assert [*seen.files] == ["a.dat"]


def test_afterwards_a_library_is_as_it_was(folder, library):
    """Also one that was imported meanwhile."""
    seen_of(folder, library)
    module = library()
    assert not hasattr(module.read_table, "__wrapped__")
    assert not hasattr(module.File.__init__, "__wrapped__")
    assert type(module.__spec__.loader) is type(module.__loader__) is importlib.machinery.SourceFileLoader


def test_a_library_can_be_looked_for_meanwhile(folder, library):
    """Its loader answers as its own."""

    def work():
        library()
        del sys.modules["fake_library"]
        spec = importlib.util.find_spec("fake_library")
        assert "def read_table" in spec.loader.get_source("fake_library")

    seen_of(folder, work)


def test_a_function_that_the_project_took_by_name_is_seen(folder, library, monkeypatch):
    """`from library import read_table` before the step ran."""
    mine = types.ModuleType("mine")
    mine.__file__, mine.read_table = __file__, library().read_table
    monkeypatch.setitem(sys.modules, "mine", mine)
    (folder / "a.dat").write_text("a")
    assert [*seen_of(folder, lambda: mine.read_table("a.dat")).files] == ["a.dat"]
    assert mine.read_table is library().read_table


def test_a_folder_is_all_its_files(folder, library):
    """And a file more is a change."""
    (folder / "parts").mkdir()
    (folder / "parts" / "1.dat").write_text("1")
    seen = seen_of(folder, lambda: library().read_table("parts"))
    assert ([*seen.files], [*seen.folders]) == (["parts/1.dat"], ["parts"])


def test_a_file_opened_for_writing_is_no_input(folder, library):
    def work():
        library().File("out.dat", "w")
        Path("out.dat").write_text("x")
        library().File("out.dat", mode="r")

    assert seen_of(folder, work).files == {}


def test_a_path_elsewhere_is_a_note(folder, library):
    (note,) = seen_of(folder, lambda: library().read_table("s3://bucket/a.dat")).notes
    assert "s3://bucket" in note


def test_what_is_no_path_is_left_alone(folder, library):
    """A buffer, a path of another file system, nothing."""

    def work():
        library().read_table(object())
        library().read_table("a.dat", filesystem="remote")
        with pytest.raises(TypeError):
            library().read_table()

    assert seen_of(folder, work).files == {}


@pytest.fixture
def table(folder):
    pa = pytest.importorskip("pyarrow")
    return pa.table({"a": [1, 2]})


ARROW = {
    "parquet": ("parquet", "write_table", "read_table"),
    "a parquet file": ("parquet", "write_table", "ParquetFile"),
    "a parquet dataset": ("parquet", "write_table", "ParquetDataset"),
    "feather": ("feather", "write_feather", "read_table"),
    "a feather frame": ("feather", "write_feather", "read_feather"),
    "csv": ("csv", "write_csv", "read_csv"),
    "orc": ("orc", "write_table", "ORCFile"),
}


@pytest.mark.parametrize(("module", "write", "read"), ARROW.values(), ids=ARROW)
def test_arrow_is_seen(folder, table, module, write, read):
    arrow = importlib.import_module(f"pyarrow.{module}")
    getattr(arrow, write)(table, "t.dat")
    assert [*seen_of(folder, lambda: getattr(arrow, read)("t.dat")).files] == ["t.dat"]


def test_an_arrow_memory_map_is_seen(folder, table):
    import pyarrow as pa

    Path("t.dat").write_text("x")
    assert [*seen_of(folder, lambda: pa.memory_map("t.dat").close()).files] == ["t.dat"]


def test_a_table_that_the_step_wrote_is_no_input(folder, table):
    """Nor is it a file that changed while the step ran."""
    import pyarrow.parquet as pq

    def work():
        pq.write_table(table, "out.parquet")
        pq.read_table("out.parquet")

    seen = seen_of(folder, work)
    assert (seen.files, seen.unstable) == ({}, ())


@pytest.mark.parametrize("kind", ["csv", "parquet", "feather", "json"])
def test_pandas_is_seen(folder, kind):
    pd = pytest.importorskip("pandas")
    getattr(pd.DataFrame({"a": [1]}), f"to_{kind}")("t.dat")
    assert [*seen_of(folder, lambda: getattr(pd, f"read_{kind}")("t.dat")).files] == ["t.dat"]


def test_pandas_reads_a_folder_of_parquet(folder):
    pd = pytest.importorskip("pandas")
    Path("parts").mkdir()
    pd.DataFrame({"a": [1]}).to_parquet("parts/1.parquet")
    assert [*seen_of(folder, lambda: pd.read_parquet("parts")).files] == ["parts/1.parquet"]


def test_h5py_is_seen(folder):
    h5py = pytest.importorskip("h5py")
    h5py.File("t.h5", "w").close()
    assert [*seen_of(folder, lambda: h5py.File("t.h5", "r").close()).files] == ["t.h5"]


def test_numpy_and_pillow_are_seen(folder):
    """These open files by Python."""
    image = pytest.importorskip("PIL.Image")
    np.save("t.npy", np.zeros((2, 2), "uint8"))
    np.savez("t.npz", a=np.zeros(1))
    image.fromarray(np.zeros((2, 2), "uint8")).save("t.png")

    def work():
        np.load("t.npy")
        np.load("t.npz")["a"]
        image.open("t.png").load()

    assert [*seen_of(folder, work).files] == ["t.npy", "t.npz", "t.png"]


@pytest.mark.slow
def test_tensorflow_is_seen(folder):
    tf = pytest.importorskip("tensorflow")
    Path("t.txt").write_text("a line")
    Path("u.txt").write_text("a line")
    Path("v.txt").write_text("a line")
    with tf.io.TFRecordWriter("t.tfrecord") as writer:
        writer.write(b"x")

    def work():
        tf.io.read_file("t.txt")
        tf.io.gfile.GFile("u.txt").read()
        list(tf.data.TFRecordDataset(["t.tfrecord"]))
        list(tf.data.TextLineDataset(tf.constant(["v.txt"])))
        list(tf.data.Dataset.list_files("data/*.txt").map(tf.io.read_file))

    Path("data").mkdir()
    Path("data/w.txt").write_text("a line")
    assert [*seen_of(folder, work).files] == ["data/w.txt", "t.tfrecord", "t.txt", "u.txt", "v.txt"]


@pytest.mark.slow
def test_tables_checkpoints_and_questions_of_tensorflow_are_seen(folder):
    tf = pytest.importorskip("tensorflow")
    (folder / "d").mkdir()
    Path("words.txt").write_text("a line")
    tf.train.Checkpoint(v=tf.Variable(1.0)).write("ck")

    def work():
        lookup = tf.lookup
        places = (tf.string, lookup.TextFileIndex.WHOLE_LINE, tf.int64, lookup.TextFileIndex.LINE_NUMBER)
        lookup.StaticHashTable(lookup.TextFileInitializer("words.txt", *places), -1)
        tf.train.load_checkpoint("ck")
        assert not tf.io.gfile.exists("more.txt")
        tf.io.gfile.listdir("d")

    seen = seen_of(folder, work)
    assert [*seen.files] == ["ck.data-00000-of-00001", "ck.index", "words.txt"]
    assert ([*seen.folders], seen.facts["paths"]["./more.txt"]) == (["d"], "absent")


@pytest.mark.slow
def test_a_folder_of_images_is_seen(folder):
    keras = pytest.importorskip("keras")
    image = pytest.importorskip("PIL.Image")
    for name in ("cats", "dogs"):
        (folder / "images" / name).mkdir(parents=True)
        image.fromarray(np.zeros((4, 4, 3), "uint8")).save(folder / "images" / name / "1.png")
    seen = seen_of(folder, lambda: keras.utils.image_dataset_from_directory("images", image_size=(4, 4)))
    assert [*seen.files] == ["images/cats/1.png", "images/dogs/1.png"]
    assert [*seen.folders] == ["images", "images/cats", "images/dogs"]
