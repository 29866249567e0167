"""Plug-ins are found by entry points, and imported when something asks for one."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from zencache import pipeline, step
from zencache.errors import DefinitionError
from zencache.model import plugins
from zencache.pipelines import definition
from zencache.pipelines.plugins import classic
from zencache.steps import tfx_objects


class Plugin:
    """Stands for what an integration offers."""


@pytest.fixture
def installed(monkeypatch):
    """What distributions offer, as the test says."""
    offered = {}
    monkeypatch.setattr(plugins, "plugins", lambda: offered)
    return offered


@step
def load() -> int:
    return 1


@pipeline
def loading():
    load()


def test_a_plugin_is_made_once(installed):
    """Of the class that an entry point names."""
    installed["made_up"] = f"{__name__}:Plugin"
    assert plugins.load("made_up", "this needs") is plugins.load("made_up", "this needs")


@pytest.mark.parametrize("port", [plugins.components, classic])
def test_a_missing_plugin_says_what_to_install(installed, port):
    """The error names the extra."""
    with pytest.raises(
        DefinitionError, match=r"needs? zencache-pipelines-tfx: pip install 'zencache-pipelines\[tfx\]'"
    ):
        port()


def test_without_the_plugin_a_pipeline_is_declared_beside_tfx(installed, monkeypatch):
    """A run imports TFX's SDK; a pipeline that is declared after it needs no plug-in for components."""
    monkeypatch.setattr(definition, "can_create_components", lambda: True)
    assert list(loading().spec.by_name) == ["load"]


def test_without_the_plugin_a_component_in_a_body_is_refused(installed, monkeypatch):
    """It would be left out of the pipeline, and the run would say nothing of it."""
    registry = SimpleNamespace(all_nodes=[])
    module = SimpleNamespace(get=lambda: registry)
    monkeypatch.setitem(sys.modules, tfx_objects._REGISTRY, module)

    @pipeline
    def generating():
        load()
        registry.all_nodes.append(object())

    with pytest.raises(DefinitionError, match=r"pip install 'zencache-pipelines\[tfx\]'"):
        generating()


def test_a_pipeline_of_plain_steps_imports_no_plugin(folder):
    """Nor does it look for entry points: this is what a cached run would pay for."""
    (folder / "declared.py").write_text(
        "from zencache import pipeline, step\n"
        "@step\ndef load(rows: int = 1) -> int:\n    return rows\n"
        "@pipeline\ndef loading():\n    load(rows=2)\n"
    )
    code = (
        "import sys, declared\n"
        "from zencache.util import distributions\n"
        "distributions._entry_points = None\n"
        "declared.loading()\n"
        "print([name for name in sys.modules if name.startswith('zencache_')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
