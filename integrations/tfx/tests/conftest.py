"""A pipeline of small components in a module of the user's own, in a folder of its own."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

FLOW = """
import os
from tfx import v1 as tfx
from tfx.types import standard_artifacts as sa

FACTOR = 3


def helper(number):
    return number * FACTOR


def unused(number):
    return number


@tfx.dsl.components.component
def Numbers(n: tfx.dsl.components.Parameter[int], numbers: tfx.dsl.components.OutputArtifact[sa.Examples]):
    with open(os.path.join(numbers.uri, "numbers.txt"), "w") as file:
        file.write(str(helper(n)))
    note("Numbers")


@tfx.dsl.components.component
def Train(
    numbers: tfx.dsl.components.InputArtifact[sa.Examples],
    rate: tfx.dsl.components.Parameter[float],
    model: tfx.dsl.components.OutputArtifact[sa.Model],
):
    with open(os.path.join(numbers.uri, "numbers.txt")) as file:
        value = file.read()
    os.makedirs(os.path.join(model.uri, "Format-Serving"))
    with open(os.path.join(model.uri, "Format-Serving", "saved_model.pb"), "w") as file:
        file.write(f"{value} {rate}")
    note("Train")


def note(name):
    with open(os.environ["RAN"], "a") as file:
        file.write(name + "\\n")


def create(name="flow", n=2, rate=0.5, here=os.getcwd(), more=lambda numbers, train: [], beam=()):
    numbers = Numbers(n=n)
    train = Train(numbers=numbers.outputs["numbers"], rate=rate)
    return pipeline(name, [numbers, train, *more(numbers, train)], here, beam)


def pipeline(name, components, here=os.getcwd(), beam=()):
    return tfx.dsl.Pipeline(
        name,
        os.path.join(here, "root"),
        beam_pipeline_args=list(beam),
        components=components,
        metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(
            os.path.join(here, "mlmd", "metadata.db")
        ),
    )
"""


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module `flow`, with what the tests need beside it: `.edit`, `.ran`, `.run`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("RAN", str(tmp_path / ".ran"))
    monkeypatch.setattr(
        sys, "dont_write_bytecode", True
    )  # it would stand for an edit of the same second and size
    file = tmp_path / "flow.py"
    file.write_text(FLOW, encoding="utf-8")
    sys.modules.pop("flow", None)
    yield Flow(tmp_path, file)
    sys.modules.pop("flow", None)


class Flow(SimpleNamespace):
    """A project with a module of components."""

    def __init__(self, folder: Path, file: Path) -> None:
        super().__init__(folder=folder, file=file)

    @property
    def module(self) -> ModuleType:
        """The module, imported when first asked for, and anew after an edit."""
        importlib.invalidate_caches()
        return importlib.import_module("flow")

    def edit(self, old: str, new: str) -> None:
        """Change the module's text; the next `module` is the changed one."""
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new), encoding="utf-8")
        sys.modules.pop("flow", None)

    @property
    def ran(self) -> list[str]:
        """The components that ran since this was asked last."""
        log = self.folder / ".ran"
        names = log.read_text().split() if log.exists() else []
        log.unlink(missing_ok=True)
        return names

    def run(self, pipeline: Any = None, **kwargs: Any) -> Any:
        """Run a TFX pipeline, the module's own if none is given."""
        from zencache_tfx import ZencacheDagRunner

        return ZencacheDagRunner().run(pipeline or self.module.create(**kwargs))


@pytest.fixture
def statuses() -> Callable[[Any], dict[str, str]]:
    """Give how the steps of a run ended."""
    return lambda run: {name: step.status for name, step in run.steps.items()}
