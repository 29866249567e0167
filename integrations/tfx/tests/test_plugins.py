"""The plug-ins that this integration offers: each is what its protocol says."""

from __future__ import annotations

import inspect

import pytest

from zencache.model import plugins
from zencache.model.plugins import ComponentPlugin
from zencache.pipelines.plugins import ClassicPlugin, HistoryPlugin, classic, history

PORTS = {
    "components": (plugins.components, ComponentPlugin),
    "history": (history, HistoryPlugin),
    "classic": (classic, ClassicPlugin),
}


@pytest.mark.tfx
@pytest.mark.parametrize("name", PORTS)
def test_a_plugin_has_the_methods_of_its_protocol(name):
    """With the same arguments, by the same names."""
    load, protocol = PORTS[name]
    plugin = load()
    for method, declared in inspect.getmembers(protocol, inspect.isfunction):
        if not method.startswith("_"):
            [_, *wanted] = inspect.signature(declared).parameters
            assert list(inspect.signature(getattr(plugin, method)).parameters) == wanted


def test_this_distribution_offers_all_plugins():
    """By the entry points of its metadata: an environment made before they were there has to be installed
    anew."""
    assert set(PORTS) <= set(plugins.plugins())
