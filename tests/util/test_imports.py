"""Importing with garbage collection paused, and when a module is used."""

from __future__ import annotations

import gc
import importlib
import sys
import threading

import pytest

from zencache.util.imports import ImportedWhenUsed, import_module, remove_finders

MODULE = "import gc\nwas_on = gc.isenabled()\n{rest}"


@pytest.fixture
def module(folder, monkeypatch):
    """Write a module that can be imported, and forget it afterwards."""
    monkeypatch.syspath_prepend(str(folder))
    yield lambda rest="": (folder / "told.py").write_text(MODULE.format(rest=rest))
    sys.modules.pop("told", None)
    gc.enable()


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_rests_meanwhile_and_is_then_as_it_was(module, on):
    """Someone may have switched it off on purpose."""
    module()
    (gc.enable if on else gc.disable)()
    assert import_module("told").was_on is False
    assert gc.isenabled() is on


def test_a_module_that_fails_leaves_it_on(module):
    """The error is the module's own."""
    module("raise KeyError('no')")
    with pytest.raises(KeyError, match="no"):
        import_module("told")
    assert gc.isenabled()


def test_a_module_is_imported_when_it_is_used(module):
    """Whoever imported it inside of the block needs no second import."""
    module("value = 3")
    with ImportedWhenUsed("told"):
        importer = importlib.import_module("told")
        assert "told" not in vars(importer)
    assert "told" not in sys.modules
    assert importer.value == 3
    assert sys.modules["told"].value == 3


def test_another_thread_gets_the_module_inside_of_the_block(module, folder):
    """A thread may import the module, or one inside of it, while the block goes on."""
    package = folder / "packaged"
    package.mkdir()
    (package / "__init__.py").write_text("value = 3")
    (package / "inner.py").write_text("value = 4")
    values = []

    def work():
        import packaged
        import packaged.inner

        values.extend([packaged.inner.value, sys.modules["packaged"].value])

    with ImportedWhenUsed("packaged"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert values == [4, 3]
    assert "packaged" in sys.modules
    for name in ("packaged", "packaged.inner"):
        del sys.modules[name]


def test_a_module_that_is_there_already_stays():
    """Only the first import is put off."""
    with ImportedWhenUsed("json"):
        assert importlib.import_module("json").dumps
    assert "json" in sys.modules


def test_a_module_that_is_not_installed_is_missed_at_its_use():
    """The block itself imports nothing."""
    with ImportedWhenUsed("not_installed_anywhere"):
        module = importlib.import_module("not_installed_anywhere")
    with pytest.raises(ModuleNotFoundError, match="not_installed_anywhere"):
        _ = module.anything


def test_who_imports_while_a_finder_goes_passes_over_no_other(monkeypatch):
    """Python goes through the list itself, in another thread perhaps."""
    first, second = object(), object()
    monkeypatch.setattr(sys, "meta_path", [first, second])
    going = iter(sys.meta_path)
    assert next(going) is first
    remove_finders(first)
    assert [*going] == [second]
    assert sys.meta_path == [second]
