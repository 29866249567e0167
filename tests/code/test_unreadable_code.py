"""Code that cannot be read, or only in part: never a silent hit, and always a sentence."""

from __future__ import annotations

import _heapq
import importlib
import importlib.machinery
import shutil
import sys
from pathlib import Path

import pytest

from zencache import pipeline, step
from zencache.code.digest import CodeReader

SUFFIX = importlib.machinery.EXTENSION_SUFFIXES[0]


@pytest.fixture
def imported(folder, monkeypatch):
    """Import modules of the working folder, and forget them again."""
    monkeypatch.syspath_prepend(str(folder))
    names = []

    def one(name, text=None):
        names.append(name)
        if text is not None:
            Path(f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield one
    for name in names:
        sys.modules.pop(name, None)


def code_of(function):
    return CodeReader().of(function)


def test_a_syntax_error_in_a_module_that_is_imported_later(imported):
    """Its text counts as it is; running the step raises the error itself."""
    module = imported("uses_broken", "def work():\n    from broken import f\n    return f()\n")
    Path("broken.py").write_text("def f(:\n")
    one = code_of(module.work)
    assert "broken.py has a syntax error" in one.doubts[0]
    Path("broken.py").write_text("def f(::\n")
    assert code_of(module.work).digest != one.digest


def test_a_module_that_cannot_be_found(imported):
    """It may be there tomorrow, so its absence counts."""
    module = imported("uses_absent", "def work():\n    import absent\n    return absent.f()\n")
    one = code_of(module.work)
    assert any("cannot be found" in unit for unit in one.units)
    Path("absent.py").write_text("def f():\n    return 1\n")
    assert code_of(module.work).digest != one.digest


@pytest.mark.skipif(not getattr(_heapq, "__file__", None), reason="the extension is built in")
def test_an_extension_of_the_project_counts_by_its_file(folder, monkeypatch, imported):
    """There is no text to read; its bytes stand for it, and the explanation says so."""
    shutil.copy(_heapq.__file__, f"_heapq{SUFFIX}")
    monkeypatch.delitem(sys.modules, "_heapq")
    module = imported("uses_extension", "import _heapq\ndef work():\n    return _heapq.heappop([1])\n")
    one = code_of(module.work)
    assert "_heapq has no source text" in one.doubts[0]
    with Path(f"_heapq{SUFFIX}").open("ab") as file:
        file.write(b"\0")
    assert code_of(module.work).digest != one.digest


def test_a_module_without_its_source_file(imported):
    """A frozen program has bytecode only."""
    module = imported("frozen_away", "def work(x):\n    return x + 1\n")
    module.work.__code__ = module.work.__code__.replace(co_filename="/nowhere/frozen.py")
    one = code_of(module.work)
    assert "the bytecode counts" in one.doubts[0]
    assert code_of(module.work).digest == one.digest


def test_a_file_that_was_edited_after_its_import(imported):
    """The code that runs counts, not the text that is there now."""
    old = "def work(x):\n    return x + 1\n"
    module = imported("edited_since", old)
    before = code_of(module.work).digest
    Path("edited_since.py").write_text(old.replace("+ 1", "+ 2"))
    assert code_of(module.work).digest == before
    module = imported("edited_unread", old)
    Path("edited_unread.py").write_text(old.replace("+ 1", "+ 2"))
    assert "was edited after it was imported" in code_of(module.work).doubts[0]
    assert code_of(module.work).digest != before


def test_a_global_that_cannot_be_digested(imported):
    """The plan says which, and what to do; nothing is ever reused."""
    module = imported(
        "holds_a_generator", "ROWS = (n for n in range(3))\ndef work() -> int:\n    return next(ROWS)\n"
    )

    @pipeline
    def one():
        step(module.work)()

    planned = one().plan().steps["work"]
    assert "global ROWS in holds_a_generator.py holds a generator" in planned.reason
    assert "make it inside the step" in planned.reason
    assert one().plan().steps["work"].key != planned.key


def test_what_is_not_known_is_another_each_time():
    """Two steps of one such function must not reuse each other's result; of one that is known, both share a
    digest."""
    numbers = (number for number in range(3))

    def drawing():
        return next(numbers)

    def plain():
        return 1

    reader = CodeReader()
    assert not reader.of(drawing).is_known
    assert reader.of(drawing).digest != reader.of(drawing).digest
    assert reader.of(plain) is reader.of(plain)
