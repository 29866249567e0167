"""Digests of definitions by the texts of modules."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from zencache.code.definition_digests import DefinitionDigests
from zencache.code.module_shapes import module_shapes


@pytest.fixture
def digests(tmp_path):
    """Write modules, and give their digests with the list of files that are looked up."""

    def write(files):
        looked_up: list[str] = []

        class Counting(DefinitionDigests):
            def shapes(self, file):
                looked_up.append(file)
                return super().shapes(file)

        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)

        def shapes_of(file):
            return module_shapes(ast.parse(Path(file).read_text()))

        return Counting(shapes_of, tmp_path), looked_up

    return write


NAMES = [f"part{number}" for number in range(8)]


def test_modules_that_import_everything_from_each_other_are_searched_once(digests, tmp_path):
    """A name that none of them defines is one of Python's own."""
    stars = "".join(f"from {name} import *\n" for name in NAMES)
    files = dict.fromkeys(NAMES, f"{stars}def f(x):\n    return len(x) + LIMIT\n")
    one, looked_up = digests(files)
    before = one.digest(str(tmp_path / "part0.py"), "f")
    assert before
    assert len(looked_up) < 500
    other, _ = digests({"part7": f"{stars}LIMIT = 3\n"})
    assert other.digest(str(tmp_path / "part0.py"), "f") not in (None, before)


def test_modules_that_import_one_name_from_each_other_are_searched_once(digests, tmp_path):
    """None of them has it, so it is what it is called."""
    files = {"a": "from b import LIMIT\ndef f():\n    return LIMIT\n", "b": "from a import LIMIT\n"}
    one, looked_up = digests(files)
    assert one.digest(str(tmp_path / "a.py"), "f")
    assert len(looked_up) < 10
