"""Importing leaves the garbage collector as it was."""

from __future__ import annotations

import gc
import sys

import pytest

from zencache.util.imports import import_module

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
