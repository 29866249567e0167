"""A file's digest is that of its bytes, however they are read."""

from __future__ import annotations

import pytest
from blake3 import blake3

from zencache.util import hashing
from zencache.util.hashing import DigestedFile, file_digest, known_digest, remembering


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 23, 24])
def test_a_digest_is_that_of_the_bytes(tmp_path, monkeypatch, size):
    """Files below, at and above the size that is read at once."""
    monkeypatch.setattr(hashing, "_CHUNK", 8)
    data = bytes(range(size))
    (tmp_path / "file").write_bytes(data)
    assert file_digest(tmp_path / "file") == blake3(data).hexdigest()


def test_a_large_file_has_the_digest_of_its_bytes(tmp_path):
    """Several chunks, on all cores."""
    data = b"0123456789abcdef" * (2**20 + 1)
    (tmp_path / "file").write_bytes(data)
    assert file_digest(tmp_path / "file") == blake3(data).hexdigest()


def written(path, *parts):
    with remembering() as known, DigestedFile(path) as file:
        for part in parts:
            file.write(part)
    return known


def test_a_file_is_digested_while_it_is_written(tmp_path, monkeypatch):
    """In the order in which its parts were written, and without reading it."""
    known = written(tmp_path / "file", b"one", bytearray(b"two"), b"")
    assert (tmp_path / "file").read_bytes() == b"onetwo"
    monkeypatch.setattr(hashing, "file_digest", None)
    assert known_digest(tmp_path / "file", known) == blake3(b"onetwo").hexdigest()


def test_a_file_that_was_changed_afterwards_is_read(tmp_path):
    """The digest is that of what is there."""
    known = written(tmp_path / "file", b"one")
    (tmp_path / "file").write_bytes(b"other")
    assert known_digest(tmp_path / "file", known) == blake3(b"other").hexdigest()


def test_what_is_not_written_to_its_end_has_no_digest(tmp_path):
    """An error goes on, and nothing is remembered."""
    with remembering() as known:
        for part, error in (("text", TypeError), (5, TypeError)):
            file = DigestedFile(tmp_path / str(part))
            with pytest.raises(error), file:
                file.write(part)
    assert known == {}
