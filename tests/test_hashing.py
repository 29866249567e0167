"""A file's digest is that of its bytes, however they are read."""

from __future__ import annotations

import pytest
from blake3 import blake3

from zencache import hashing
from zencache.hashing import file_digest


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
