"""A library that ctypes loaded has a content: its file, and the signatures that code gave its functions."""

from __future__ import annotations

import _ctypes
import ctypes
import shutil
from pathlib import Path

import pytest

from zencache.code.closure import Reach
from zencache.code.digest_graph import deep_digest


def digest(library):
    return deep_digest(Reach().followed(library))


def test_a_library_is_the_same_each_time():
    """Neither a handle nor the functions that were looked up count."""
    library, again = ctypes.CDLL(None), ctypes.CDLL(None)
    before = digest(library)
    assert library.abs(-1) == 1
    assert digest(library) == before == digest(again)
    assert before != digest(ctypes.PyDLL(None))


def test_a_signature_counts():
    """What a function returns and takes decides what a call gives."""
    library = ctypes.CDLL(None)
    before = digest(library)
    library.abs.restype = ctypes.c_double
    changed = digest(library)
    library.abs.argtypes = [ctypes.c_int]
    assert len({before, changed, digest(library)}) == 3


def test_a_file_counts_by_its_content(tmp_path):
    """Of a library with a path: its name and bytes, not its folder."""
    source = Path(_ctypes.__file__) if hasattr(_ctypes, "__file__") else None
    if source is None:
        pytest.skip("this Python has no extension modules in files")
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        shutil.copy(source, tmp_path / name / "lib.so")
    with (tmp_path / "c" / "lib.so").open("ab") as file:
        file.write(b"more")
    one, two, three = (digest(ctypes.CDLL(str(tmp_path / name / "lib.so"))) for name in ("a", "b", "c"))
    assert one == two != three
