"""Fixtures: a project with a few runs, made once and copied for each test; the command line in this
process."""

from __future__ import annotations

import importlib
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from zencache.tracking import generator_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

SHOP = """
import random
from pathlib import Path

import apache_beam as beam
import numpy as np
from zencache import CachePolicy, StepContext, pipeline, step

def doubled(values, factor):
    return values * factor

@step
def load(rows: int = 4) -> np.ndarray:
    return np.arange(float(rows))

@step
def scale(values: np.ndarray, factor: float = 2.0) -> np.ndarray:
    return doubled(values, factor)

@step
def noise() -> list:
    print("drawing")
    return [1, random.random()]

@step(cache=CachePolicy(watch=False))
def fetch() -> int:
    if Path("down").exists():
        raise ConnectionError("no answer")
    return 1

@step(enable_cache=True)
def names(context: StepContext) -> str:
    Path(context.get_output_artifact_uri(), "note.txt").write_text("hello")
    return f"{context.pipeline_name} {context.run_name} {context.step_name}"

@step
def words(graph: beam.Pipeline) -> int:
    _ = graph | beam.Create(["a", "b"])
    return 2

@pipeline
def prices(factor: float = 2.0, unit: str = "EUR"):
    scale(load(), factor=factor)
    noise()

@pipeline
def others():
    scale(load())
    fetch()

@pipeline
def tools():
    names()
    words()

@pipeline
def slots(loader, rows):
    loader()

def made(factor=5.0):
    return prices(factor=factor)

def broken():
    return 3

ready = prices()
"""


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(SHOP)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(folder))
        _forget_seeds(patch)
        shop = importlib.import_module("shop")
        shop.prices().run(run_name="first", workers=1)  # whose draw it was is known of one step at a time
        shop.prices(factor=3.0).run(run_name="second")
        shop.others().run(run_name="third")
        shop.tools().run(run_name="fourth")
        patch.delitem(sys.modules, "shop")
    return folder


@pytest.fixture
def shop(_made: Path, folder: Path, fresh: None) -> Path:
    """The working folder, with a copy of the project."""
    shutil.copytree(_made, folder, dirs_exist_ok=True)
    sys.path.insert(0, str(folder))
    return folder


def _forget_seeds(patch: pytest.MonkeyPatch) -> None:
    """Have generators be as nobody seeded them, whatever earlier tests did."""
    generator_state.check_all()
    patch.setattr(generator_state, "_origins", {})


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules and their places as they were, once the test has ended; generators as nobody seeded them."""
    _forget_seeds(monkeypatch)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("shop", "other"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.fixture
def zencache(fresh: None) -> Callable[..., Result]:
    """Run a command in this process."""
    from typer.testing import CliRunner

    from zencache.cli.app import app

    def run(*args: str) -> Result:
        return CliRunner().invoke(app, list(args))

    return run
